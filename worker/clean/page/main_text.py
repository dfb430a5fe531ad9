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
from worker.clean.html.hostile_markup import count_tags
from worker.clean.html.html_to_text import body_text
from worker.clean.page.agreement import (
    is_confirmed,
    is_supported,
    is_sure,
    nearest,
)
from worker.clean.page.block_classifier import (
    BlockWeights,
    ClassifiedText,
    classify_blocks,
    shipped_weights,
)

# Trafilatura and htmldate take 3 us for an attribute, and up to 30 us for a tag.
_ATTRIBUTES_LIKE_A_TAG = 6


class ParsedPage(NamedTuple):
    """A web page: its markup, the tree parsed from it, and the number of its tags. Pages with very
    many tags are treated more simply, to limit the time. `load` is the number of tags with as many
    as take a parser the time of the attributes in crowded tags."""

    markup: str
    tree: LexborHTMLParser
    tags: int
    load: int


def parse(markup: str, tags: int | None = None, crowded: int = 0) -> ParsedPage:
    """Parse the markup of a page to a tree. Both its text and its metadata are read from this tree,
    so that the page is parsed only once.

    `tags` is the number of its tags, if it is known, and `crowded` the number of attributes in tags
    that have very many, as `refuse_hostile` returns it.
    """
    tags = count_tags(markup) if tags is None else tags
    return ParsedPage(
        markup, LexborHTMLParser(markup), tags, tags + crowded // _ATTRIBUTES_LIKE_A_TAG
    )


def main_text(
    page: ParsedPage, rules: HtmlRules, weights: BlockWeights | None = None
) -> tuple[str, str]:
    """Extract the text of the article on a page. Returns the text and a flag: "whole-page" if it is
    all text of the page, because no article was found or the page has too many tags, else "".

    A trained classifier chooses the passages that belong to the article. If it is unsure, other
    extractors read the page, too, and the text is taken that agrees best with the others. `weights`
    are the numbers that the classifier learned; None stands for those in this package.
    """
    if page.tags > rules.max_extract_tags:
        return body_text(page.markup), "whole-page"
    classified = classify_blocks(page.tree, weights or shipped_weights())
    text = classified.text
    if asks_others(page, classified, rules):
        text = _agreed_text(page.markup, classified, rules)
    return (text, "") if text else (body_text(page.markup), "whole-page")


def asks_others(page: ParsedPage, classified: ClassifiedText, rules: HtmlRules) -> bool:
    """Whether other extractors read a page, too, because the classifier is unsure of the text that
    it chose (`classified`). They never read a page of very many tags, which would take long."""
    return page.load <= rules.max_asked_tags and not is_sure(
        classified.text, classified.doubt, rules
    )


def _agreed_text(markup: str, classified: ClassifiedText, rules: HtmlRules) -> str:
    """The text on which the extractors agree best. Each is asked only if those before it do not
    agree: resiliparse takes a tenth of the time of trafilatura."""
    quick = extract_plain_text(markup, main_content=True, alt_texts=False)
    if is_confirmed(classified.text, quick, classified.doubt, rules):
        return classified.text
    thorough = _extract(markup, precise=False)
    if is_supported(thorough, (classified.text, quick), rules):
        return thorough
    return nearest([classified.text, quick, thorough, _extract(markup, precise=True)])


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
