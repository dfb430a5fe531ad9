"""What is known of an article besides its text: a raw article and its page come in, facts go out.

Feed fields outrank the page.
"""

from datetime import datetime
from functools import partial
from typing import NamedTuple
from urllib.parse import urljoin

from worker.clean.cleaning_rules import CleaningRules
from worker.clean.dates.date_reader import Read, day_first, read_date, search_date
from worker.clean.links.canonical_link import canonical
from worker.clean.metadata.page_metadata import PageMetadata, read_metadata
from worker.clean.metadata.publication_date import believed, is_declared
from worker.clean.text import titles
from worker.clean.text.short_text import authors, tidy
from worker.model.admission import RawArticle, host


class Facts(NamedTuple):
    title: str
    authors: tuple[str, ...]
    published: datetime | None
    updated: datetime | None
    declared: str  # the date of publication as the page writes it


def site_names(raw: RawArticle, page: PageMetadata) -> frozenset[str]:
    """What the source may call itself, bare."""
    return titles.site_names(
        (raw.source.title, raw.feed.title, raw.source.id, page.site), host(raw.link)
    )


def title_of(
    raw: RawArticle, page: PageMetadata, sites: frozenset[str], rules: CleaningRules
) -> str:
    if raw.title or not page.title:
        return titles.without_site(tidy(raw.title, rules.text), sites)
    others = [tidy(title, rules.text) for title in page.titles]
    return titles.of_page(tidy(page.title, rules.text), others, raw.link or page.canonical, sites)


def authors_of(raw: RawArticle, page: PageMetadata, rules: CleaningRules) -> tuple[str, ...]:
    return authors(raw.authors or page.authors, rules.text)


def lead_image(raw: RawArticle, page: PageMetadata, rules: CleaningRules) -> str:
    """The first picture of the feed, else what the page shows where it is shared."""
    pictures = (m.url for m in raw.media if m.type.startswith("image"))
    image = next(pictures, "") or page.image
    try:
        return canonical(urljoin(raw.link, image.strip()), rules.urls) if image else ""
    except ValueError:  # an address that is none
        return ""


def page_facts(
    markup: str, url: str, rules: CleaningRules, now: datetime, *, search: bool = True
) -> Facts:
    """What a page alone tells: for measuring."""
    raw, page = RawArticle(link=url), read_metadata(markup)
    british = day_first(page.language[:2].lower() or "en", page.language)
    read = partial(read_date, rules=rules.dates, latest=now, day_first=british)
    page = believed(page, url or page.canonical, lambda text: read(text).at, rules.dates)
    published = read(page.published)
    if search and published.at is None and not is_declared(page):
        published = Read(search_date(markup, url, now))
    updated = read(page.updated)
    return Facts(
        title=title_of(raw, page, site_names(raw, page), rules),
        authors=authors_of(raw, page, rules),
        published=published.at,
        updated=updated.at,
        declared=page.published,
    )
