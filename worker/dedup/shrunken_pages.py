"""Hold back the text of a page that suddenly gives much less of an article than is known: store it,
but do not show it.

A publisher who shortens an article serves the shorter page from then on, but a consent wall or a
broken page goes away. So the shorter text is shown only when a later fetch gives the same content,
or when the pages of the article have been that short for some hours.
"""

from dataclasses import replace
from datetime import timedelta

from worker.dedup.dedup_rules import PageRules
from worker.model.fetched_page import (
    SHRUNKEN,
    SHRUNKEN_LONG,
    SHRUNKEN_TWICE,
    FetchedPage,
    HeldContent,
)
from worker.model.records import Article, OutcomeKind, StoredIdentity, Verdict


def fetched_page(article: Article, rules: PageRules) -> FetchedPage | None:
    """Return when and how the page was fetched that gave the text of an article, with the rules
    that tell whether this text is too short to be shown.

    Returns None if the text was not taken from a fetched page, but came with a feed, for example.
    """
    if article.page_fetched is None:
        return None
    return FetchedPage(
        at=article.page_fetched,
        dated=article.fetch_dated,
        words=article.words,
        least_share=rules.shrunken_share,
        hold=timedelta(hours=rules.hold_h),
    )


def hold_if_shrunken(
    verdict: Verdict, content_hash: str, page: FetchedPage | None, stored: StoredIdentity | None
) -> Verdict:
    """Turn the verdict "revision" into "unchanged" if the fetched page has much less text than the
    stored article, so that the shorter text is stored but not shown.

    The verdict stays "revision" if this content was fetched before, or if the pages of the article
    have been so short for some hours: then the publisher has really shortened it. `content_hash` is
    that of the new text, `page` says when it was fetched, and `stored` what is known of the
    article. None: nothing.
    """
    if page is None or stored is None or stored.withdrawn or not stored.revision:
        return verdict
    if verdict.is_held:
        verdict = _raced(verdict, stored)
    if verdict.kind is not OutcomeKind.REVISION or not page.is_shrunken(stored.words):
        return verdict
    evidence = replace(
        verdict,
        scores={**verdict.scores, "words": round(page.words / stored.words, 4)},
        thresholds={**verdict.thresholds, "words": page.least_share},
    )
    if any(h.content_hash == content_hash and h.is_before(page) for h in stored.held):
        return replace(evidence, signal=SHRUNKEN_TWICE)
    if any(h.since and page.at - h.since >= page.hold for h in stored.held):
        return replace(evidence, signal=SHRUNKEN_LONG)
    return replace(evidence, kind=OutcomeKind.UNCHANGED, revision=stored.revision, signal=SHRUNKEN)


def _raced(verdict: Verdict, stored: StoredIdentity) -> Verdict:
    return replace(
        verdict,
        kind=OutcomeKind.REVISION,
        revision=stored.revision + 1,
        cluster_id=stored.cluster_id,
        signal="race",
        scores={},
        thresholds={},
    )


def held_after(
    verdict: Verdict, content_hash: str, page: FetchedPage | None, stored: StoredIdentity | None
) -> tuple[HeldContent, ...]:
    """Return the shorter texts of an article that are stored but not shown once this verdict is
    written.

    They are not shown because a fetched page had much less text than is known of the article.
    `stored` is what was known before, and `page` says when the new text was fetched. If the page
    now has its full text again, each shorter text must be fetched twice more to be shown, because a
    consent wall may come and go.
    """
    if stored is None or not (verdict.is_held or stored.held):
        return ()
    held = {content.content_hash: content for content in stored.held}
    if verdict.is_held:
        if page and (content_hash not in held or held[content_hash].since is None):
            held[content_hash] = HeldContent(content_hash=content_hash, since=page.at, stored=False)
        return tuple(held.values())
    is_revision = verdict.kind is not OutcomeKind.UNCHANGED
    if is_revision:
        held.pop(content_hash, None)
    if page is None or not (is_revision or not page.is_shrunken(stored.words)):
        return tuple(held.values())
    return tuple(
        replace(content, since=None)
        if content.since == page.at or content.is_before(page)
        else content
        for content in held.values()
    )
