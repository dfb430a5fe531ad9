"""Count the problems of linted raw articles by kind, for `worker lint`."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Literal

from worker.client.lint import LintResult

_FIRST = 3  # locations that are named


@dataclass(frozen=True, slots=True, kw_only=True)
class LintProblem:
    """A kind of problem that was found in raw articles, with the number of articles that have it.

    `slug` names the kind, such as `no-date`. An "error" (`level`) keeps the worker from processing
    an article, a "warning" does not. `count` is the number of articles, `first` names up to three
    of them by file and line or the like, and `fix` says how to mend them.
    """

    slug: str
    level: Literal["error", "warning"]
    count: int
    first: tuple[str, ...]
    fix: str

    def as_json(self) -> dict[str, object]:
        """The fields of this problem as a dict, which `worker lint --summary --json` prints."""
        return asdict(self)


def problems_of(results: Iterable[LintResult]) -> list[LintProblem]:
    """Count how many of the checked articles have each kind of problem, such as a missing date.
    Errors come first in the list, then warnings; in both groups the most frequent kind comes first.
    """
    locations: dict[tuple[Literal["error", "warning"], str], dict[str, str]] = {}
    for result in results:
        for finding in result.findings:
            found = locations.setdefault((finding.level, finding.slug), {})
            found.setdefault(result.location, finding.fix)
    problems = [
        LintProblem(
            slug=slug,
            level=level,
            count=len(fixes),
            first=tuple(fixes)[:_FIRST],
            fix=next(iter(fixes.values())),
        )
        for (level, slug), fixes in locations.items()
    ]
    return sorted(problems, key=lambda problem: (problem.level, -problem.count, problem.slug))
