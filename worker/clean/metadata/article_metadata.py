"""Choose title, authors, image and site names of an article from its feed and its web page.

A value from the feed (a field of the raw article) is preferred to one that the page declares. Most
functions also return the source of the value: "feed:title" or the like for a field of the raw
article, PAGE for the page.
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
    """Choose the title of an article: that of its feed, or that of its page if the feed has none or
    only the name of the site. The name of the site is removed from the title.

    `sites` are the names of the site. Returns the title and its source, "feed:title" or PAGE; both
    are "" if there is no title.
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
    """Choose the authors of an article: those that its feed names, or those of its page if the feed
    names none.

    `sites` are the names of the site, which are not authors. Returns the authors and their source,
    a field of the feed or PAGE; () and "" if there are none.
    """
    if given := authors(raw.authors, rules.text, sites):
        return given, "feed:authors"
    of_page = authors(page.authors, rules.text, sites)
    return of_page, PAGE if of_page else ""


def lead_image(
    raw: RawArticle, page: PageMetadata, in_text: str, rules: CleaningRules
) -> tuple[str, str]:
    """Choose the picture of an article: the first one in its feed, else the one that its page
    declares, else the first one in its text (`in_text`).

    Returns the address of the picture, normalised like a link, and its source; both are "" if there
    is no picture.
    """
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
