"""Store the texts of pages that suddenly gave much less text than is known of their article. Such a
text is not shown; its row is removed when it becomes a revision of the article.

A batch without such a text sends no statement to the database.
"""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.model.fetched_page import HeldContent
from worker.store.database.columns import KeyText, UtcDateTime
from worker.store.database.rows import Row, held_row
from worker.store.database.schema import held_revisions
from worker.store.database.upsert import insert
from worker.store.writing.batch_decisions import Decision

_BY_KEY = sa.and_(
    held_revisions.c.article_id == sa.bindparam("p_article_id", type_=KeyText),
    held_revisions.c.content_hash == sa.bindparam("p_content_hash", type_=KeyText),
)


def hold(connection: Connection, decisions: Sequence[Decision], now: datetime) -> None:
    """Store the contents that are not shown after these decisions, because a page gave much less
    text than is known of its article, and change or delete the rows of contents stored so before.

    The row of a content is deleted when the content became a revision. If the page gave its full
    text again, the row stays, and its `since` becomes NULL. The caller must have locked the rows of
    the articles. `now` is stored as the time of receipt.
    """
    if not any(d.held or (d.before and d.before.held) for d in decisions):
        return
    before: dict[str, tuple[HeldContent, ...]] = {}
    after: dict[str, dict[str, HeldContent]] = {}
    brought: dict[tuple[str, str], Decision] = {}
    for decision in decisions:
        if decision.verdict is None:
            continue
        article_id, content_hash = decision.article_id, decision.record.fingerprint.content_hash
        before.setdefault(article_id, decision.before.held if decision.before else ())
        after[article_id] = {content.content_hash: content for content in decision.held}
        if decision.is_held:
            brought.setdefault((article_id, content_hash), decision)
    _add(
        connection,
        [
            held_row(decision.record, after[article_id][content_hash], decision.known_words, now)
            for (article_id, content_hash), decision in brought.items()
            if content_hash in after[article_id]
        ],
    )
    _change(connection, before, after)


def _add(connection: Connection, rows: Sequence[Row]) -> None:
    if not rows:
        return
    statement = insert(connection, held_revisions)
    statement = statement.on_conflict_do_update(
        index_elements=["article_id", "content_hash"], set_={"last": statement.excluded.last}
    )
    connection.execute(statement, rows)


def _change(
    connection: Connection,
    before: dict[str, tuple[HeldContent, ...]],
    after: dict[str, dict[str, HeldContent]],
) -> None:
    """Delete the rows of contents that are held no longer, and store since when the others are.

    `before` and `after` map article ids to the contents held before and after the batch.
    """
    changed = [
        (
            {"p_article_id": article_id, "p_content_hash": content.content_hash},
            after[article_id].get(content.content_hash),
        )
        for article_id, contents in before.items()
        for content in contents
        if after[article_id].get(content.content_hash) != content
    ]
    if shown := [key for key, held in changed if held is None]:
        connection.execute(sa.delete(held_revisions).where(_BY_KEY), shown)
    if waits := [{**key, "p_since": held.since} for key, held in changed if held]:
        since = sa.bindparam("p_since", type_=UtcDateTime)
        connection.execute(sa.update(held_revisions).where(_BY_KEY).values(since=since), waits)
