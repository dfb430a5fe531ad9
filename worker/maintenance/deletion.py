"""Delete articles by hand, or all articles of a source, and find their dead letters.

When an article is deleted, the store keeps a row without its content. So if it is delivered again,
it is recognised and not stored again; the outcome of that delivery is `withdrawn`.
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
from worker.store.dead_letter_values import StoredDeadLetter
from worker.store.ports import ArticleReader, DeletionStore
from worker.store.values import Query

PAGE = 200  # articles deleted in one transaction
DELETED_AT_ONCE = 10_000  # articles of a source


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletionScope:
    """What an operator wants to delete: either the articles `article_ids`, or all articles of
    `source`.

    For single articles, `titles` are shown to the operator before they are deleted, and `keys`,
    pairs of source and article key, find their dead letters (failed deliveries of them). For a
    source, `before` limits it to articles published or received before that date, and to dead
    letters last seen before it.
    """

    article_ids: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    keys: frozenset[tuple[str, str]] = frozenset()  # (source, key)
    source: str = ""
    before: datetime | None = None  # date of publication or receipt; of dead letters, last seen

    @property
    def query(self) -> Query:
        return Query(source=self.source, until=self.before, limit=DELETED_AT_ONCE)


def named(store: ArticleReader, beginnings: Sequence[str]) -> DeletionScope:
    """Look up the articles that operators named by an id or its beginning, and return what is to be
    deleted.

    Raises LookupError if no article is found for one of `beginnings`.
    """
    shown = {beginning: store.show(beginning) for beginning in beginnings}
    for beginning, stored in shown.items():
        if stored is None:
            raise LookupError(f"no article {beginning}; find ids with `worker search`")
    stored_articles: list[Mapping[str, Any]] = [stored for stored in shown.values() if stored]
    return DeletionScope(
        article_ids=tuple(dict.fromkeys(a["article"]["article_id"] for a in stored_articles)),
        titles=tuple(a["revisions"][-1]["title"] for a in stored_articles if a["revisions"]),
        keys=frozenset(
            (row["source"], row["key"]) for a in stored_articles for row in a["aliases"]
        ),
    )


def delete_articles(store: DeletionStore, scope: DeletionScope, now: datetime) -> Iterator[int]:
    """Delete the articles that `scope` names, 200 in each transaction.

    Yields after each transaction how many articles it deleted.
    """
    ids: Sequence[str] = scope.article_ids or store.article_ids(scope.query)
    while ids:
        for start in range(0, len(ids), PAGE):
            yield store.delete(ids[start : start + PAGE], now=now)
        ids = () if scope.article_ids else store.article_ids(scope.query)


def letters_about(store: DeletionStore, scope: DeletionScope) -> Iterator[list[str]]:
    """Find the dead letters (raw articles that could not be processed) of what is to be deleted.

    If `scope` has single articles, these are their letters. If it names a source, these are all its
    letters or, with a date `before`, those last seen before it. Yields their ids in lists.
    """
    for source in sorted({source for source, _ in scope.keys} or {scope.source}):
        keys = {key for key_source, key in scope.keys if key_source == source}
        last = ""
        while letters := store.letters_of_source(source, scope.before, last):
            last = letters[-1].letter_id
            yield [x.letter_id for x in letters if not scope.keys or keys & _keys(x)]


def _keys(letter: StoredDeadLetter) -> set[str]:
    """The keys of the raw article in a dead letter, even if the rest of it is invalid."""
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
