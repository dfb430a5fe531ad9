"""Extract the text of simple markup, as most feeds write it, quickly and without a parser.

Markup is simple if it has only common tags, such as <p> and <b>, in lower case, and none that hides
its text: the text is then all that is between tags.
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
    """Return the text of markup, with a line end at each block element such as <p>; None if the
    markup has any but common tags such as <p> and <b>, and so needs a parser."""
    parts = _TAG.split(markup)  # text and block name in turns; None for an inline tag
    parts[1::2] = ["\n" if block else "" for block in parts[1::2]]
    text = "".join(parts)
    if "<" in text:
        return None
    return unescape(text) if "&" in text else text
