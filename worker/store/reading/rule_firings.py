"""Read which tagging rules gave tags to the newest articles, and which passages were the evidence.

Nothing here is read for all articles: the newest ones are looked at, up to a number.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.store.database.columns import UtcDateTime
from worker.store.database.schema import article_tags, articles, dated, revisions
from worker.store.database.statements import NEWEST
from worker.store.listing_values import RuleCount, RuleCounts, TagEvidence
from worker.store.reading.stored_tags import tag_names_in, tags_of

_SCHEME = "taxonomy"  # of the tags that rules give


def rule_counts(connection: Connection, since: datetime, most: int) -> RuleCounts:
    """Count the topic tags of the newest articles by what gave them, from the time `since` on.

    At most `most` revisions are looked at, and of these the ones that are the newest of their
    article.
    """
    at = sa.literal(since, UtcDateTime)
    # The newest revisions first, by their index: in one join PostgreSQL would sort all.
    columns = (revisions.c.id, revisions.c.article_id, dated.label("dated"))
    latest = (
        sa.select(*columns).where(dated >= at).order_by(dated.desc()).limit(most + 1).subquery()
    )
    is_newest = sa.and_(
        articles.c.article_id == latest.c.article_id, articles.c.newest == latest.c.id
    )
    has_tags = article_tags.c.article == articles.c.seq
    joined = latest.outerjoin(articles, is_newest).outerjoin(article_tags, has_tags)
    statement = sa.select(articles.c.article_id, latest.c.dated, article_tags.c.tags)
    found = connection.execute(statement.select_from(joined).order_by(latest.c.dated.desc())).all()
    rows = [row for row in found[:most] if row.article_id]
    looked_at = {row.article_id: row.tags for row in rows}
    counts = Counter(
        (tag.code, tag.method, tag.rule) for tag in tag_names_in(connection, looked_at, _SCHEME)
    )
    most_first = sorted(counts.items(), key=lambda counted: (-counted[1], counted[0]))
    return RuleCounts(
        articles=len(looked_at),
        is_complete=len(found) <= most,
        oldest=rows[-1].dated if rows else None,
        counts=tuple(RuleCount(code, method, rule, n) for (code, method, rule), n in most_first),
    )


def rule_evidence(
    connection: Connection, article_ids: Sequence[str], code: str
) -> dict[str, TagEvidence]:
    """Return by article what gave the tag of a topic, and the passages that are evidence for it.

    `code` is that of the topic. Articles without the tag are left out.
    """
    return {
        article_id: TagEvidence(
            method=tag.method,
            rule=tag.rule,
            score=tag.score,
            phrases=tuple(dict.fromkeys(span.surface for span in tag.spans)),
        )
        for article_id, tags in tags_of(connection, article_ids).items()
        for tag in tags
        if (tag.scheme, tag.code) == (_SCHEME, code)
    }


def newest_article_ids(connection: Connection, most: int) -> list[str]:
    """Return the ids of up to `most` articles, the newest first, without withdrawn ones."""
    statement = sa.select(articles.c.article_id).select_from(NEWEST)
    statement = statement.order_by(dated.desc(), revisions.c.id.desc()).limit(most)
    return list(connection.scalars(statement))
