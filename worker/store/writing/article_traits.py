"""Find the traits of new articles that are counted by source and hour.

A trait is a property whose share among the articles of a source should hardly change: `empty` (a
title only), `short` (few words, or a teaser in place of the text), `undated` (without a date, or
with one in the future), and the language, such as `language:en`. A source that suddenly has other
shares has probably changed its pages or its feed.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from worker.model.completeness import Extent
from worker.model.records import Article
from worker.store.database.columns import stored_name
from worker.store.hourly_values import FIRST_STORED, LANGUAGE_TRAIT, TraitKey
from worker.store.writing.batch_decisions import Decision

SHORT_WORDS = 60  # a text of fewer words is short
_FUTURE = "future-date"  # flag


def trait_counts(decisions: Sequence[Decision], hour: int) -> Counter[TraitKey]:
    """Count the traits of the articles of a batch that are stored for the first time.

    Each such article has exactly one language, so the languages together are their number. `hour`
    is the number of hours since 1970. An article that is only cleaned again is not counted.
    """
    return Counter(
        TraitKey(stored_name(decision.record.article.source), hour, trait)
        for decision in decisions
        if decision.verdict
        and decision.verdict.kind in FIRST_STORED
        and not decision.record.reprocessed
        for trait in article_traits(decision.record.article)
    )


def article_traits(article: Article) -> Iterable[str]:
    """Yield the traits of an article: its language, and `empty`, `short` or `undated` if it is."""
    yield f"{LANGUAGE_TRAIT}{article.language}"
    if article.extent is Extent.TITLE:
        yield "empty"
    elif article.extent is Extent.TEASER or article.words < SHORT_WORDS:
        yield "short"
    if article.published is None or _FUTURE in article.flags:
        yield "undated"
