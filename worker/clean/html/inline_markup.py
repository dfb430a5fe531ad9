"""Remove markup from short texts such as titles, but not tags that the text is about: "Why <canvas>
matters" keeps its tag."""

import re

_MAX_CHARS = 2_000  # of a short text; a longer one keeps rare kinds of markup
_HTML = (
    "a|abbr|address|article|aside|audio|b|base|bdi|bdo|big|blockquote|body|br|button|canvas|center"
    "|cite|code|data|dd|del|details|dfn|dialog|div|dl|dt|em|embed|fieldset|figcaption|figure|font"
    "|footer|form|frame|frameset|h[1-6]|head|header|hr|html|i|iframe|img|input|ins|kbd|label|legend"
    "|li|link|main|map|mark|marquee|math|menu|meta|meter|nav|noscript|object|ol|optgroup|option"
    "|output|p|param|picture|pre|progress|q|ruby|rt|s|samp|script|section|select|slot|small|source"
    "|span|strike|strong|style|sub|summary|sup|svg|table|tbody|td|template|textarea|tfoot|th|thead"
    "|time|title|tr|track|tt|u|ul|var|video|wbr"
)
_PHRASING = "abbr|a|big|b|cite|code|del|em|font|ins|i|mark|q|small|span|strong|sub|sup|s|tt|u"
_BLOCK = "p|h[1-6]|div|br|li|center|blockquote"
_LINE_BREAK = re.compile(r"</?(?:p|h[1-6]|br)\s?/?>", re.I)
_BARE = re.compile(rf"</?(?:{_PHRASING}|wbr|div)\s?/?>", re.I)
_WITH_ATTRIBUTES = re.compile(
    rf"<(?:{_HTML})[\s/]++[^\s<>=\"'/]++\s*+=(?:[^<>\"']|\"[^\"]*+\"|'[^']*+')*+(?:>|\Z)", re.I
)
# An attribute with a single quote in it, as in <img alt=don't>.
_MALFORMED = re.compile(rf"<(?:{_HTML})\s[^<>=]*+=[^<>]*+(?:>|\Z)", re.I)
_WITHOUT_TEXT = re.compile(
    r"<(script|style|iframe|object|svg|template|noscript)(?=[\s/>])[^<>]*+>", re.I
)
_CDATA = re.compile(r"<!\[CDATA\[", re.I)
# Around words, without a space between tag and word: "<em>Harbour</em>", but not "<b> and </b>".
_EMPHASIS = re.compile(rf"<({_PHRASING}|{_BLOCK})>(?=\S)([^<>]*+)(?<=\S)</\1\s?>", re.I)
_AROUND = re.compile(r"\A\s*<([a-z][a-z0-9]*+)>(?=\s*\S)(.*)</\1\s*>\s*\Z", re.I | re.S)
_MAX_NESTED = 4


def inline_text(markup: str, *, escaped: bool = False) -> str:
    """Remove the markup from a title or name, but not the text in it: tags, comments, CDATA marks,
    and scripts with their content. Tags that may be meant as text are unchanged: "Why <canvas>
    matters".

    `escaped` says that the markup was escaped in its source, so that a tag such as "<b>" is
    probably a word of the text. It is then removed only if it encloses words.
    """
    if "<" not in markup and "]]>" not in markup:
        return markup
    if len(markup) <= _MAX_CHARS:
        markup = _without_rare_markup(markup)
        for _ in range(_MAX_NESTED):
            without = _EMPHASIS.sub(_content, markup)
            without = around[2] if (around := _AROUND.match(without)) else without
            if without == markup:
                break
            markup = without
    return markup if escaped else _BARE.sub("", _LINE_BREAK.sub(" ", markup))


def _without_rare_markup(markup: str) -> str:
    if _CDATA.search(markup):
        markup = _CDATA.sub("", markup).replace("]]>", "")
    markup = markup.rstrip().removesuffix("]]>")
    if "<" not in markup:
        return markup
    markup = _without_comments(markup)
    markup = _without_scripts(markup)
    return _MALFORMED.sub("", _WITH_ATTRIBUTES.sub("", markup)) if "=" in markup else markup


def _without_comments(markup: str) -> str:
    before, *parts = markup.split("<!--")
    for part in parts:
        comment, end, after = part.partition("-->")
        before += after if end else "<!--" + comment
    return before


def _without_scripts(markup: str) -> str:
    """Remove elements whose content is no text, such as scripts, with their content. A tag without
    an end tag, or with nothing between the two, is not removed: a text may be about the tag."""
    kept, at = [], 0
    lower = markup.lower() if markup.isascii() else markup
    for start in _WITHOUT_TEXT.finditer(markup):
        if start.start() < at:
            continue
        end = lower.find(f"</{start[1].lower()}", start.end())
        if end < 0:
            break
        if "=" not in start[0] and not markup[start.end() : end].strip():
            continue
        kept.append(markup[at : start.start()])
        at = markup.find(">", end) + 1 or len(markup)
    return "".join((*kept, markup[at:]))


def _content(element: re.Match[str]) -> str:
    """The content of an element, set off by spaces if it is one that begins a new line."""
    is_phrasing = re.fullmatch(_PHRASING, element[1], re.I)
    return element[2] if is_phrasing else f" {element[2]} "
