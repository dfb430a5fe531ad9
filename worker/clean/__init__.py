"""Clean a raw article (the input of the worker) to an Article (what is stored), or reject it.

What belongs here: `examine`, which calls the steps of cleaning in their order, and the packages
with these steps. May import the model and the errors. Cleaning depends on its arguments only: it
reads no clock, no network and no disk.
"""

from datetime import datetime, tzinfo
from functools import partial
from typing import NamedTuple

from worker.clean.body import Body
from worker.clean.cleaning_rules import CleaningRules
from worker.clean.dates.date_reader import ParsedDate, day_first, read_date, search_date
from worker.clean.fetched_content import read_fetched
from worker.clean.html.sanitize import paragraphs_html
from worker.clean.lines.html_lines import without_lines
from worker.clean.lines.line_rules import ArticleMetadata, SweptText, breaks_off, sweep
from worker.clean.links.article_keys import keys_of, opening_key, withdrawn_keys
from worker.clean.links.canonical_link import canonical, is_variant, page_canonical
from worker.clean.links.safe_address import is_safe_address
from worker.clean.metadata.article_metadata import authors_of, lead_image, site_names, title_of
from worker.clean.metadata.page_metadata import NO_METADATA
from worker.clean.metadata.publication_date import is_declared, with_best_dates
from worker.clean.page.main_text import load_extractor
from worker.clean.text import titles
from worker.clean.text.language import count_words, detect, load_models
from worker.clean.text.plain_text import letters, one_line, storable
from worker.clean.text.short_text import names
from worker.errors import Reason, Rejected
from worker.model.admission import Media, RawArticle
from worker.model.completeness import NO_PAGE, SUMMARY_ONLY
from worker.model.records import Article

__all__ = [
    "CleaningRules",
    "Examined",
    "clean",
    "cleaner_of",
    "examine",
    "warm",
    "withdrawn_keys",
]

VERSION = "8"  # of the code; the rules have a version of their own


class Examined(NamedTuple):
    """A cleaned article (`article`) with the intermediate results of its cleaning, from which
    `explain_cleaning` tells where each field of the article comes from.

    `raw` is the raw article, `body` the one of its contents whose text was used, and `swept` that
    text after lines such as "Follow us" were removed. `declared` is the language that the source
    declares, `page_url` the address that the web page declares for itself ("" for none). `failure`
    says why the fetch of the page failed, "" if it did not.
    """

    article: Article
    raw: RawArticle
    body: Body
    swept: SweptText
    declared: str  # language
    page_url: str  # canonical URL of the page, "" if refused
    failure: str  # of the fetch, if the article is made of the feed's content instead


def clean(raw: RawArticle, rules: CleaningRules, now: datetime) -> Article:
    """Clean a raw article: extract its text, remove lines that are not part of it, and normalise
    its title, dates, links and other fields. Fields given by the feed outrank those that the web
    page declares.

    `now` is the present time; a date far after it is wrong, and is replaced by it. Raises Rejected
    with `failed-fetch` for an error page, `empty` for an article without text and title,
    `malformed` for contents that can't be decoded, or `hostile` for markup that would block a
    parser.
    """
    return examine(raw, rules, now).article


