"""Count the problems of linted raw articles by kind, for `worker lint`."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Literal

from worker.client.lint import LintResult

_FIRST = 3  # locations that are named


@dataclass(frozen=True, slots=True, kw_only=True)
class LintProblem:
    """One kind of problem of the linted articles: its `slug`, how many articles have it (`count`),
    the locations of the first ones, such as file and line, and the advice how to fix it."""

    slug: str
    level: Literal["error", "warning"]
    count: int
    first: tuple[str, ...]
    fix: str

    def as_json(self) -> dict[str, object]:
        """The fields of this problem as a dict, which `worker lint --summary --json` prints."""
        return asdict(self)


def problems_of(results: Iterable[LintResult]) -> list[LintProblem]:
    """Count in how many articles each kind of problem was found: errors before warnings, then the
    most frequent first."""
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
