"""Extract the text of simple markup, as most feeds write it, without a parser, which is faster.

Markup is simple if it has only block elements and text formatting, in lower case, with plain
attributes that hide nothing: its text is then all that is between tags. Markup with any other "<"
needs a parser.
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
    """Return the text of markup, with a line end at each block element; None if the markup is not
    simple.

    Markup is simple if it has only lower-case block elements and text formatting, with plain
    attributes that hide nothing; any other "<" needs a parser.
    """
    parts = _TAG.split(markup)  # text and block name in turns; None for an inline tag
    parts[1::2] = ["\n" if block else "" for block in parts[1::2]]
    text = "".join(parts)
    if "<" in text:
        return None
    return unescape(text) if "&" in text else text
