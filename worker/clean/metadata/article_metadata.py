"""Choose title, authors, image and site names of an article, from its feed and its web page.

What the feed gives (the fields of the raw article) outranks what the page declares.
"""

from urllib.parse import urljoin

from worker.clean.cleaning_rules import CleaningRules
from worker.clean.links.canonical_link import canonical
from worker.clean.links.safe_address import is_safe_address
from worker.clean.metadata.page_metadata import PageMetadata
from worker.clean.text import titles
from worker.clean.text.short_text import authors, tidy
from worker.model.admission import LIMITS, RawArticle, host


def site_names(raw: RawArticle, page: PageMetadata) -> frozenset[str]:
    """Return the names by which a site may call itself, from its feed, its page and its host name.
    They are used to remove the name of the site from titles and texts.

    Each is reduced to lower-case letters and digits by `plain_text.bare`.
    """
    return titles.site_names(
        (raw.source.title, raw.feed.title, raw.source.id, page.site), host(raw.link)
    )


def title_of(
    raw: RawArticle, page: PageMetadata, sites: frozenset[str], rules: CleaningRules
) -> str:
    """Choose the title of an article: that of its feed, or that of its page if the feed has none.
    The name of the site is removed from it. Returns "" if neither has a title.

    `sites` are the names of the site as `site_names` returns them.
    """
    if raw.title or not page.title:
        return titles.without_site(tidy(raw.title, rules.text), sites)
    others = [tidy(title, rules.text) for title in page.titles]
    return titles.of_page(tidy(page.title, rules.text), others, raw.link or page.canonical, sites)


def authors_of(raw: RawArticle, page: PageMetadata, rules: CleaningRules) -> tuple[str, ...]:
    """Choose the authors of an article: those that its feed gives, else those of its page."""
    return authors(raw.authors or page.authors, rules.text)


def lead_image(raw: RawArticle, page: PageMetadata, rules: CleaningRules) -> str:
    """Return the address of the picture of an article: the feed's first image, else the image that
    the page declares; "" if there is none. The address is normalised like a link."""
    images = (m.url for m in raw.media if m.type.startswith("image"))
    short = (url for url in images if len(url) <= LIMITS.link_bytes)
    image = next(filter(is_safe_address, short), "") or page.image
    try:
        return canonical(urljoin(raw.link, image.strip()), rules.urls) if image else ""
    except ValueError:  # not a valid URL
        return ""