def examine(raw: RawArticle, rules: CleaningRules, now: datetime) -> Examined:
    """Clean a raw article like `clean`, and return the article together with the intermediate
    results, which `explain_cleaning` needs.

    Raises Rejected with `failed-fetch` for an error page, `empty`, `malformed` or `hostile`, as
    `clean` does.
    """
    fetched = read_fetched(raw, rules)
    body, summary, text_flag = fetched.body, fetched.summary, NO_PAGE if fetched.failure else ""
    if not body.text and summary.text:
        body, text_flag = _summary_as_body(body, summary), text_flag or SUMMARY_ONLY

    sites = site_names(raw, body.page)
    title = title_of(raw, body.page, sites, rules)
    authors = authors_of(raw, body.page, rules)
    declared = raw.language or body.language or raw.feed.language or body.page.language
    language = detect(f"{title}\n{body.text}", declared, rules.language)

    metadata = ArticleMetadata(title, authors, sites)
    swept = sweep(body.text, metadata, language, rules)
    if fetched.failure and not (fetched.titled and _readable(swept.text, rules)):
        raise Rejected(Reason.FAILED_FETCH, fetched.failure)
    if not _readable(title, rules) and not _readable(swept.text, rules):
        raise Rejected(Reason.EMPTY, f"fewer than {rules.text.min_letters} letters to read")
    title_flag = "" if title else "no-title"
    title = title or titles.from_text(swept.text, rules.text.max_title_chars)

    url = canonical(raw.link, rules.urls)
    page_url = page_canonical(body.page.canonical, url, rules.urls) if body.page.canonical else ""
    if page_url and is_variant(url):
        url = page_url  # the page declares the standard form of an AMP or mobile address
    key, aliases = keys_of(raw, title, swept.text, page_url)
    source = raw.source_id
    zone = rules.dates.zone_of(source)
    british = day_first(language, declared)
    body, published, updated = _dated(raw, body, british, zone, rules, now)
    flags = (
        *(*body.flags, text_flag, title_flag),
        "truncated" if swept.truncated or breaks_off(swept.text) else "",
        *(published.flag, updated.flag),
    )
    article = Article(
        source=source,
        key=key,
        aliases=aliases,
        opening_key=opening_key(title, swept.text),
        title=title,
        text=swept.text,
        summary=sweep(summary.text, ArticleMetadata(), language, rules).text,
        url=url or page_url,
        published=published.at,
        updated=updated.at,
        authors=authors or names(swept.authors, rules.text),
        contributors=swept.contributors,
        place=swept.place,
        agency=swept.agency,
        html=_html(body, swept) if rules.html.keep else "",
        categories=names((*raw.tags, *body.page.sections, *swept.categories), rules.text),
        keywords=names(body.page.keywords, rules.text),
        image=lead_image(raw, body.page, rules),
        media=tuple(_media(m) for m in raw.media if m.url.strip() and is_safe_address(m.url)),
        language=language,
        words=count_words(swept.text, language),
        flags=tuple(dict.fromkeys(flag for flag in flags if flag)),
        dropped=swept.dropped,
        cleaner=cleaner_of(rules),
    )
    return Examined(article, raw, body, swept, declared, page_url, fetched.failure)


def cleaner_of(rules: CleaningRules) -> str:
    """Return the version of the cleaning code and its rules, such as "8/2026-11.8".

    It is stored with each article: another version may clean the same raw article to a different
    Article.
    """
    return f"{VERSION}/{rules.version}"


def warm() -> None:
    """Load the language models and the text extractor, which takes half a second.

    Called before the worker forks into several processes, so that these share the loaded models in
    memory.
    """
    load_models()
    load_extractor()


def _summary_as_body(body: Body, summary: Body) -> Body:
    """Make the body of an article without text from its summary, with the metadata of its page."""
    return summary._replace(page=body.page, flags=body.flags + summary.flags, read_as="summary")


def _html(body: Body, swept: SweptText) -> str:
    if not body.html:
        return paragraphs_html(swept.text)
    return without_lines(body.html, [dropped.line for dropped in swept.dropped])


def _readable(text: str, rules: CleaningRules) -> bool:
    return letters(text, rules.text.min_letters) >= rules.text.min_letters


def _dated(
    raw: RawArticle, body: Body, british: bool, zone: tzinfo, rules: CleaningRules, now: datetime
) -> tuple[Body, ParsedDate, ParsedDate]:
    """Decide when an article was published and last changed, from its feed, else from its page.

    Returns the body, whose page metadata now names the chosen dates, and the two dates. A date
    after the page was fetched becomes the date of the fetch.
    """
    fetched = read_date(raw.fetch.at, rules.dates, now).at or now
    read = partial(read_date, rules=rules.dates, latest=fetched, day_first=british, zone=zone)
    published, updated = read(raw.published), read(raw.updated)
    if published.at and body.page is NO_METADATA:
        return body, published, updated
    url = raw.link or body.page.canonical
    page = with_best_dates(body.page, url, lambda text: read(text).at, rules.dates)

    def with_page_date(date: ParsedDate, page_text: str) -> ParsedDate:
        if date.at or not page_text:
            return date
        page_date = read(page_text)
        return ParsedDate(page_date.at, date.flag or page_date.flag)

    published = with_page_date(published, page.published)
    if published.at is None and is_declared(page):
        published = ParsedDate(None, "bad-date")
    elif published.at is None and body.markup:
        published = ParsedDate(search_date(body.markup, raw.link, fetched), published.flag)
    return body._replace(page=page), published, with_page_date(updated, page.updated)


def _media(medium: Media) -> Media:
    return Media(
        url=one_line(storable(medium.url)),
        type=one_line(storable(medium.type)),
        title=one_line(medium.title),
    )
