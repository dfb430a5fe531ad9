"""Choose title, authors, image and site names of an article, from its feed and its web page.

What the feed gives (the fields of the raw article) outranks what the page declares.
"""

from urllib.parse import urljoin

from worker.clean.cleaning_rules import CleaningRules
from worker.clean.links.canonical_link import canonical
from worker.clean.links.safe_address import is_safe_address
from worker.clean.metadata.page_images import illustrates, is_picture
from worker.clean.metadata.page_metadata import PageMetadata
from worker.clean.text import titles
from worker.clean.text.plain_text import bare
from worker.clean.text.short_text import authors, tidy
from worker.model.admission import LIMITS, RawArticle, host


def site_names(raw: RawArticle, page: PageMetadata) -> frozenset[str]:
    """Return the names by which a site may call itself, from its feed, its page and its host name.
    They are used to remove the name of the site from titles and texts.

    Each is reduced to lower-case letters and digits by `plain_text.bare`.
    """
    names = (raw.source.title, raw.feed.title, raw.source.id, page.site)
    return titles.site_names(names, host(raw.link), host(raw.source.url))


def title_of(
    raw: RawArticle, page: PageMetadata, sites: frozenset[str], rules: CleaningRules
) -> str:
    """Choose the title of an article: that of its feed, or that of its page if the feed has none.
    The name of the site is removed from it. Returns "" if neither has a title.

    `sites` are the names of the site as `site_names` returns them.
    """
    given = tidy(titles.percent_decoded(raw.title), rules.text)
    declared = titles.site_names((raw.source.title, raw.feed.title, page.site))
    given = titles.without_site(given, sites, declared)
    if not page.title or (given and bare(given) not in sites):
        return given
    others = [tidy(title, rules.text, markup=False) for title in page.titles]
    title = tidy(page.title, rules.text, markup=False)
    title = titles.of_page(title, others, raw.link or page.canonical, sites)
    return given if given and bare(title) in sites else title


def authors_of(
    raw: RawArticle, page: PageMetadata, sites: frozenset[str], rules: CleaningRules
) -> tuple[str, ...]:
    """Choose the authors of an article: those that its feed gives, else those of its page."""
    return authors(raw.authors, rules.text, sites) or authors(page.authors, rules.text, sites)


def lead_image(raw: RawArticle, page: PageMetadata, in_text: str, rules: CleaningRules) -> str:
    """Return the address of the picture of an article: the feed's first picture, else the one that
    the page declares, else `in_text`, the first in the text; "" if there is none. The address is
    normalised like a link."""
    media = (medium.url for medium in raw.media if is_picture(medium) and illustrates(medium.url))
    short = (url for url in media if len(url) <= LIMITS.link_bytes)
    image = next(filter(is_safe_address, short), "") or page.image or in_text
    try:
        return canonical(urljoin(raw.link, image.strip()), rules.urls) if image else ""
    except ValueError:  # not a valid URL
        return ""
