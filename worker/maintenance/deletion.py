"""Deleting by hand: articles, or all of a source, with the dead letters that are about them.

What was deleted stays a tombstone: however often a poller delivers it again, it is `withdrawn`.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from worker.clean import withdrawn_keys
from worker.errors import Rejected
from worker.model.admission import RawArticle
from worker.store.ports import ArticleReader, DeletionStore
from worker.store.values import Query, StoredDeadLetter

PAGE = 200  # articles taken down in one transaction
FOUND_AT_ONCE = 10_000  # of a source


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletionScope:
    """What a deletion is about: articles and the keys they are known by, or a whole source."""

    article_ids: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    keys: frozenset[tuple[str, str]] = frozenset()  # (source, key)
    source: str = ""
    before: datetime | None = None  # published, or else received; of a dead letter: last seen

    @property
    def query(self) -> Query:
        return Query(source=self.source, until=self.before, limit=FOUND_AT_ONCE)


def named(store: ArticleReader, beginnings: Sequence[str]) -> DeletionScope:
    """Articles by their ids or the beginnings of them. Raises LookupError for one not there."""
    shown = {beginning: store.show(beginning) for beginning in beginnings}
    for beginning, stored in shown.items():
        if stored is None:
            raise LookupError(f"no article {beginning}; find ids with `worker search`")
    found: list[Mapping[str, Any]] = [stored for stored in shown.values() if stored]
    return DeletionScope(
        article_ids=tuple(dict.fromkeys(each["article"]["article_id"] for each in found)),
        titles=tuple(each["revisions"][-1]["title"] for each in found if each["revisions"]),
        keys=frozenset((row["source"], row["key"]) for each in found for row in each["aliases"]),
    )


def delete_articles(store: DeletionStore, doomed: DeletionScope, now: datetime) -> Iterator[int]:
    """Take the articles down, some at a time; yields how many each time."""
    ids: Sequence[str] = doomed.article_ids or store.article_ids(doomed.query)
    while ids:
        for start in range(0, len(ids), PAGE):
            yield store.delete(ids[start : start + PAGE], now=now)
        ids = () if doomed.article_ids else store.article_ids(doomed.query)


def letters_about(store: DeletionStore, doomed: DeletionScope) -> Iterator[list[str]]:
    """The ids of the dead letters of the same articles, or of the source, a page at a time."""
    for source in sorted({source for source, _ in doomed.keys} or {doomed.source}):
        keys = {key for its_source, key in doomed.keys if its_source == source}
        last = ""
        while letters := store.letters_of_source(source, doomed.before, last):
            last = letters[-1].letter_id
            yield [each.letter_id for each in letters if not doomed.keys or keys & _keys(each)]


def _keys(letter: StoredDeadLetter) -> set[str]:
    """The keys a raw article names, however broken it is besides."""
    try:
        raw = json.loads(letter.payload)
    except ValueError:  # cut off at the size limit
        return set()
    keys: set[str] = set()
    for name in ("id", "link") if isinstance(raw, dict) else ():
        try:
            keys |= set(withdrawn_keys(RawArticle.model_validate({name: raw.get(name)})))
        except (ValidationError, Rejected):
            continue
    return keys
