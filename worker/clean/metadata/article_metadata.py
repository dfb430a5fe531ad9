"""Choose title, authors, image and site names of an article, from its feed and its web page.

What the feed gives (the fields of the raw article) outranks what the page declares. Each value is
returned with its source: the name of a field of the raw article, such as "feed:title", or PAGE.
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

PAGE = "page"  # the source of a value: `element_of` of the page's metadata has the element
IN_TEXT = "the first picture of the text"


def site_names(raw: RawArticle, page: PageMetadata) -> frozenset[str]:
    """Return the names by which a site may call itself, from its feed, its page and its host name.
    They are used to remove the name of the site from titles and texts.

    Each is reduced to lower-case letters and digits by `plain_text.bare`.
    """
    names = (raw.source.title, raw.feed.title, raw.source.id, page.site)
    return titles.site_names(names, host(raw.link), host(raw.source.url))


def title_of(
    raw: RawArticle, page: PageMetadata, sites: frozenset[str], rules: CleaningRules
) -> tuple[str, str]:
    """Choose the title of an article: that of its feed, or that of its page if the feed has none.
    The name of the site is removed from it. Returns the title with its source, "" for both if
    neither has a title.

    `sites` are the names of the site as `site_names` returns them.
    """
    given = tidy(titles.percent_decoded(raw.title), rules.text)
    declared = titles.site_names((raw.source.title, raw.feed.title, page.site))
    given = titles.without_site(given, sites, declared)
    if not page.title or (given and bare(given) not in sites):
        return given, "feed:title" if given else ""
    others = [tidy(title, rules.text, markup=False) for title in page.titles]
    title = tidy(page.title, rules.text, markup=False)
    title = titles.of_page(title, others, raw.link or page.canonical, sites)
    kept = given and bare(title) in sites
    return (given, "feed:title") if kept else (title, PAGE if title else "")


def authors_of(
    raw: RawArticle, page: PageMetadata, sites: frozenset[str], rules: CleaningRules
) -> tuple[tuple[str, ...], str]:
    """Choose the authors of an article: those that its feed gives, else those of its page. Returns
    them with their source, () and "" if neither names any."""
    if given := authors(raw.authors, rules.text, sites):
        return given, "feed:authors"
    of_page = authors(page.authors, rules.text, sites)
    return of_page, PAGE if of_page else ""


def lead_image(
    raw: RawArticle, page: PageMetadata, in_text: str, rules: CleaningRules
) -> tuple[str, str]:
    """Return the address of the picture of an article with its source: the feed's first picture,
    else the one that the page declares, else `in_text`, the first in the text; "" for both if there
    is none. The address is normalised like a link."""
    media = (medium.url for medium in raw.media if is_picture(medium) and illustrates(medium.url))
    short = (url for url in media if len(url) <= LIMITS.link_bytes)
    given = next(filter(is_safe_address, short), "")
    image = given or page.image or in_text
    if not image:
        return "", ""
    source = "feed:media" if given else PAGE if page.image else IN_TEXT
    try:
        return canonical(urljoin(raw.link, image.strip()), rules.urls), source
    except ValueError:  # not a valid URL
        return "", ""
