"""Undo the escapes that feeds and their programs leave in a text: CDATA marks, escapes of JSON, and
markup that is declared as plain text."""

import re

_BLOCKS = "p|div|h[1-6]|ul|ol|li|blockquote|section|article|figure|table|td"
_BLOCK_TAG = re.compile(rf"<(/?)({_BLOCKS})(?:\s[^<>]{{0,500}})?/?>", re.I)
_AT_EDGE = re.compile(rf"\s{{0,200}}</?(?:{_BLOCKS}|br)\b", re.I)
_LINK = re.compile(r"<a\s[^<>]{0,500}\bhref=[^<>]{1,1000}>[^<>]{1,500}</a>", re.I)
_BREAK = re.compile(r"<br\s{0,5}/?>", re.I)
_ANY_TAG = re.compile(r"<[^<>]{0,1000}>")
_MIN_WORDS = 3  # in an element; "wrap it in <p> and </p>" has one

_CDATA_STARTS = ("<![CDATA[", "&lt;![CDATA[")
_CDATA_END = re.compile(r"\]\](?:>|&gt;)")
_STRAY_CDATA_END = re.compile(r"(?<=[>.!?…”\"])\s{0,9}\]\](?:>|&gt;)|\]\](?:>|&gt;)(?=\s{0,99}\Z)")
_CODE = re.compile(r"<(?:script|style|pre|code|textarea)\b", re.I)

_JSON_LINE_ENDS = re.compile(
    r"(?:(?:\\r)?\\n){2,20}|(?<=[.!?:;>”\"»\s…])(?:\\r)?\\n(?=[\s<A-ZÀ-Þ0-9“„«–—•-]|\Z|&)"
)
_JSON_QUOTE = re.compile(r"<\\/[a-zA-Z]|=\\\"")
_JSON_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|([\"/])|t)")


def holds_markup(text: str) -> bool:
    """Whether a text that a feed declares as plain text is markup all the same: it begins or ends
    with a tag, and has a link, several line breaks or an element with several words in it."""
    if "<" not in text:
        return False
    if not (_AT_EDGE.match(text) or text[-300:].rstrip().endswith(">")):
        return False
    if _LINK.search(text) or len(_BREAK.findall(text)) > 1:
        return True
    return _has_element(text)


def _has_element(text: str) -> bool:
    start = None
    for tag in _BLOCK_TAG.finditer(text):
        if not tag[1]:
            start = tag.end()
        elif start is not None:
            inner = _ANY_TAG.sub(" ", text[start : tag.start()])
            if len(inner.split()) >= _MIN_WORDS:
                return True
    return False


def without_leftovers(text: str) -> str:
    """Remove CDATA marks ("<![CDATA[…]]>") from a text or a fragment of markup, and undo escapes of
    JSON in it: a backslash followed by "n" becomes a line end.

    Markup with scripts or program code is returned unchanged, because both may be part of the code.
    """
    if "]]" in text and not _CODE.search(text):
        text = _without_cdata(text)
    if "\\" in text and not _CODE.search(text):
        text = _without_json_escapes(text)
    return text


def _without_cdata(text: str) -> str:
    opened = text
    for start in _CDATA_STARTS:
        opened = opened.replace(start, "")
    expression = _STRAY_CDATA_END if opened == text else _CDATA_END
    return expression.sub("", opened)


def _without_json_escapes(text: str) -> str:
    line_end = "<br>" if "<" in text else "\n"
    freed = _JSON_LINE_ENDS.sub(lambda match: line_end * match[0].count("\\n"), text)
    if freed != text or _JSON_QUOTE.search(text):
        freed = _JSON_ESCAPE.sub(_json_character, freed)
    return freed


def _json_character(escape: re.Match[str]) -> str:
    if escape[1]:
        return chr(int(escape[1], 16))
    return escape[2] or " "
