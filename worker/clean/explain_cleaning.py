"""Describe how one article was cleaned, for `worker clean --explain`: what each field of the
article contains, and where that comes from."""

from collections.abc import Iterator
from dataclasses import dataclass

from worker.clean import Examined


@dataclass(frozen=True, slots=True)
class CleaningDecision:
    """One line of the explanation of how an article was cleaned: a field of the article (`about`),
    its value, and where the value comes from (`because`), such as "declared en"."""

    about: str
    value: str
    because: str


def explain_cleaning(examined: Examined) -> tuple[CleaningDecision, ...]:
    """Describe how an article was cleaned: one line for each field of an Article, in their order,
    with the value and where it comes from."""
    return tuple(_decisions(examined))


def _decisions(examined: Examined) -> Iterator[CleaningDecision]:
    article, raw, page = examined.article, examined.raw, examined.body.page
    if examined.failure:
        yield CleaningDecision(about="page", value="none", because=examined.failure)
    yield CleaningDecision(about="text", value=_size(article.text), because=_body(examined))
    yield CleaningDecision(about="title", value=article.title, because=_from(examined, "title"))
    yield CleaningDecision(
        about="language",
        value=article.language,
        because=f"declared {examined.declared}" if examined.declared else "declared nowhere",
    )
    for about, raw_date in (("published", raw.published), ("updated", raw.updated)):
        if at := getattr(article, about):
            text = raw_date or getattr(page, about)
            because = f"{_from(examined, about)}: {text!r}"
            yield CleaningDecision(about=about, value=at.isoformat(), because=because)
    for about in ("authors", "categories"):
        if names := getattr(article, about):
            yield CleaningDecision(
                about=about, value=", ".join(names), because=_from(examined, about)
            )
    yield from _addresses(examined)


def _body(examined: Examined) -> str:
    body, contents = examined.body, examined.raw.content
    index = body.content_index
    if index < 0:
        return "no body with text: the summary is used" if body.read_as else "no body"
    size = _size(contents[index].value)
    return f"content {index + 1} of {len(contents)}, read as {body.read_as} from {size}"


_RAW_FIELDS = {
    "title": "title",
    "published": "published",
    "updated": "updated",
    "authors": "authors",
    "categories": "tags",
}


def _from(examined: Examined, about: str) -> str:
    """Name the source of a field in words: the raw article, its text, or an element of its page."""
    if getattr(examined.raw, _RAW_FIELDS[about]):
        return "given with the article"
    if about == "title" and "no-title" in examined.article.flags:
        return "the beginning of the text"
    if about == "categories" and examined.swept.categories:
        return "a line of the text"
    element = examined.body.page.element_of.get(about, "")
    return f"its page: {element}" if element else "its page"


def _addresses(examined: Examined) -> Iterator[CleaningDecision]:
    article, raw, page = examined.article, examined.raw, examined.body.page
    if raw.link:
        same = article.url == raw.link
        because = "the link as given" if same else f"the link {raw.link}"
        if not article.url:
            because = f"{raw.link!r} is no web link"
        yield CleaningDecision(about="url", value=article.url, because=because)
    if page.canonical:
        accepted = "declared by its page; also an alias of the article"
        refused = "declared by its page; refused: a home page, another site, or no web address"
        yield CleaningDecision(
            about="canonical",
            value=examined.page_url or page.canonical,
            because=accepted if examined.page_url else refused,
        )
    for key in (article.key, *article.aliases):
        kind, _, value = key.partition(":")
        about = "identity" if key == article.key else "alias"
        yield CleaningDecision(about=about, value=key, because=_KEYS[kind] if value else "")


_KEYS = {
    "id": "the id of the raw article",
    "url": "a web address",
    "text": "a hash of title and opening words: it has neither id nor link",
}


def _size(text: str) -> str:
    return f"{len(text):,} characters"
