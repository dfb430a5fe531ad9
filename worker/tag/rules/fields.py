"""Join the fields of an article, such as title and summary, into one text, so that one search finds
phrases in all of them.

A rule may count a phrase only in some parts of an article (title, lead, url …), which it calls
scopes. So this module also tells to which field and part a place in the joined text belongs.
Several parts are stored as one integer, a bit mask.
"""

from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from worker.model.records import Article, Span

TITLE, LEAD, BODY, URL, AUTHOR, SECTION, SOURCE, LANG = (1 << bit for bit in range(8))
SCOPES = {
    "title": TITLE,
    "lead": LEAD,  # the summary and the first paragraph
    "body": BODY,
    "url": URL,
    "author": AUTHOR,
    "section": SECTION,  # feed categories and section lines
    "source": SOURCE,
    "lang": LANG,
}
TEXT_SCOPES = TITLE | LEAD | BODY  # the scopes of a phrase that names none

_SEPARATOR = "\n\n"  # phrases contain no line break, so no match spans two fields
_MAX_LEAD_CHARS = 500  # of a text without paragraphs


class JoinedField(NamedTuple):
    """One field of an article, such as its summary, as a piece of the text that all fields are
    joined to for searching.

    `start` is the offset of the piece in the joined text, `value` its characters, and `field` the
    name of the field. `scope` is the part of the article for which rules may count phrases there,
    as one of the constants TITLE, LEAD, BODY ….
    """

    start: int
    scope: int
    field: str  # the name that spans use
    value: str


class JoinedFields:
    """The fields of an article, such as title and text, joined into one text for searching phrases
    in it. It also tells to which field each offset of that text belongs."""

    def __init__(self, article: Article, scopes: int) -> None:
        """Join the fields of these scopes only; `scopes` is a bit mask."""
        self.fields: list[JoinedField] = []
        start = 0
        for scope, field, value in _fields(article):
            if scope & scopes and value:
                self.fields.append(JoinedField(start, scope, field, value))
                start += len(value) + len(_SEPARATOR)
        self.text = _SEPARATOR.join(field.value for field in self.fields)
        self._starts = [field.start for field in self.fields]
        self._lead_end = _lead_end(article.text)

    def make_encodable(self) -> None:
        """Replace lone surrogates in the joined text by question marks.

        They can't be written as UTF-8, which the searches for phrases and regular expressions need.
        """
        self.text = self.text.encode("utf-8", "replace").decode()

    def scope_at(self, offset: int) -> int:
        """Return in which part of the article an offset of the joined text is, as a bit mask such
        as TITLE.

        It may be two parts at once: the first paragraph of the text is both BODY and LEAD.
        """
        field = self._field_at(offset)
        if field.scope == BODY and offset - field.start < self._lead_end:
            return BODY | LEAD
        return field.scope

    def span(self, start: int, end: int) -> Span:
        """Convert the characters from `start` up to, but without, `end` of the joined text to a
        passage of the field that they belong to, such as the title."""
        field = self._field_at(start)
        first, last = start - field.start, end - field.start
        surface = field.value[first:last]
        return Span(field=field.field, start=first, end=last, surface=surface)

    def _field_at(self, offset: int) -> JoinedField:
        return self.fields[bisect_right(self._starts, offset) - 1]


def _fields(article: Article) -> Iterator[tuple[int, str, str]]:
    """Yield each field of an article as (scope, name, value), in reading order."""
    yield TITLE, "title", article.title
    # A summary that the text begins with is skipped: its phrases would count twice.
    if not article.text.startswith(article.summary):
        yield LEAD, "summary", article.summary
    yield BODY, "text", article.text
    yield URL, "url", article.url
    yield from ((AUTHOR, "author", author) for author in article.authors)
    yield from ((SECTION, "category", category) for category in article.categories)
    yield SOURCE, "source", article.source
    yield LANG, "language", article.language


def _lead_end(text: str) -> int:
    """The offset in the text at which its lead ends: the first line end, or a maximum length."""
    end = text.find("\n")
    if 0 <= end <= _MAX_LEAD_CHARS:
        return end
    return min(len(text), _MAX_LEAD_CHARS)
