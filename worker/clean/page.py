"""The main text of a whole page. One function, so that another extractor can take its place."""

import logging
from collections.abc import Callable
from functools import cache
from typing import Any

from worker.clean.html import body_text
from worker.clean.rules import HtmlRules


def main_text(markup: str, tags: int, rules: HtmlRules) -> tuple[str, str]:
    """The text of the article on a page, and a flag when it is not what was asked for.

    trafilatura without its fallbacks; where that finds little, its whole cascade is right more
    often (measured: see `short_extract_chars` in cleaning.toml).
    """
    if tags > rules.max_extract_tags:
        return body_text(markup), "whole-page"
    text = _extract(markup, fast=True)
    if len(text) < rules.short_extract_chars:
        text = _extract(markup, fast=False) or text
    return (text, "") if text else (body_text(markup), "whole-page")


def _extract(markup: str, *, fast: bool) -> str:
    try:
        return _trafilatura()(markup, include_comments=False, fast=fast) or ""
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
        return ""  # it stumbles over odd trees; all the text of the page is still there


def load_extractor() -> None:
    _extract("<html><body><p>warm</p></body></html>", fast=True)


@cache
def _trafilatura() -> Callable[..., Any]:
    """Imported with the first page: it takes as long as cleaning a thousand fragments."""
    from trafilatura import extract

    # It warns of pages without main text, one line each; the article is flagged instead.
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    return extract
