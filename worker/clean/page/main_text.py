"""The main text of a whole page. One function, so that another extractor can take its place."""

import logging
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from selectolax.lexbor import LexborHTMLParser

from worker.clean.cleaning_rules import HtmlRules
from worker.clean.html.hostile_markup import count_tags
from worker.clean.html.html_to_text import body_text
from worker.clean.page.agreement import is_sure
from worker.clean.page.block_classifier import BlockWeights, classify_blocks, shipped_weights


class ParsedPage(NamedTuple):
    """A page, and the tree that text and metadata are read from."""

    markup: str
    tree: LexborHTMLParser
    tags: int


def parse(markup: str) -> ParsedPage:
    return ParsedPage(markup, LexborHTMLParser(markup), count_tags(markup))


def main_text(
    page: ParsedPage, rules: HtmlRules, weights: BlockWeights | None = None
) -> tuple[str, str]:
    """The text of the article on a page, and a flag when it is not what was asked for.

    Blocks are judged by trained trees; pages where they are unsure, find little, or something else
    than another extractor go to trafilatura (measured: see `max_doubt` in cleaning.toml).
    """
    if page.tags > rules.max_extract_tags:
        return body_text(page.markup), "whole-page"
    classified = classify_blocks(page.tree, weights or shipped_weights())
    certain = page.tags > rules.max_asked_tags or is_sure(
        classified.text, classified.doubt, page.markup, _language(page.tree), rules
    )
    text = classified.text if certain else _extract(page.markup) or classified.text
    return (text, "") if text else (body_text(page.markup), "whole-page")


def _language(tree: LexborHTMLParser) -> str:
    return (tree.root.attributes.get("lang") if tree.root else "") or ""


def _extract(markup: str) -> str:
    try:
        return _trafilatura()(markup, include_comments=False, fast=True) or ""
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
        return ""  # it stumbles over odd trees; what was judged, or all the text, is still there


def load_extractor() -> None:
    shipped_weights()
    _extract("<html><body><p>warm</p></body></html>")


@cache
def _trafilatura() -> Callable[..., Any]:
    """Imported with the first page it is asked for: it takes as long as cleaning a hundred."""
    from trafilatura import extract

    # It warns of pages without main text, one line each; the article is flagged instead.
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    return extract
