"""Describe how one article was cleaned, for `worker clean --explain`: what each field of the
article contains, where that comes from, and which other values were not chosen."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urljoin

from worker.clean import CleaningRules, Examined
from worker.clean.body import Body
from worker.clean.metadata.article_metadata import PAGE
from worker.clean.metadata.lost_candidates import (
    LostCandidate,
    lost_dates,
    lost_of_page,
    lost_titles,
    page_source,
)
from worker.clean.text.language import DECLARED, primary
from worker.model.admission import RawArticle
from worker.model.plurals import several

_FALLBACK = "fallback: the beginning of the text"
_LINE = "line of the text"
_REFUSED = "a home page, another site, or no web address"
_KEYS = {
    "id": ("feed:id", "the id of the raw article"),
    "url": ("address", "a web address"),
    "text": ("text", "a hash of title and opening words: it has neither id nor link"),
}


@dataclass(frozen=True, slots=True)
class CleaningDecision:
    """Explains one field of a cleaned article: where its value comes from, and why it was chosen.

    `about` is the field, and `value` its value. `source` says where the value stands in the raw
    article or its page, such as "json-ld:headline". `because` gives the reason in words. `lost` are
    the other values that were found for the field, but not chosen.
    """

    about: str
    value: str
    because: str
    source: str = ""
    lost: tuple[LostCandidate, ...] = ()


def explain_cleaning(examined: Examined, rules: CleaningRules) -> tuple[CleaningDecision, ...]:
    """Explain how an article was cleaned: for each field its value, where that comes from, and
    which other values were not chosen. Fields for which no value was found are left out.

    `examined` is the article with the intermediate results of its cleaning, and `rules` are those
    by which it was cleaned. Values that cleaning did not need to read, such as a byline if the
    authors were declared in the metadata, are read here.
    """
    decisions = (
        *_text_of(examined),
        _title(examined),
        _language(examined),
        *_dates(examined, rules),
        _authors(examined),
        *_names(examined),
        *_addresses(examined),
        *_pictures(examined),
        *_flags(examined),
    )
    return tuple(decision for decision in decisions if decision.value or decision.lost)


def _text_of(examined: Examined) -> Iterator[CleaningDecision]:
    article, fetched, body = examined.article, examined.fetched, examined.body
    if fetched.failure:
        yield CleaningDecision("page", "none", fetched.failure, "failed fetch")
    source = _content(body) if body.read_as else "no content"
    lost = (
        LostCandidate(_content(other), _size(other.text), other.failure or "it has less text")
        for other in fetched.bodies
        if other.content_index != body.content_index or body.read_as == "summary"
    )
    yield CleaningDecision("text", _size(article.text), _body(examined), source, tuple(lost))
    if article.summary:
        yield CleaningDecision("summary", _size(article.summary), "given", "feed:summary")
    if article.html:
        because = "safe markup of the text" if body.html else "paragraphs of the text"
        yield CleaningDecision("html", _size(article.html), because, source)


def _content(body: Body) -> str:
    return "feed:summary" if body.content_index < 0 else f"feed:content[{body.content_index}]"


def _body(examined: Examined) -> str:
    body, contents = examined.body, examined.raw.content
    index = body.content_index
    if index < 0:
        return "no body with text: the summary is used" if body.read_as else "no body"
    size = _size(contents[index].value)
    return f"content {index + 1} of {len(contents)}, read as {body.read_as} from {size}"


def _source(examined: Examined, about: str, fallback: str = "") -> str:
    """Name the source of a field: a field of the raw article, an element of its page, or
    `fallback`."""
    source = examined.sources.get(about, "")
    if source == PAGE:
        field = "canonical" if about == "url" else about
        return page_source(field, examined.dates.page.element_of.get(field, ""))
    return source or fallback


def _because(source: str) -> str:
    return "given with the article" if source.startswith("feed:") else "chosen from its page"


def _title(examined: Examined) -> CleaningDecision:
    title, page, given = examined.article.title, examined.dates.page, examined.raw.title
    source = _source(examined, "title", _FALLBACK)
    because = "the beginning of the text" if source == _FALLBACK else _because(source)
    if examined.sources["title"] == PAGE and title not in page.title:
        source = _other_title(examined) or source
        because = "it has the words of the address, or the first choice only names the site"
    lost = [*lost_titles(page, source)]
    if given and source != "feed:title":
        refused = "it only names the site, or has no words"
        lost.insert(0, LostCandidate("feed:title", given, refused))
    return CleaningDecision("title", title, because, source, tuple(lost))


def _other_title(examined: Examined) -> str:
    """Name the source of a title that was taken from another title of the page."""
    candidates = examined.dates.page.candidates.get("title", ())
    sources = (page_source("title", e) for e, text in candidates if examined.article.title in text)
    return next(sources, "")


def _language(examined: Examined) -> CleaningDecision:
    article, languages = examined.article, examined.languages
    decided = examined.sources["language"] or "no clear language"
    declared = [(_declared_source(examined, source), tag) for source, tag in languages]
    source, because = decided, "declared nowhere"
    if declared:
        first, tag = declared[0]
        source = first if decided == DECLARED else decided
        because = f"declared {tag}"
    lost = (
        LostCandidate(name, tag, _lost_language(article.language, tag, source))
        for name, tag in declared
        if name != source
    )
    return CleaningDecision("language", article.language, because, source, tuple(lost))


def _declared_source(examined: Examined, source: str) -> str:
    element = examined.dates.page.element_of.get("language", "")
    return page_source("language", element) if source == PAGE else source


def _lost_language(language: str, tag: str, source: str) -> str:
    if primary(tag) == language:
        return "the same language"
    return f"the {source} prove another language" if "text" in source else f"ranks after {source}"


def _dates(examined: Examined, rules: CleaningRules) -> Iterator[CleaningDecision]:
    article, raw, dates = examined.article, examined.raw, examined.dates
    for about, given, at, came_from in (
        ("published", raw.published, article.published, dates.published_from),
        ("updated", raw.updated, article.updated, dates.updated_from),
    ):
        source = came_from if at else ""
        if source == PAGE:
            source = page_source(about, dates.page.element_of.get(about, ""))
        text = given if source.startswith("feed:") else getattr(dates.page, about)
        because = f"{_because(source)}: {text!r}" if source else "no date can be used"
        lost = lost_dates(about, dates, given, raw.link, source, rules.dates)
        value = at.isoformat() if at else ""
        yield CleaningDecision(about, value, because, source, tuple(lost))
        if about == "published" and article.published_day:
            yield _local_day(examined, source)


def _local_day(examined: Examined, source: str) -> CleaningDecision:
    article, dates = examined.article, examined.dates
    value = f"{article.published_day} ({article.published_zone or 'zone unknown'})"
    if dates.day_from:
        because = "the date is in UTC; its page gives the day at the publisher's place"
        return CleaningDecision("published_day", value, because, dates.day_from)
    because = "the zone of the date, else that of the source in dates.zones"
    return CleaningDecision("published_day", value, because, source)


def _authors(examined: Examined) -> CleaningDecision:
    article, raw = examined.article, examined.raw
    source = _source(examined, "authors", _LINE if article.authors else "")
    lost = [*lost_of_page("authors", examined.dates.page, source)]
    if raw.authors and source != "feed:authors":
        lost.insert(0, LostCandidate("feed:authors", ", ".join(raw.authors), "it names nobody"))
    because = _because(source) if examined.sources["authors"] else source or "nobody is named"
    return CleaningDecision("authors", ", ".join(article.authors), because, source, tuple(lost))


def _names(examined: Examined) -> Iterator[CleaningDecision]:
    """Yield the fields that have several values, which are merged: none beats another."""
    article, swept, page = examined.article, examined.swept, examined.dates.page
    merged = {
        "feed:tags": examined.raw.tags,
        "page: section": page.sections,
        _LINE: swept.categories,
    }
    sources = ", ".join(source for source, values in merged.items() if values)
    categories = ", ".join(article.categories)
    yield CleaningDecision("categories", categories, "merged, each once", sources)
    keywords = ", ".join(article.keywords)
    yield CleaningDecision("keywords", keywords, "merged, each once", "page: keywords")
    credited = ", ".join(f"{c.name} ({c.role})" for c in article.contributors)
    for about, value, line in (
        ("contributors", credited, "credits"),
        ("place", article.place, "dateline"),
        ("agency", article.agency, "dateline or line"),
    ):
        yield CleaningDecision(about, value, f"{line} of the text", _LINE)


def _addresses(examined: Examined) -> Iterator[CleaningDecision]:
    article, raw, page = examined.article, examined.raw, examined.dates.page
    if raw.link or article.url:
        source = _source(examined, "url")
        yield CleaningDecision("url", article.url, _link(raw, article.url), source)
    if page.canonical:
        accepted = "declared by its page; also an alias of the article"
        source = page_source("canonical", page.element_of.get("canonical", ""))
        yield CleaningDecision(
            about="canonical",
            value=examined.page_url or page.canonical,
            because=accepted if examined.page_url else f"declared by its page; refused: {_REFUSED}",
            source=source,
            lost=tuple(lost_of_page("canonical", page, source)),
        )
    for key in (article.key, *article.aliases):
        kind, _, value = key.partition(":")
        source, because = _KEYS[kind] if value else ("", "")
        yield CleaningDecision("identity" if key == article.key else "alias", key, because, source)


def _link(raw: RawArticle, url: str) -> str:
    if not raw.link:
        return "declared by its page; the article has no link"
    if not url:
        return f"{raw.link!r} is no web link"
    return "the link as given" if url == raw.link else f"the link {raw.link}"


def _pictures(examined: Examined) -> Iterator[CleaningDecision]:
    article, raw, page = examined.article, examined.raw, examined.dates.page
    source = _source(examined, "image")
    lost = [*lost_of_page("image", page, source)] if source else []
    in_text = examined.body.image
    if in_text and urljoin(raw.link, in_text) != article.image:
        lost.append(LostCandidate("picture in the text", in_text, f"ranks after {source}"))
    because = _because(source) if source.startswith("feed:") or PAGE in source else source
    yield CleaningDecision("image", article.image, because, source, tuple(lost))
    for medium in article.media:
        yield CleaningDecision("media", medium.url, "given with the article", "feed:media")


def _flags(examined: Examined) -> Iterable[CleaningDecision]:
    reasons = dict(reversed(examined.flags))  # of several reasons the first
    return [
        CleaningDecision("flag", flag, reasons[flag], reasons[flag])
        for flag in examined.article.flags
    ]


def _size(text: str) -> str:
    return several(len(text), "character")
