"""Clean short texts: titles, names of authors, categories."""

import re
from collections.abc import Collection, Iterable, Sequence

from worker.clean.cleaning_rules import TextRules
from worker.clean.html.inline_markup import inline_text
from worker.clean.text.author_names import author_names
from worker.clean.text.mojibake import mend
from worker.clean.text.plain_text import (
    is_sound,
    one_line,
    storable,
    unescape,
)

_MAX_ESCAPES = 4
_LINE_END = re.compile(
    r"<br\s?/?>|(?<=</[ap]>)(?=<)|(?<=</(?:li)>)(?=<)|(?<=</span>)(?=<span)", re.I
)
_AND = re.compile(r"(?:^|[\s,])(?:and|und|et|y|e|o|og|och|en|&|\+)\s", re.I)
_PAIR, _LIST_PARTS = 2, 3
_MAX_CATEGORY_WORDS = 3


def tidy(text: str, rules: TextRules, *, markup: bool = True) -> str:
    """Clean a short text, such as a title, to one line of visible characters, without tags and HTML
    entities. Mojibake (text decoded with the wrong charset) is repaired.

    Entities are replaced even if the text was escaped several times. `markup` is False for the text
    of a parsed page, in which a tag such as "<br>" is a word.
    """
    if text.isascii() and text.isprintable() and not any(map(text.__contains__, "<&>")):
        return " ".join(text.split())
    if "<" not in text and "&" not in text and "]]>" not in text and is_sound(text):
        return " ".join(text.split())
    text = storable(text)
    plain = _unescaped(inline_text(text) if markup else text)
    if "\ufffd" in plain and "\ufffd" not in text:
        plain = plain.replace("\ufffd", "")  # of an entity for no character, as in a cut title
    return one_line(mend(inline_text(plain, escaped=True), rules.max_mended_chars))


def _unescaped(text: str) -> str:
    for _ in range(_MAX_ESCAPES):
        once = unescape(text)
        if once == text:
            break
        text = once
    return text


def names(texts: Iterable[str], rules: TextRules) -> tuple[str, ...]:
    """Clean the names of authors or categories: without tags, entities, and marks at the ends.

    Of names that differ only in case the first is kept; names that are too long, and those after
    the first `rules.max_names`, are dropped.
    """
    once: dict[str, str] = {}
    for name in texts:
        name = tidy(name, rules).strip(" ,;|")
        if 0 < len(name) <= rules.max_name_chars:
            once.setdefault(name.casefold(), name)
    return tuple(once.values())[: rules.max_names]


def authors(texts: Iterable[str], rules: TextRules, sites: Collection[str] = ()) -> tuple[str, ...]:
    """Clean the authors that a feed or page gives, and split texts with several names: "By Ann Lee
    and Bo Chen" has two, "Johnson & Johnson" is one. Returns the names in their order, each
    once.

    `sites` are the names of the site, as `plain_text.bare` returns them. One of them is removed
    after the name of a person, as in "Ann Lee | The Post".
    """
    lines = (line for text in texts for line in _author_lines(text))
    people = [name for line in lines for name in author_names(tidy(line, rules), sites)]
    return names(people, rules)


def _author_lines(text: str) -> list[str]:
    """Split the markup of several authors, such as "Ann Lee<br>Bo Chen"; lines of plain text are
    split if each has two words."""
    if "<" in text:
        return _LINE_END.split(text)
    lines = [line for line in text.splitlines() if line.strip()]
    return lines if all(len(line.split()) > 1 for line in lines) else [text]


def categories(texts: Sequence[str], rules: TextRules) -> tuple[str, ...]:
    """Clean the categories of an article, and split those that are lists: "World, Europe, Ports"
    has three, "Arts, Culture & Media" is one."""
    tidied = [tidy(text, rules) for text in texts]
    return names((part for text in tidied for part in _split_list(text, len(tidied))), rules)


def _split_list(text: str, count: int) -> list[str]:
    """Split a list of categories at its commas or semicolons. Two parts are a list only if the
    article has no other category, because "Portland, Oregon" is one place."""
    for mark in (";", ","):
        parts = [part.strip() for part in text.split(mark)]
        enough = _LIST_PARTS if mark == "," and count > 1 else _PAIR
        if len(parts) < enough or not all(parts):
            continue
        listed = mark == ";" or not (_AND.search(text) or "." in text)
        if listed and all(len(part.split()) <= _MAX_CATEGORY_WORDS for part in parts):
            return parts
    return [text]
