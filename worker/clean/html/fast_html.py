"""Markup as most feeds write it comes in, its text goes out without a parser; None for any other.

Only elements that say where lines end or how words look, in lower case, nothing in them but plain
attributes that hide nothing: then text is what stands between tags. All else that begins with "<"
is left to a parser.
"""

import re
from html import unescape

_WORD = r"[a-zA-Z][a-zA-Z0-9_:.-]*"
_VALUE = r"""(?:"[^"<]*"|'[^'<]*'|[^\s"'<>=`/][^\s"'<>=`]*)"""
_HIDES = r"""(?i:(?:aria-)?hidden|style=(?:"[^"<]*|'[^'<]*|[^\s"'<>]*)display)"""
_REST = rf"(?:\s+(?!{_HIDES}){_WORD}(?:=(?:{_VALUE}))?)*\s*/?>"
_BLOCKS = "p|br|div|ul|ol|li|h[1-6]|blockquote|hr|figure"
_INLINE = "a|b|i|em|strong|span|img|u|s|small|sup|sub|cite|mark|abbr|time|font"
_TAG = re.compile(rf"</?(?:({_BLOCKS})|(?:{_INLINE}))(?:>|(?=[\s/]){_REST})")


def simple_text(markup: str) -> str | None:
    """Lines end where elements that are paragraphs, items or headings begin or end."""
    parts = _TAG.split(markup)  # between two texts stands the name of a block, or None
    parts[1::2] = ["\n" if block else "" for block in parts[1::2]]
    text = "".join(parts)
    if "<" in text:
        return None
    return unescape(text) if "&" in text else text
