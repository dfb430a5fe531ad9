"""Compute the raw marks of the articles of a batch, and store those of articles that get no new
revision.

The raw mark of an article is a hash of the raw article processed last for it, by which an equal raw
article is found unchanged without being cleaned.
"""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.model.records import OutcomeKind
from worker.model.unchanged import opening_mark, raw_mark
from worker.store.database.columns import KeyText
from worker.store.database.schema import articles
from worker.store.database.statements import StoredKey, stored_keys
from worker.store.writing.batch_decisions import Decision

_SAME_CONTENT = "content-hash"  # signal


def marks_of(
    decisions: Sequence[Decision], owners: Mapping[StoredKey, str]
) -> dict[str, bytes | None]:
    """Return the raw marks to store after these decisions, by article id.

    A raw mark is a hash of a raw article. If the next delivery of the article has the same hash, it
    counts as unchanged and is not cleaned. The mark None means that the next delivery must be
    cleaned. An article whose mark stays as it is stored is left out.

    `owners` maps each stored key, as (source, key), to the id of the article that it belongs to. An
    article of which a key belongs to another article gets no new hash.
    """
    marks: dict[str, bytes | None] = {}
    for decision in decisions:
        verdict = decision.verdict
        if verdict is None:
            continue
        if any(content.since for content in decision.held) or decision.adds_revision:
            marks[decision.article_id] = None
        if _repeats(decision, owners):
            opening = opening_mark(decision.record.article.opening_key)
            mark = raw_mark(decision.record.raw_digest, verdict.revision, opening)
            marks[decision.article_id] = mark
    return marks


def store_marks(
    connection: Connection, marks: Mapping[str, bytes | None], decisions: Sequence[Decision]
) -> None:
    """Store the raw marks of those articles of a batch that got no new revision, if they have
    changed. Those of the other articles are stored together with their new revision.

    A raw mark is a hash by which an unchanged raw article is recognised without being cleaned.
    """
    revised = {d.article_id for d in decisions if d.adds_revision}
    before = {d.article_id: d.before.raw_mark for d in reversed(decisions) if d.before}
    rows = [
        {"p_article_id": article_id, "p_raw_mark": marks[article_id]}
        for article_id in sorted(marks.keys() - revised)
        if marks[article_id] != before.get(article_id)
    ]
    if rows:
        article_id = sa.bindparam("p_article_id", type_=KeyText)
        update = sa.update(articles).where(articles.c.article_id == article_id)
        connection.execute(update.values(raw_mark=sa.bindparam("p_raw_mark")), rows)


def _repeats(decision: Decision, owners: Mapping[StoredKey, str]) -> bool:
    """Whether the same raw article would be found unchanged from now on, and would store nothing.

    Its own keys must all lead to this article: then no other article can be found instead, and
    there is no key to add. A text that is held back, or that was not stored because more of it is
    known, is to be judged each time.
    """
    record, verdict = decision.record, decision.verdict
    if verdict is None or not record.raw_digest or any(held.since for held in decision.held):
        return False
    article = record.article
    if article.article_id != verdict.article_id:
        return False
    if verdict.kind is OutcomeKind.UNCHANGED and verdict.signal != _SAME_CONTENT:
        return False
    keys = stored_keys(article.source, (article.key, *article.aliases))
    return all(owners.get(key) == verdict.article_id for key in keys)
