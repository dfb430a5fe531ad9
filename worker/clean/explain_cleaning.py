"""List the decisions of cleaning for one article, for `worker clean --explain`."""

from collections.abc import Iterator
from dataclasses import dataclass

from worker.clean import Examined


@dataclass(frozen=True, slots=True)
class CleaningDecision:
    """One question that cleaning had to answer, and what it went by."""

    about: str
    value: str
    because: str


def account(examined: Examined) -> tuple[CleaningDecision, ...]:
    """Every decision, in the order in which a reader meets its result."""
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
    for about, given in (("published", raw.published), ("updated", raw.updated)):
        if at := getattr(article, about):
            read = given or getattr(page, about)
            because = f"{_from(examined, about)}: {read!r}"
            yield CleaningDecision(about=about, value=at.isoformat(), because=because)
    for about in ("authors", "categories"):
        if named := getattr(article, about):
            yield CleaningDecision(
                about=about, value=", ".join(named), because=_from(examined, about)
            )
    yield from _addresses(examined)


def _body(examined: Examined) -> str:
    body, given = examined.body, examined.raw.content
    if body.place < 0:
        return "no body with text: the summary stands in" if body.how else "no body"
    read = f"content {body.place + 1} of {len(given)}, read as {body.how}"
    return f"{read} from {_size(given[body.place].value)}"


_GIVEN = {
    "title": "title",
    "published": "published",
    "updated": "updated",
    "authors": "authors",
    "categories": "tags",
}


def _from(examined: Examined, about: str) -> str:
    """Feed fields outrank the page; the page says by which of its elements it knows."""
    if getattr(examined.raw, _GIVEN[about]):
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
        believed = "its page says so, and it leads here too"
        refused = "its page says so; refused: a home page, another site, or no address"
        yield CleaningDecision(
            about="canonical",
            value=examined.page_url or page.canonical,
            because=believed if examined.page_url else refused,
        )
    for key in (article.key, *article.aliases):
        kind, _, value = key.partition(":")
        about = "identity" if key == article.key else "alias"
        yield CleaningDecision(about=about, value=key, because=_KEYS[kind] if value else "")


_KEYS = {
    "id": "the id it was given",
    "url": "an address",
    "text": "a hash of title and opening: it has neither id nor link",
}


def _size(text: str) -> str:
    return f"{len(text):,} characters"
