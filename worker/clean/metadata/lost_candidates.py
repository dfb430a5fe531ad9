"""List the values that cleaning found for a field of an article, but did not choose, and why.

While cleaning chooses a value, it notes all values that it found, in the order of preference. The
functions here read these notes. They are called only for `worker clean --explain`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from worker.clean.cleaning_rules import DateRules
from worker.clean.metadata.article_dates import SEARCHED, ArticleDates
from worker.clean.metadata.page_metadata import NO_DAY, SOME_TIME, TIME, PageMetadata
from worker.clean.metadata.publication_date import ADDRESS, VISIBLE, objection_to
from worker.clean.metadata.visible_dates import date_of_address

_JSON_LD = {
    "title": "headline",
    "published": "datePublished",
    "updated": "dateModified",
    "authors": "author",
    "language": "inLanguage",
    "image": "image",
}
_SOURCES = {
    TIME: "time element",
    SOME_TIME: "first time element",
    VISIBLE: "visible text",
    ADDRESS: "address",
    SEARCHED: SEARCHED,
    "h1": "heading h1",
    "h2": "heading h2",
    "title": "title element",
    "byline": "visible byline",
    "html lang": "html lang",
    "img": "img in the article",
    "link rel=canonical": "link rel=canonical",
}


@dataclass(frozen=True, slots=True)
class LostCandidate:
    """A value that cleaning found for a field of an article, but did not choose.

    `source` says where the value was found, such as "json-ld:datePublished"; `why` says why another
    value was preferred to it.
    """

    source: str
    value: str
    why: str


def page_source(field: str, element: str) -> str:
    """Return a name that tells readers from which element of a page a field was read, such as
    "json-ld:headline", "meta:og:title" or "visible byline". `element` is the name of the element in
    the page's metadata, "" if unknown."""
    if element == "json-ld":
        return f"json-ld:{_JSON_LD.get(field, field)}"
    return _SOURCES.get(element) or (f"meta:{element}" if element else "page")


def lost_of_page(
    field: str,
    page: PageMetadata,
    winner: str,
    objection: Callable[[str], str] = lambda text: "",
) -> Iterator[LostCandidate]:
    """Yield the values for a field that were found on a page, but not chosen, and why each was not.

    `winner` is the source of the value that was chosen, "" if none was. `objection` tells of a text
    why it can't be a value of the field. If it returns "", the reason is that the chosen value is
    preferred or the same.
    """
    own = page_source(field, page.element_of.get(field, ""))
    outranked = page.rule_of.get(field) or f"ranks after {winner}"
    if winner != own:
        outranked = f"{winner} outranks the page" if winner else "it can't be used"
    chosen = _text(getattr(page, field))
    pairs = ((page_source(field, e), _text(c)) for e, c in page.candidates.get(field, ()))
    for source, text in dict.fromkeys(pairs):
        if text and (source, text) != (winner, chosen):
            same = "the same value" if text == chosen and winner == own else ""
            yield LostCandidate(source, text, objection(text) or same or outranked)


def lost_titles(page: PageMetadata, winner: str) -> Iterator[LostCandidate]:
    """Yield the titles that were found on a page, but not chosen, and why each was not.

    `winner` is the source of the title that was chosen, "" if none was.
    """
    refused = "the name of the site, or too long for a title"
    objections = dict.fromkeys(page.refused_titles, refused)
    return lost_of_page("title", page, winner, lambda text: objections.get(text, ""))


def lost_dates(
    field: str, dates: ArticleDates, given: str, url: str, winner: str, rules: DateRules
) -> Iterator[LostCandidate]:
    """Yield the dates that were found for an article, but not chosen, and why each was not. `field`
    is "published" for dates of publication, or "updated" for dates of the last change.

    The dates are that of the feed (`given`) and those that the page declares; for "published" also
    the one in the address of the article (`url`) and those that the page shows to readers. `winner`
    is the source of the date that was chosen, "" if none was.
    """
    page = dates.page

    def objection(text: str) -> str:
        if field == "published" and NO_DAY.fullmatch(text):
            return "it names no day"
        parsed = dates.read(text)
        if parsed.at is None:
            return "it can't be read as a date"
        if parsed.at == getattr(dates, field).at:
            return "the same instant"
        return "it is in the future" if parsed.flag == "future-date" else ""

    if given and winner != f"feed:{field}":
        yield LostCandidate(f"feed:{field}", given, objection(given))
    yield from lost_of_page(field, page, winner, objection)
    if field != "published":
        return
    outranked = page.rule_of.get(field) or f"ranks after {winner}"
    outranked = outranked if winner else "it can't be used"
    address = date_of_address(url) or date_of_address(page.canonical)
    if address and winner != _SOURCES[ADDRESS]:
        yield LostCandidate("address", address, objection(address) or outranked)
    for date in page.visible_dates:
        if winner != _SOURCES[VISIBLE] or date.text not in page.published:
            why = objection_to(date, rules) or objection(date.text) or outranked
            yield LostCandidate(_SOURCES[VISIBLE], f"{date.before} {date.text}".strip(), why)


def _text(candidate: Any) -> str:
    """The text of a candidate, which may be a text, several, or a function that reads them."""
    value = candidate() if callable(candidate) else candidate
    if isinstance(value, tuple):
        return ", ".join(value)
    return value.strip() if isinstance(value, str) else ""
