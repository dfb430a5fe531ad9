"""What the worker would do with raw articles: places and raw articles come in, and what became
of each goes out. They take the worker's own path, into a store and an index that are thrown away.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from worker.client.findings import Finding, after_cleaning, before_cleaning, error, refused, warning
from worker.config.loader import load_config
from worker.dedup.identity import LESS_TEXT
from worker.errors import Rejected
from worker.index.memory_index import MemoryIndex
from worker.model.admission import Frozen, Payload, admit
from worker.model.records import Outcome
from worker.pipeline.ingestion import Delivery, Pipeline
from worker.store.migrate import migrate
from worker.store.sql_store import SqlStore

SKIPPED = "skipped"  # the outcome of a receipt that came before

_AT_ONCE = 100


class Linted(Frozen):
    """One raw article, and what would become of it."""

    where: str
    outcome: str = ""
    title: str = ""
    source: str = ""
    language: str = ""
    tags: tuple[str, ...] = ()
    words: int = 0
    flags: tuple[str, ...] = ()
    dropped: int = 0  # lines left out of the text
    findings: tuple[Finding, ...] = ()


class Rehearsal(NamedTuple):
    """A pipeline with the store that it writes to."""

    pipeline: Pipeline
    store: SqlStore


@contextmanager
def rehearsal(config_dir: Path | None) -> Iterator[Rehearsal]:
    """A pipeline with the rules in force that leaves nothing behind. Raises BadConfig."""
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
) -> Iterator[Linted]:
    """In the order given, a batch at a time: later articles are judged by earlier ones."""
    receipts: dict[str, str] = {}  # given by articles -> where
    numbered = enumerate(articles)
    while batch := list(islice(numbered, _AT_ONCE)):
        looked = [_look(where, raw, receipts) for _, (where, raw) in batch]
        deliveries = [
            Delivery(receipt=f"{number}", raw=raw)
            for (number, (_, raw)), look in zip(batch, looked, strict=True)
            if look.outcome != SKIPPED
        ]
        outcomes = {o.receipt: o for o in trial.pipeline.ingest(deliveries, now=now)}
        for (number, _), look in zip(batch, looked, strict=True):
            outcome = outcomes.get(f"{number}")
            yield _ended(look, outcome, trial.store) if outcome else look


def _look(where: str, raw: object, receipts: dict[str, str]) -> Linted:
    size = Payload.of(raw).bytes
    try:
        article = admit(raw, size)
    except Rejected as e:
        return Linted(where=where, findings=tuple(refused(raw, e)))
    found = before_cleaning(raw, article, size) if isinstance(raw, Mapping) else ()
    before = receipts.setdefault(article.receipt, where) if article.receipt else where
    if before == where:
        return Linted(where=where, title=article.title, findings=tuple(found))
    what = f"the receipt of {before} again: the worker passes it over"
    again = warning("repeated-receipt", what, "give each delivery a receipt of its own")
    return Linted(where=where, outcome=SKIPPED, title=article.title, findings=(*found, again))


def _ended(look: Linted, outcome: Outcome, store: SqlStore) -> Linted:
    told: dict[str, Any] = {"outcome": outcome.kind.value, "source": outcome.source}
    findings = look.findings
    if outcome.letter_id and not any(f.level == "error" for f in findings):
        [letter] = store.letters([outcome.letter_id])
        findings += (error(letter.reason, letter.detail),)
    stored = store.show(outcome.article_id) if outcome.article_id else None
    decisions = stored["decisions"] if stored else ()
    tags = stored["tags"] if stored else ()
    for revision in stored["revisions"] if stored else ():
        if revision["number"] == outcome.revision:
            told |= {"title": revision["title"], "language": revision["language"]}
            told["words"] = revision["words"]
            told["flags"] = tuple(revision["flags"])
            told["dropped"] = len(revision["dropped"])
            told["tags"] = tuple(tag["label"] for tag in tags)
            dated = revision["published"] is not None
            findings += tuple(after_cleaning(revision["flags"], dated=dated))
    if any(its["receipt"] == outcome.receipt and its["signal"] == LESS_TEXT for its in decisions):
        what = "it comes with less than an article before it: nothing of it is taken"
        findings += (warning(LESS_TEXT, what, "send its text, or leave it out"),)
    return look.model_copy(update=told | {"findings": findings})
