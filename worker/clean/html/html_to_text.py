"""Convert markup to text with one paragraph per line, and tell markup from plain text."""

import re

from selectolax.lexbor import LexborHTMLParser

from worker.clean.html.code_indents import INDENT, mark_indents
from worker.clean.html.fast_html import simple_text

_TAG = re.compile(r"<(?:/?[a-zA-Z][a-zA-Z0-9:-]*+[\s/>]|!--|!\[CDATA\[|!doctype)", re.I)
_ESCAPED = re.compile(r"\s*&lt;(?:p|div|h[1-6]|ul|ol|section|article|html|!doctype)\b", re.I)
_PAGE = re.compile(r"<(?=[!hbHB])(?:!doctype\s+html|html[\s>]|body[\s>])", re.I)
_HTML_TYPES = {"", "html", "xhtml", "text/html", "application/xhtml+xml", "text/xml"}
_HTML_TYPES |= {"application/xml", "application/html", "application/atom+xml"}

_BLOCK = re.compile(
    r"<(?=/?(?:address|article|aside|blockquote|br|center|dd|details|dir|div|dl|dt|fieldset|figure"
    r"|figcaption|footer|form|h[1-6]|header|hr|li|main|menu|nav|ol|option|p|pre|section|select"
    r"|summary|table|tbody|tfoot|thead|tr|ul)[\s/>])",
    re.I,
)
_CELL = re.compile(r"<(?=/t[dh][\s>])", re.I)
_NOT_TEXT = (
    "script,style,iframe,noscript,template,object,embed,svg,math,canvas,audio,video,map,"
    "button,select,textarea,figcaption,[hidden],[aria-hidden=true],"
    "[style*='display:none'],[style*='display: none']"
)
_MAY_HOLD_NOT_TEXT = re.compile(
    r"<(?:script|style|iframe|noscript|template|object|embed|svg|math|canvas|audio|video|map"
    r"|button|select|textarea|figcaption)",
    re.I,
)


def is_html(media_type: str) -> bool:
    """Whether a media type, such as "text/html", is that of markup. A missing one ("") counts as
    markup."""
    return media_type.partition(";")[0].strip().lower() in _HTML_TYPES


def is_text(media_type: str) -> bool:
    """Whether a media type is one of plain text or markup, such as "text/plain" or "text/html". A
    missing one ("") counts as markup."""
    kind = media_type.partition(";")[0].strip().lower()
    return kind.startswith("text") or kind in _HTML_TYPES


def has_tags(text: str) -> bool:
    """Whether a text has a tag, a comment or a doctype: "5 < 6" and "I <3 you" have none."""
    return _TAG.search(text) is not None


def is_escaped(text: str) -> bool:
    """Whether a text is escaped markup, as in some feeds: "&lt;p&gt;Text&lt;/p&gt;"."""
    return _ESCAPED.match(text) is not None and "&lt;/" in text


def is_page(markup: str) -> bool:
    """Whether markup is a complete web page, of which only a part is the article: it has a doctype,
    an <html> or a <body>. Other markup is a fragment, such as the content of a feed."""
    return _PAGE.search(markup) is not None


def body_text(markup: str) -> str:
    """Return all text of a fragment of markup, such as a text from a feed, with a line end after
    each paragraph, list item, table row and <br>.

    Only scripts, media, captions and hidden elements are left out.
    """
    markup = markup.replace(INDENT, " ")
    if (text := simple_text(_on_one_line(markup))) is not None:
        return text
    # Line ends are inserted before parsing: one pass in C instead of a walk in Python. They are
    # white space, which may be between table rows; parsers move other text out of the table.
    marked = _CELL.sub(" <", _BLOCK.sub("\n<", _flat(markup)))
    tree = LexborHTMLParser(marked)
    if tree.body is None:
        return ""
    if "hidden" in marked or "display:" in marked or _MAY_HOLD_NOT_TEXT.search(marked):
        for node in tree.body.css(_NOT_TEXT):
            node.decompose()
    return tree.body.text()


def _flat(markup: str) -> str:
    """Replace line breaks in the source of markup by spaces, except inside <pre>."""
    before, *parts = markup.split("<pre")
    flat = [_on_one_line(before)]
    for part in parts:
        inside, end, after = part.partition("</pre")
        flat.append("<pre" + mark_indents(inside) + end + _on_one_line(after))
    return "".join(flat)


def _on_one_line(markup: str) -> str:
    return markup.replace("\n", " ").replace("\r", " ")
