"""The places of an article where a phrase can stand: one text to search, and the way back."""

from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from worker.model.records import Article, Span

TITLE, LEAD, BODY, URL, AUTHOR, SECTION, SOURCE, LANG = (1 << place for place in range(8))
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
STORY = TITLE | LEAD | BODY  # where a phrase is looked for that names no scope

_BREAK = "\n\n"  # no phrase holds a line break, so none spans two places
_LONGEST_LEAD = 500  # characters, of a text without paragraphs


class Place(NamedTuple):
    """One field of the article, as part of the text that is searched."""

    start: int
    scope: int
    field: str  # as spans name it
    value: str


class Places:
    """An article laid out as one text, so that one search finds all."""

    def __init__(self, article: Article, wanted: int) -> None:
        """Only fields of the scopes `wanted` are laid out."""
        self.places: list[Place] = []
        at = 0
        for scope, field, value in _fields(article):
            if scope & wanted and value:
                self.places.append(Place(at, scope, field, value))
                at += len(value) + len(_BREAK)
        self.text = _BREAK.join(place.value for place in self.places)
        self._starts = [place.start for place in self.places]
        self._lead_end = _lead_end(article.text)

    def make_encodable(self) -> None:
        """Lone surrogates, which neither automaton nor RE2 can hold, become question marks."""
        self.text = self.text.encode("utf-8", "replace").decode()

    def scope(self, start: int) -> int:
        """The scopes of what stands here; the first paragraph is lead and body."""
        place = self.places[bisect_right(self._starts, start) - 1]
        if place.scope == BODY and start - place.start < self._lead_end:
            return BODY | LEAD
        return place.scope

    def span(self, start: int, end: int) -> Span:
        place = self.places[bisect_right(self._starts, start) - 1]
        first, last = start - place.start, end - place.start
        surface = place.value[first:last]
        return Span(field=place.field, start=first, end=last, surface=surface)


def _fields(article: Article) -> Iterator[tuple[int, str, str]]:
    yield TITLE, "title", article.title
    if not article.text.startswith(article.summary):  # else what it says would count twice
        yield LEAD, "summary", article.summary
    yield BODY, "text", article.text
    yield URL, "url", article.url
    yield from ((AUTHOR, "author", author) for author in article.authors)
    yield from ((SECTION, "category", category) for category in article.categories)
    yield SOURCE, "source", article.source
    yield LANG, "language", article.language


def _lead_end(text: str) -> int:
    end = text.find("\n")
    if 0 <= end <= _LONGEST_LEAD:
        return end
    return min(len(text), _LONGEST_LEAD)
