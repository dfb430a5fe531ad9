"""Extract the main text of a web page: the text of its article.

Callers use only `parse` and `main_text`, so that another extractor can replace this one.
"""

import logging
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from resiliparse.extract.html2text import extract_plain_text
from selectolax.lexbor import LexborHTMLParser

from worker.clean.cleaning_rules import HtmlRules
from worker.clean.html.hostile_markup import MarkupCost, count_tags
from worker.clean.html.html_to_text import body_text
from worker.clean.page.agreement import (
    is_confirmed,
    is_supported,
    is_sure,
    nearest,
    runs,
)
from worker.clean.page.block_classifier import (
    BlockWeights,
    ClassifiedText,
    classify_blocks,
    shipped_weights,
)

# Trafilatura and htmldate take 3 us for an attribute, and up to 30 us for a tag.
_ATTRIBUTES_LIKE_A_TAG = 6
NO_COST = MarkupCost()


class ParsedPage(NamedTuple):
    """A web page that was parsed: its markup, its tree of elements, and numbers that tell how long
    it takes to read.

    `tags` is the number of its tags. `load` is how long it takes to parse the page again, in the
    time for one tag; it is higher than `tags` if tags have very many attributes. `deep` says that
    very much text stands in very many nested elements. Slow methods are not used on a page where
    these numbers are high, or that is deep.
    """

    markup: str
    tree: LexborHTMLParser
    tags: int
    load: int
    deep: bool = False


def parse(markup: str, tags: int | None = None, cost: MarkupCost = NO_COST) -> ParsedPage:
    """Parse the markup of a page to a tree of elements. Both the text and the metadata of the page
    are read from this tree, so that the page is parsed only once.

    `tags` is the number of its tags; None lets this function count them. `cost` says what makes
    later steps slower; attributes in tags with very many of them are added to the `load` of the
    page.
    """
    tags = count_tags(markup) if tags is None else tags
    load = tags + cost.crowded // _ATTRIBUTES_LIKE_A_TAG
    return ParsedPage(markup, LexborHTMLParser(markup), tags, load, cost.deep)


def main_text(
    page: ParsedPage, rules: HtmlRules, weights: BlockWeights | None = None
) -> tuple[str, str]:
    """Extract the text of the article on a page. Returns the text and a flag.

    A trained classifier chooses the passages that belong to the article. If it is unsure, other
    extractors read the page, too, and the text that is most similar to the other texts is returned.
    On a page with very many tags only resiliparse is asked, and only if the doubt is very large.
    `weights` are the numbers that the classifier learned in training; None stands for those in this
    package.

    The flag is "" if an article was found. If none was found, or the page has too many tags, all
    text of the page is returned, and the flag is "whole-page".
    """
    if page.tags > rules.max_extract_tags:
        return body_text(page.markup), "whole-page"
    classified = classify_blocks(page.tree, weights or shipped_weights())
    text = classified.text
    if asks_others(page, classified, rules):
        text = _agreed_text(page.markup, classified, rules)
    elif text and classified.doubt > rules.max_doubt and not page.deep:
        text = _quick_text(page.markup) or text
    return (text, "") if text else (body_text(page.markup), "whole-page")


def asks_others(page: ParsedPage, classified: ClassifiedText, rules: HtmlRules) -> bool:
    """Whether other extractors should read a page, too, because the classifier is unsure of the
    text that it chose (`classified`).

    Returns False for a page with very many tags, or a deep one, even if the classifier is unsure,
    because they would take too long.
    """
    if page.load > rules.max_asked_tags or page.deep:
        return False
    return not is_sure(classified.text, classified.doubt, rules)


def _agreed_text(markup: str, classified: ClassifiedText, rules: HtmlRules) -> str:
    """The text on which the extractors agree best. Each is asked only if those before it do not
    agree: resiliparse takes a tenth of the time of trafilatura, and trafilatura in its precise mode
    three quarters of that in its usual one."""
    quick = _quick_text(markup)
    if is_confirmed(classified.text, quick, classified.doubt, rules):
        return classified.text
    if classified.text and runs(classified.text) == runs(quick):
        return classified.text  # short, or found with much doubt, but both read it alike
    precise = _extract(markup, precise=True)
    if is_supported(precise, (classified.text, quick), rules):
        return precise
    return nearest([classified.text, quick, _extract(markup, precise=False), precise])


def _quick_text(markup: str) -> str:
    return extract_plain_text(markup, main_content=True, alt_texts=False)


def _extract(markup: str, *, precise: bool) -> str:
    try:
        return (
            _trafilatura()(markup, include_comments=False, fast=True, favor_precision=precise) or ""
        )
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
        return ""  # trafilatura fails on some malformed trees; the other texts remain


def load_extractor() -> None:
    """Load what extraction needs (the trained weights of the classifier, and the library
    trafilatura) now, so that the first page need not wait for it."""
    shipped_weights()
    _extract("<html><body><p>warm</p></body></html>", precise=False)


@cache
def _trafilatura() -> Callable[..., Any]:
    """Import trafilatura on first use, because the import takes as long as cleaning a hundred
    pages."""
    from trafilatura import extract

    # It logs a warning for each page without main text; the article is flagged instead.
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    return extract
