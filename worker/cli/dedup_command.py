"""`worker dedup replay`: what other thresholds would make of stored articles, and putting it so."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError
from rich.text import Text

from worker.cli.resources import opened_index, opened_store
from worker.cli.search_commands import Since
from worker.cli.terminal import (
    json_object,
    out,
    print_json,
    print_table,
    progress,
    several,
    visible,
)
from worker.config.loader import load_config
from worker.config.rule_files import read
from worker.dedup import DedupRules
from worker.dedup.dedup_rules import Copies, Short
from worker.maintenance.rededuplicate import ChangedDecision, Mover, Rededuplicated, Rededuplicator
from worker.model.admission import Frozen
from worker.settings import Settings
from worker.store.ports import ArticleReader, ClusteredStore
from worker.store.values import DisplayTitle

# Of dedup.toml: what decides on fingerprints, and what makes them.
_TABLES: dict[str, type[Frozen]] = {"copies": Copies, "short": Short}
_FINGERPRINTS = ("shingles", "content")


@click.group(epilog="Example: worker dedup replay --threshold copies.numbers=0.6 --dry-run")
def dedup() -> None:
    """Decide stored articles anew by other thresholds."""


@dedup.command(epilog="Example: worker dedup replay --threshold 0.5 --since 14d --dry-run")
@click.option(
    "--threshold",
    "thresholds",
    multiple=True,
    metavar="[NAME=]VALUE",
    help="A value of [copies] or [short] in dedup.toml, such as short.numbers=0.9; may be given "
    "several times. A value alone is copies.containment.",
)
@click.option(
    "--rules",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A whole dedup.toml to decide by.",
)
@click.option("--since", type=Since(), help="Stored since: 30d or a date. Unset: 28d.")
@click.option("--dry-run", is_flag=True, help="Only show what would change, as without --yes.")
@click.option("--samples", default=3, show_default=True, type=click.IntRange(0, 50))
@click.option("--yes", is_flag=True, help="Do it: move articles between clusters.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def replay(
    thresholds: Sequence[str],
    rules: Path | None,
    since: datetime | None,
    dry_run: bool,
    samples: int,
    yes: bool,
    as_json: bool,
) -> None:
    """Show which decisions would be others by other thresholds; with --yes move the articles.

    The stored articles are decided twice, by the rules in force and by the others, so that only
    what is due to the rules shows. Moves are recorded as `replayed`; what was pinned, split or
    merged by hand stays. Broken off, the same command goes on; with the old rules it goes back.
    For new articles put the values into dedup.toml.
    """
    now, in_force = datetime.now(UTC), load_config(Settings.load().config_dir).dedup
    others = _others(in_force, thresholds, rules)
    store, write = opened_store(), yes and not dry_run
    mover = Mover(store, others, opened_index(in_force) if write else None)
    since = since or now - timedelta(days=2 * in_force.index.window_days)
    found = _replayed(store, Rededuplicator(store, in_force, others), mover, since, now, samples)
    if as_json:
        print_json({"applied": write, **found.facts(store)})
        return
    found.print(store)
    done = "moved" if write else "would move"
    kept = f"; {found.pinned} stay by an operator's word" if found.pinned else ""
    again = "" if write else "; nothing is changed yet: add --yes"
    out.print(f"{done} {several(found.moved, 'article')} to other clusters{kept}{again}")


class _Found:
    """Counts of what changes, and the first samples of each kind."""

    def __init__(self, samples: int) -> None:
        self.articles = self.moved = self.pinned = 0
        self.becomes: Counter[str] = Counter()
        self.samples: list[Rededuplicated] = []
        self._most = samples

    def note(self, changed: Sequence[Rededuplicated]) -> None:
        for its in changed:
            self.becomes[its.becomes] += 1
            if self.becomes[its.becomes] <= self._most:
                self.samples.append(its)

    def facts(self, store: ArticleReader) -> dict[str, Any]:
        titles = self._titles(store)
        shown = [
            {
                "becomes": its.becomes,
                "title": _title(titles, its.article_id),
                "rivals": {i: _title(titles, i) for i in _rivals(its)},
                **json_object(its),
            }
            for its in self.samples
        ]
        counts = {"articles": self.articles, "changed": self.becomes.total()}
        moves = {"moved": self.moved, "pinned": self.pinned}
        return {**counts, "becomes": dict(self.becomes.most_common()), **moves, "samples": shown}

    def print(self, store: ArticleReader) -> None:
        titles = self._titles(store)
        total = self.becomes.total()
        out.print(f"{several(self.articles, 'article')} decided twice; {total:,} otherwise\n")
        if total:
            print_table("decisions", ("change", "count"), self.becomes.most_common())
        for its in sorted(self.samples, key=lambda its: -self.becomes[its.becomes]):
            head = f"{its.becomes}: {_title(titles, its.article_id)} ({its.article_id[:10]})"
            out.print(Text(visible(head), style="bold"))
            for name, decision in (("in force", its.before), ("by these", its.after)):
                out.print(Text(visible(f"  {name}: {_told(decision, titles)}")))
        if self.samples:
            out.print()

    def _titles(self, store: ArticleReader) -> Mapping[str, DisplayTitle]:
        ids = {i for its in self.samples for i in (its.article_id, *_rivals(its))}
        return store.titles(sorted(ids))


def _replayed(
    store: ClusteredStore,
    redecider: Rededuplicator,
    mover: Mover,
    since: datetime,
    now: datetime,
    samples: int,
) -> _Found:
    found = _Found(samples)
    with progress("deciding") as bar:
        task = bar.add_task("", total=store.clusters.count_recent(since))
        for articles, changed in redecider.pages(since):
            found.note(changed)
            applied = mover.apply(changed, now=now)
            found.articles += articles
            found.moved += len(applied.moved)
            found.pinned += applied.pinned
            bar.advance(task, articles)
    return found


def _rivals(its: Rededuplicated) -> list[str]:
    return sorted({its.before.rival, its.after.rival} - {""})


def _title(titles: Mapping[str, DisplayTitle], article_id: str) -> str:
    return titles[article_id].title if article_id in titles else "no longer there"


def _told(decision: ChangedDecision, titles: Mapping[str, DisplayTitle]) -> str:
    if not decision.rival:
        return decision.called
    least = decision.thresholds
    scores = (
        f"{name} {score:.2f}" + (f" (threshold {least[name]:.2f})" if name in least else "")
        for name, score in decision.scores.items()
    )
    rival = f"“{_title(titles, decision.rival)}” ({decision.rival[:10]})"
    return f"{decision.called} of {rival}: {', '.join(scores)}"


def _others(rules: DedupRules, thresholds: Sequence[str], file: Path | None) -> DedupRules:
    """The rules to decide by. Raises UsageError for none, and for what is not decided by."""
    if not thresholds and not file:
        raise click.UsageError(
            "say what is to be other: --threshold copies.numbers=0.6, or --rules"
        )
    others = read(file, DedupRules) if file else rules
    values = others.model_dump()
    given = dict(map(_threshold, thresholds))
    for name, value in given.items():
        table, _, key = name.partition(".")
        values[table][key] = value
    if given:
        named = (f"{name}={value:g}" for name, value in given.items())
        values["version"] = "+".join((others.version, *named))
    try:
        others = DedupRules.model_validate(values)
    except ValidationError as e:
        first = e.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise click.BadParameter(f"{where}: {first['msg']}", param_hint="--threshold") from e
    _refuse_other_fingerprints(rules, others)
    return others


def _threshold(given: str) -> tuple[str, float]:
    name, _, value = given.rpartition("=")
    name = name.strip() or "copies.containment"
    known = [f"{table}.{key}" for table, its in _TABLES.items() for key in its.model_fields]
    if name not in known:
        near = get_close_matches(name, known, n=1)
        why = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
        raise click.BadParameter(f"no threshold {name}: {why}", param_hint="--threshold")
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise click.BadParameter(f"{value!r} is not a number", param_hint="--threshold")
    return name, number


def _refuse_other_fingerprints(rules: DedupRules, others: DedupRules) -> None:
    for table in _FINGERPRINTS:
        if getattr(rules, table) != getattr(others, table):
            raise click.UsageError(
                f"[{table}] differs from the rules in force: stored fingerprints were made by "
                f"those, and only {' and '.join(f'[{t}]' for t in _TABLES)} can be tried on them"
            )
