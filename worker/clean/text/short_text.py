"""Clean short texts: titles, names of authors, categories."""

import re
from collections.abc import Iterable

from worker.clean.cleaning_rules import TextRules
from worker.clean.html.html_to_text import inline_text
from worker.clean.text.mojibake import mend
from worker.clean.text.people import is_name
from worker.clean.text.plain_text import (
    is_sound,
    one_line,
    storable,
    unescape,
    unescape_again,
)

_MAILBOX = re.compile(r"[^\s@()]{1,64}@[^\s@()]{1,255}\s*(?:\((.{1,200})\))?")  # RSS 2.0 <author>
# Tidy texts have single spaces.
_BY = re.compile(r"(?:by|von|par|por|di|автор:?) (\w)", re.I)
_COMMA = re.compile(r" ?, ")
_AND = re.compile(r" (?:and|und|et|y|e|&) | ?; ?", re.I)


def tidy(text: str, rules: TextRules) -> str:
    """Clean a short text, such as a title, to one line of visible characters, without tags and HTML
    entities. Mojibake (text decoded with the wrong charset) is repaired."""
    if "<" not in text and "&" not in text and is_sound(text):
        return " ".join(text.split())
    plain = unescape_again(unescape(inline_text(storable(text))))
    return one_line(mend(plain, rules.max_mended_chars))


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


def _list(text: str) -> list[str]:
    """Split "Ann Lee, Bo Chen" at the comma, but neither "Lee, Ann" nor "Ann Lee, PhD"."""
    parts = _COMMA.split(text) if "," in text else []
    return parts if parts and all(" " in part and is_name(part) for part in parts) else [text]


def authors(texts: Iterable[str], rules: TextRules) -> tuple[str, ...]:
    """Clean the authors that a feed or page gives, and split texts with several names: "By Ann Lee
    and Bo Chen" has two, "Johnson & Johnson" is one. Returns the names in their order, each
    once."""
    people: list[str] = []
    for author in texts:
        author = tidy(author, rules)
        if mailbox := _MAILBOX.fullmatch(author):
            author = mailbox[1] or ""
        if by := _BY.match(author):
            author = author[by.start(1) :]
        parts = [part for named in _AND.split(author) for part in _list(named)]
        people.extend(parts if all(" " in part for part in parts) else [author])
    return names(people, rules)
