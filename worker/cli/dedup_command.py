"""`worker dedup replay`: decide again which stored articles are copies, by other thresholds.

Two articles are copies only if they are at least as similar as the thresholds say. The command
shows which decisions would change, and can apply the changes.
"""

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
from worker.dedup.dedup_rules import CopyRules, ShortTextRules
from worker.maintenance.cluster_mover import ClusterMover
from worker.maintenance.rededuplicate import ChangedDecision, Rededuplicated, Rededuplicator
from worker.model.admission import Frozen
from worker.model.short_ids import short_id
from worker.settings import Settings
from worker.store.ports import ArticleReader, ClusteredStore
from worker.store.values import DisplayTitle

# Tables of dedup.toml: those that compare fingerprints, and those that make them.
_TABLES: dict[str, type[Frozen]] = {"copies": CopyRules, "short": ShortTextRules}
_FINGERPRINTS = ("shingles", "content")


@click.group(epilog="Example: worker dedup replay --threshold copies.numbers=0.6 --dry-run")
def dedup() -> None:
    """Try other thresholds of deduplication on stored articles.

    The thresholds say how similar two articles must be to count as copies of each other.
    """


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
@click.option(
    "--dry-run", is_flag=True, help="Only show what would change; the default without --yes."
)
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
    """Show which decisions other thresholds would change; with --yes move the articles.

    A decision says whether a stored article is a copy of another one. It is taken twice, with the
    thresholds in force and with the others, and the differences are shown. With --yes, articles
    move between clusters, the groups of copies. Articles that were pinned, split or merged by hand
    stay. After an interruption the same command continues; a run with the old thresholds moves the
    articles back. For new articles change dedup.toml too.
    """
    now, in_force = datetime.now(UTC), load_config(Settings.load().config_dir).dedup
    others = _others(in_force, thresholds, rules)
    store, write = opened_store(), yes and not dry_run
    mover = ClusterMover(store, others, opened_index(in_force) if write else None)
    since = since or now - timedelta(days=2 * in_force.index.window_days)
    report = _decide_and_move(
        store, Rededuplicator(store, in_force, others), mover, since, now, samples
    )
    if as_json:
        print_json({"applied": write, **report.facts(store)})
        return
    report.print(store)
    done = "moved" if write else "would move"
    kept = (
        f"; {report.pinned} stay because an operator moved or pinned them" if report.pinned else ""
    )
    hint = "" if write else "; nothing is changed yet: add --yes"
    out.print(f"{done} {several(report.moved, 'article')} to other clusters{kept}{hint}")


class _ReplayReport:
    """What `worker dedup replay` prints: how many decisions changed in which way, with examples.

    A decision says whether an article is new or a copy. A way of changing is the old and the new
    decision, such as `new -> duplicate`; up to `samples` articles are shown for each.
    """

    def __init__(self, samples: int) -> None:
        self.articles = self.moved = self.pinned = 0
        self.becomes: Counter[str] = Counter()
        self.samples: list[Rededuplicated] = []
        self._most = samples

    def note(self, changed: Sequence[Rededuplicated]) -> None:
        for article in changed:
            self.becomes[article.becomes] += 1
            if self.becomes[article.becomes] <= self._most:
                self.samples.append(article)

    def facts(self, store: ArticleReader) -> dict[str, Any]:
        titles = self._titles(store)
        shown = [
            {
                "becomes": sample.becomes,
                "title": _title(titles, sample.article_id),
                "rivals": {i: _title(titles, i) for i in _candidate_ids(sample)},
                "article_id": sample.article_id,
                "before": _decision_json(sample.before),
                "after": _decision_json(sample.after),
            }
            for sample in self.samples
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
        for sample in sorted(self.samples, key=lambda sample: -self.becomes[sample.becomes]):
            title = f"{_title(titles, sample.article_id)} ({short_id(sample.article_id)})"
            head = f"{sample.becomes}: {title}"
            out.print(Text(visible(head), style="bold"))
            for name, decision in (("in force", sample.before), ("by these", sample.after)):
                out.print(Text(visible(f"  {name}: {_decision_line(decision, titles)}")))
        if self.samples:
            out.print()

    def _titles(self, store: ArticleReader) -> Mapping[str, DisplayTitle]:
        ids = {i for sample in self.samples for i in (sample.article_id, *_candidate_ids(sample))}
        return store.titles(sorted(ids))


def _decide_and_move(
    store: ClusteredStore,
    rededuplicator: Rededuplicator,
    mover: ClusterMover,
    since: datetime,
    now: datetime,
    samples: int,
) -> _ReplayReport:
    report = _ReplayReport(samples)
    with progress("deciding") as bar:
        task = bar.add_task("", total=store.clusters.count_recent(since))
        for articles, changed in rededuplicator.pages(since):
            report.note(changed)
            applied = mover.apply(changed, now=now)
            report.articles += articles
            report.moved += len(applied.moved)
            report.pinned += applied.pinned
            bar.advance(task, articles)
    return report


def _decision_json(decision: ChangedDecision) -> dict[str, Any]:
    """The fields of a decision as JSON values.

    Its field `canonical` is called `home` in the JSON, because older versions printed it so.
    """
    fields = json_object(decision)
    return {"home" if name == "canonical" else name: value for name, value in fields.items()}


def _candidate_ids(changed_article: Rededuplicated) -> list[str]:
    return sorted({changed_article.before.rival, changed_article.after.rival} - {""})


def _title(titles: Mapping[str, DisplayTitle], article_id: str) -> str:
    return titles[article_id].title if article_id in titles else "no longer there"


def _decision_line(decision: ChangedDecision, titles: Mapping[str, DisplayTitle]) -> str:
    if not decision.rival:
        return decision.called
    least = decision.thresholds
    scores = (
        f"{name} {score:.2f}" + (f" (threshold {least[name]:.2f})" if name in least else "")
        for name, score in decision.scores.items()
    )
    candidate = f"“{_title(titles, decision.rival)}” ({short_id(decision.rival)})"
    return f"{decision.called} of {candidate}: {', '.join(scores)}"


def _others(rules: DedupRules, thresholds: Sequence[str], file: Path | None) -> DedupRules:
    """The rules of `file`, or else those in force, with the thresholds given as NAME=VALUE.

    Raises UsageError when neither is given, or when stored fingerprints do not fit the rules.
    """
    if not thresholds and not file:
        raise click.UsageError("name what to change: --threshold copies.numbers=0.6, or --rules")
    others = read(file, DedupRules) if file else rules
    values = others.model_dump()
    values_by_name = dict(map(_threshold, thresholds))
    for name, value in values_by_name.items():
        table, _, key = name.partition(".")
        values[table][key] = value
    if values_by_name:
        named = (f"{name}={value:g}" for name, value in values_by_name.items())
        values["version"] = "+".join((others.version, *named))
    try:
        others = DedupRules.model_validate(values)
    except ValidationError as e:
        first = e.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise click.BadParameter(f"{key}: {first['msg']}", param_hint="--threshold") from e
    _refuse_other_fingerprints(rules, others)
    return others


def _threshold(option: str) -> tuple[str, float]:
    name, _, value = option.rpartition("=")
    name = name.strip() or "copies.containment"
    names = [f"{table}.{key}" for table, rules in _TABLES.items() for key in rules.model_fields]
    if name not in names:
        near = get_close_matches(name, names, n=1)
        why = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"
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
