"""Convert values such as Record and Outcome to rows of database tables, and rows back to values.

A row to be written is a dict of column name -> value; a row that was read is SQLAlchemy's
RowMapping.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import RowMapping

from worker.model.dataclass_fields import field_names, field_values
from worker.model.fetched_page import HeldContent
from worker.model.records import (
    Article,
    Attempt,
    DeadLetter,
    Outcome,
    OutcomeKind,
    Record,
    Tag,
    Verdict,
)
from worker.store.database.packing import pack_payload, unpack_text
from worker.store.database.tag_encoding import provenance_of
from worker.store.dead_letter_values import StoredDeadLetter
from worker.store.values import SearchHit

Row = dict[str, Any]


def receipt_row(outcome: Outcome) -> Row:
    """Return the row of table `receipts` that stores what became of one delivered raw article.

    The caller adds the columns `worker` (which worker processed it) and `deliveries` (how often the
    broker delivered its message).
    """
    return {
        "receipt": outcome.receipt,
        "outcome": outcome.kind.value,
        "article_id": outcome.article_id or None,
        "revision": outcome.revision,
        "letter_id": outcome.letter_id or None,
        "reason": str(outcome.reason),
        "source": outcome.source,
        "at": outcome.at,
    }


def outcome_of(row: RowMapping) -> Outcome:
    """Return what became of one delivered raw article, from its row of table `receipts`."""
    return Outcome(
        receipt=row["receipt"],
        kind=OutcomeKind(row["outcome"]),
        source=row["source"],
        at=row["at"],
        article_id=row["article_id"] or "",
        revision=row["revision"],
        letter_id=row["letter_id"] or "",
        reason=row["reason"],
        handling=Attempt(
            worker=row["worker"],
            deliveries=row["deliveries"],
            traceparent=row["traceparent"],
        ),
    )


def article_row(article_id: str, source: str, key: str, verdict: Verdict | None) -> Row:
    """Return the row of table `articles` for an article that is about to be stored or taken down.

    `verdict` is the decision about an article to be stored. Without one, the row is for an article
    to be taken down: it has no content, and keeps the article from being stored later.
    """
    return {
        "article_id": article_id,
        "source": source,
        "key": key,
        "revision": 0,
        "newest": None,
        "cluster_id": verdict.cluster_id if verdict else article_id,
        "canonical_pending": False,
        "verdict": verdict.kind.value if verdict else OutcomeKind.WITHDRAWN.value,
        "withdrawn_at": None,
        "withdrawal_fetched_at": None,
    }


def revision_row(record: Record, verdict: Verdict, now: datetime) -> Row:
    """Return the row of table `revisions` for a new revision of an article.

    `record` has the content, and `verdict` the number of the revision. `now` is stored as the time
    at which it was received.
    """
    article = record.article
    return {
        "article_id": verdict.article_id,
        "number": verdict.revision,
        "content_hash": record.fingerprint.content_hash,
        "change": verdict.change,
        "versions": {},
        "provenance": provenance_of(version_facts(record, verdict)),
        "fingerprint": record.fingerprint.packed(),
        "payload": pack_payload(record.payload),
        "received": now,
        **_content(article),
    }


def held_row(record: Record, held: HeldContent, known_words: int, now: datetime) -> Row:
    """Return the row of table `held_revisions` for a text that is stored but not shown, because the
    page gave much less text than was known of its article.

    `record` is the processed article with this text. `held` says since when the text waits to be
    shown, and `known_words` is the number of words of the text that is shown. `now` is stored as
    the time of receipt.
    """
    article = record.article
    return {
        "article_id": record.verdict.article_id,
        "content_hash": held.content_hash,
        "since": held.since,
        "last": article.page_fetched or now,
        "receipt": record.receipt,
        "title": article.title,
        "text": article.text,
        "url": article.url,
        "words": article.words,
        "known_words": known_words,
        "flags": list(article.flags),
        "payload": pack_payload(record.payload),
        "received": now,
    }


def refreshed_row(record: Record, verdict: Verdict) -> Row:
    """Return the values for updating a stored revision after its raw article was cleaned again.

    The columns `article_id` and `content_hash` find the revision; all others are overwritten with
    what cleaning gave now. The title is not among them.
    """
    content = _content(record.article)
    return {
        "article_id": verdict.article_id,
        "content_hash": record.fingerprint.content_hash,
        "versions": {},
        "provenance": provenance_of(version_facts(record, verdict, is_tagged=False)),
        "fingerprint": record.fingerprint.packed(),
        **{column: content[column] for column in content.keys() - {"title"}},
    }


def version_facts(record: Record, verdict: Verdict, *, is_tagged: bool = True) -> dict[str, str]:
    """Return the versions of all rules that made a revision, which many revisions share.

    `is_tagged` is False for a revision that was cleaned again and is still to be tagged: then the
    version of the tagger is "".
    """
    return {
        "cleaner": record.article.cleaner,
        "learned": record.article.learned,
        "deduper": verdict.version,
        "tagger": record.tagger if is_tagged else "",
        "config": record.config,
    }


def _content(article: Article) -> Row:
    return {
        "title": article.title,
        "text": article.text,
        "summary": article.summary,
        "url": article.url,
        "language": article.language,
        "words": article.words,
        "published": article.published,
        "published_day": article.published_day,
        "published_zone": article.published_zone,
        "updated": article.updated,
        "authors": list(article.authors),
        "categories": list(article.categories),
        "media": [media.model_dump(exclude_defaults=True) for media in article.media],
        "contributors": [field_values(contributor) for contributor in article.contributors],
        "keywords": list(article.keywords),
        "image": article.image,
        "place": article.place,
        "agency": article.agency,
        "html": article.html,
        "flags": list(article.flags),
        "dropped": [field_values(dropped) for dropped in article.dropped],
    }


def decision_row(receipt: str, verdict: Verdict) -> Row:
    """Return the row of table `decisions` that stores a verdict (new, revision, copy …) and what
    led to it.

    `receipt` is the id of the delivery that the verdict is about.
    """
    return {
        "receipt": receipt,
        "article_id": verdict.article_id,
        "verdict": verdict.kind.value,
        "signal": verdict.signal,
        "rival": verdict.rival,
        "scores": verdict.scores,
        "thresholds": verdict.thresholds,
        "version": verdict.version,
    }


def letter_rows(letters: Sequence[DeadLetter], now: datetime) -> list[Row]:
    """Return the rows of table `dead_letters` for raw articles that could not be processed.

    Letters with the same id, that is with the same payload, share a row, and its column `seen`
    counts them. The row has the payload of the first of them and the failure reason of the last.
    `now` is stored as the time of failure. The rows are sorted by id.
    """
    rows: dict[str, Row] = {}
    for letter in letters:
        row = rows.setdefault(
            letter.letter_id,
            {
                "letter_id": letter.letter_id,
                "payload": pack_payload(letter.payload),
                "bytes": letter.payload.bytes,
                "sha256": letter.payload.sha256,
                "whole": letter.payload.whole,
                "source": letter.source,
                "queue": letter.queue,
                "seen": 0,
                "first": now,
                "last": now,
            },
        )
        row["seen"] += 1
        row.update(reason=letter.reason.value, detail=letter.detail, stage=letter.stage)
    return [rows[letter_id] for letter_id in sorted(rows)]


_LETTER = TypeAdapter(StoredDeadLetter)


def stored_letter_of(row: RowMapping) -> StoredDeadLetter:
    """Return a dead letter, a raw article that could not be processed, from its row of
    `dead_letters`.

    The row may also have the columns `state`, `outcome` and `article_id`, which tell whether the
    article was sent through the worker again and what became of it.
    """
    fields = {
        field: row[field] for field in field_names(StoredDeadLetter) - {"payload"} & row.keys()
    }
    payload = unpack_text(row["payload"])
    return _LETTER.validate_python({**fields, "payload": payload})


def search_hit_of(row: RowMapping, tags: Sequence[Tag], snippet: str = "") -> SearchHit:
    """Return a search hit, an article as lists show it, from its row in the database.

    The row has the columns HIT_COLUMNS of statements.py. `tags` are the article's, best first, and
    `snippet` is the passage of the text to show.
    """
    fields = field_names(SearchHit) - {"tags", "labels", "snippet"}
    return SearchHit(
        **{field: row[field] for field in fields},
        tags=tuple(f"{tag.scheme}:{tag.code}" for tag in tags),
        labels=tuple(tag.label for tag in tags),
        snippet=snippet,
    )
