"""Check raw articles by processing them as the worker would, without keeping any of them.

They pass through the worker's own pipeline, with an empty store in a temporary folder and an empty
index in memory.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from worker.client.findings import (
    LintFinding,
    after_cleaning,
    before_cleaning,
    error,
    flagged_dates,
    refused,
    warning,
)
from worker.client.shared_identity import EarlierArticles, shared_identity
from worker.config.loader import load_config
from worker.dedup.verdicts import LESS_TEXT
from worker.errors import Rejected
from worker.index.memory_index import MemoryIndex
from worker.model.admission import Payload, admit
from worker.model.compressed_article import opened
from worker.model.receipts import lint_receipt
from worker.model.records import Outcome
from worker.pipeline.deliveries import Delivery
from worker.pipeline.ingestion import Pipeline
from worker.store.migrate import migrate
from worker.store.sql_store import SqlStore

SKIPPED = "skipped"  # the outcome of an article whose receipt was used before

_BATCH = 100  # articles


@dataclass(frozen=True, slots=True, kw_only=True)
class LintResult:
    """What the worker would make of one raw article, and the problems that were found in it.

    `location` is its file and line. `outcome` is a word such as "new" or "duplicate", or "" if the
    article would not be accepted. `words` counts the words of the cleaned text, and `dropped` the
    lines that cleaning removed; `flags` name what else it noticed. `findings` are the problems.
    """

    location: str  # file and line, or what else the caller gave
    outcome: str = ""
    title: str = ""
    source: str = ""
    language: str = ""
    tags: tuple[str, ...] = ()
    words: int = 0
    flags: tuple[str, ...] = ()
    dropped: int = 0  # lines that cleaning removed from the text
    findings: tuple[LintFinding, ...] = ()

    def as_json(self) -> dict[str, object]:
        """The fields of this result as a dict, which `worker lint --json` prints."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        values["findings"] = [finding.as_json() for finding in self.findings]
        return {"where": values.pop("location"), **values}


class Rehearsal(NamedTuple):
    """The worker's pipeline with a temporary store, in which raw articles can be tried."""

    pipeline: Pipeline
    store: SqlStore


@contextmanager
def rehearsal(config_dir: Path | None) -> Iterator[Rehearsal]:
    """Yield to a `with` block a pipeline by the rules in `config_dir`, with a temporary store.

    None stands for the rules in the package. The store is deleted after the block. Raises BadConfig
    for invalid rules.
    """
    config = load_config(config_dir)
    with TemporaryDirectory(prefix="worker-lint-") as folder:
        url = f"sqlite:///{folder}/store.sqlite3"
        migrate(url)
        store = SqlStore(url)
        try:
            yield Rehearsal(Pipeline(config, store, MemoryIndex(config.dedup)), store)
        finally:
            store.close()


def lint(
    articles: Iterable[tuple[str, object]], trial: Rehearsal, now: datetime
) -> Iterator[LintResult]:
    """Process raw articles on trial, and yield for each what the worker would make of it.

    `articles` are pairs of location (such as file and line) and raw article; results have the same
    order. Later articles are compared with earlier ones, so one may turn out to be a copy. `now` is
    the time at which the articles count as received.
    """
    receipts: dict[str, str] = {}  # of articles that bring one -> location of the first
    earlier: EarlierArticles = {}
    numbered = enumerate((location, opened(raw)) for location, raw in articles)
    while batch := list(islice(numbered, _BATCH)):
        admitted = [_admit(location, raw, receipts, earlier, trial) for _, (location, raw) in batch]
        deliveries = [
            Delivery(receipt=lint_receipt(number), raw=raw)
            for (number, (_, raw)), result in zip(batch, admitted, strict=True)
            if result.outcome != SKIPPED
        ]
        outcomes = {o.receipt: o for o in trial.pipeline.ingest(deliveries, now=now)}
        for (number, (_, raw)), result in zip(batch, admitted, strict=True):
            outcome = outcomes.get(lint_receipt(number))
            yield _with_outcome(result, outcome, raw, trial, now) if outcome else result


def _admit(
    location: str,
    raw: object,
    receipts: dict[str, str],
    earlier: EarlierArticles,
    trial: Rehearsal,
) -> LintResult:
    """Check one raw article before cleaning; return a result without its outcome.

    `receipts` maps receipts to the location of the first article with each, and `earlier` has the
    first article with each id and link. Those of the article are added.
    """
    size = Payload.of(raw).bytes
    try:
        article = admit(raw, size)
    except Rejected as e:
        return LintResult(location=location, findings=tuple(refused(e)))
    dates = trial.pipeline.config.cleaning.dates
    findings: tuple[LintFinding, ...] = ()
    if isinstance(raw, Mapping):
        findings = tuple(before_cleaning(raw, article, size, dates))
    first = receipts.setdefault(article.receipt, location) if article.receipt else location
    if first == location:
        findings += tuple(shared_identity(article, location, earlier))
        return LintResult(location=location, title=article.title, findings=findings)
    what = f"the receipt of {first} again: the worker passes it over"
    repeated = warning("repeated-receipt", what, "give each delivery a receipt of its own")
    return LintResult(
        location=location, outcome=SKIPPED, title=article.title, findings=(*findings, repeated)
    )


def _flagged_dates(
    raw: object, flags: Collection[str], trial: Rehearsal, now: datetime
) -> dict[str, str]:
    if not any(flag.endswith("-date") for flag in flags):
        return {}
    article = admit(raw, Payload.of(raw).bytes)
    return flagged_dates(article, trial.pipeline.config.cleaning.dates, now)


def _with_outcome(
    result: LintResult, outcome: Outcome, raw: object, trial: Rehearsal, now: datetime
) -> LintResult:
    """Add to a result the outcome of its raw article, the stored values and further findings."""
    store = trial.store
    values: dict[str, Any] = {"outcome": outcome.kind.value, "source": outcome.source}
    findings = result.findings
    if outcome.letter_id and not any(f.level == "error" for f in findings):
        [letter] = store.letters([outcome.letter_id])
        findings += (error(letter.reason, letter.detail),)
    stored = store.show(outcome.article_id) if outcome.article_id else None
    decisions = stored["decisions"] if stored else ()
    tags = stored["tags"] if stored else ()
    for revision in stored["revisions"] if stored else ():
        if revision["number"] == outcome.revision:
            values |= {name: revision[name] for name in ("title", "language", "words")}
            values["flags"] = tuple(revision["flags"])
            values["dropped"] = len(revision["dropped"])
            values["tags"] = tuple(tag["label"] for tag in tags)
            dated = revision["published"] is not None
            dates = _flagged_dates(raw, revision["flags"], trial, now)
            findings += tuple(after_cleaning(revision["flags"], dates, dated=dated))
    if any(d["receipt"] == outcome.receipt and d["signal"] == LESS_TEXT for d in decisions):
        what = "it comes with less than an article before it: nothing of it is taken"
        findings += (warning(LESS_TEXT, what, "send its text, or leave it out"),)
    return replace(result, findings=findings, **values)
