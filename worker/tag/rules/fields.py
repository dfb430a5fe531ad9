"""Join the fields of an article into one text, so that one search covers all of them.

A scope names the fields in which a phrase counts. Sets of scopes are bit masks.
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
    """One field of the article and its position in the joined text."""

    start: int
    scope: int
    field: str  # the name that spans use
    value: str


class JoinedFields:
    """The fields of an article as one text, with the way back from offsets to fields."""

    def __init__(self, article: Article, scopes: int) -> None:
        """Only fields of these scopes are included."""
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
        """Replace lone surrogates by question marks: the automaton and RE2 cannot encode them."""
        self.text = self.text.encode("utf-8", "replace").decode()

    def scope_at(self, offset: int) -> int:
        """The scopes of the character at this offset; the first paragraph is lead and body."""
        field = self._field_at(offset)
        if field.scope == BODY and offset - field.start < self._lead_end:
            return BODY | LEAD
        return field.scope

    def span(self, start: int, end: int) -> Span:
        """Characters [start, end) of the joined text as a span of their field."""
        field = self._field_at(start)
        first, last = start - field.start, end - field.start
        surface = field.value[first:last]
        return Span(field=field.field, start=first, end=last, surface=surface)

    def _field_at(self, offset: int) -> JoinedField:
        return self.fields[bisect_right(self._starts, offset) - 1]


def _fields(article: Article) -> Iterator[tuple[int, str, str]]:
    """(scope, name, value) of each field, in reading order."""
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
    """The length of the first paragraph, or of the text's beginning where that is too long."""
    end = text.find("\n")
    if 0 <= end <= _MAX_LEAD_CHARS:
        return end
    return min(len(text), _MAX_LEAD_CHARS)
