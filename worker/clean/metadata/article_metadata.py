"""Choose title, authors, image and site names from a raw article and its page.

Fields of the feed outrank the page.
"""

from urllib.parse import urljoin

from worker.clean.cleaning_rules import CleaningRules
from worker.clean.links.canonical_link import canonical
from worker.clean.metadata.page_metadata import PageMetadata
from worker.clean.text import titles
from worker.clean.text.short_text import authors, tidy
from worker.model.admission import RawArticle, host


def site_names(raw: RawArticle, page: PageMetadata) -> frozenset[str]:
    """The names that the source may call itself, each as `bare` makes it."""
    return titles.site_names(
        (raw.source.title, raw.feed.title, raw.source.id, page.site), host(raw.link)
    )


def title_of(
    raw: RawArticle, page: PageMetadata, sites: frozenset[str], rules: CleaningRules
) -> str:
    """The title of the raw article, else that of its page, without the name of the site."""
    if raw.title or not page.title:
        return titles.without_site(tidy(raw.title, rules.text), sites)
    others = [tidy(title, rules.text) for title in page.titles]
    return titles.of_page(tidy(page.title, rules.text), others, raw.link or page.canonical, sites)


def authors_of(raw: RawArticle, page: PageMetadata, rules: CleaningRules) -> tuple[str, ...]:
    """The authors of the raw article, else those of its page."""
    return authors(raw.authors or page.authors, rules.text)


def lead_image(raw: RawArticle, page: PageMetadata, rules: CleaningRules) -> str:
    """Canonical URL of the first image of the feed, else of the image that the page declares."""
    images = (m.url for m in raw.media if m.type.startswith("image"))
    image = next(images, "") or page.image
    try:
        return canonical(urljoin(raw.link, image.strip()), rules.urls) if image else ""
    except ValueError:  # not a valid URL
        return ""
