"""Clean one article: a raw article comes in, an Article goes out, or Rejected says why not.

Pure: no clock, no network, no disk. The order of cleaning reads down the page in `clean`.
"""

from datetime import datetime, tzinfo
from functools import partial
from typing import NamedTuple

from worker.clean.body import Body
from worker.clean.cleaning_rules import CleaningRules
from worker.clean.dates.date_reader import Read, day_first, read_date, search_date
from worker.clean.fetched_content import read_fetched
from worker.clean.html.sanitize import paragraphs_html
from worker.clean.lines.html_lines import without_lines
from worker.clean.lines.line_rules import Named, Swept, breaks_off, sweep
from worker.clean.links.article_keys import keys_of, opening_key, withdrawn_keys
from worker.clean.links.canonical_link import canonical, is_variant, page_canonical
from worker.clean.metadata.article_metadata import authors_of, lead_image, site_names, title_of
from worker.clean.metadata.page_metadata import NOTHING
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

VERSION = "7"  # of the code; the rules have their own
_BLANK = Article(source="", key="", title="", text="")


class Examined(NamedTuple):
    """An article and what it was made of: `worker.clean.explain_cleaning` tells it to people."""

    article: Article
    raw: RawArticle
    body: Body
    swept: Swept
    declared: str  # language
    page_url: str  # canonical address that was believed
    failure: str  # why its page did not come, and what its feed gave stands in


def clean(raw: RawArticle, rules: CleaningRules, now: datetime) -> Article:
    """The article in a raw article; feed fields outrank what its page says.

    Raises Rejected with `failed-fetch`, `empty`, `malformed` or `hostile`.
    """
    return examine(raw, rules, now).article


def examine(raw: RawArticle, rules: CleaningRules, now: datetime) -> Examined:
    """Clean, and keep what it was decided by. Raises as `clean`."""
    came = read_fetched(raw, rules)
    body, summary, text_flag = came.body, came.summary, NO_PAGE if came.failure else ""
    if not body.text and summary.text:
        body, text_flag = _instead(body, summary), text_flag or SUMMARY_ONLY

    sites = site_names(raw, body.page)
    title = title_of(raw, body.page, sites, rules)
    given = authors_of(raw, body.page, rules)
    declared = raw.language or body.language or raw.feed.language or body.page.language
    language = detect(f"{title}\n{body.text}", declared, rules.language)

    named = Named(title, given, sites)
    swept = sweep(body.text, named, language, rules)
    if came.failure and not (came.titled and _readable(swept.text, rules)):
        raise Rejected(Reason.FAILED_FETCH, came.failure)
    if not _readable(title, rules) and not _readable(swept.text, rules):
        raise Rejected(Reason.EMPTY, f"fewer than {rules.text.min_letters} letters to read")
    title_flag = "" if title else "no-title"
    title = title or titles.from_text(swept.text, rules.text.max_title_chars)

    url = canonical(raw.link, rules.urls)
    page_url = page_canonical(body.page.canonical, url, rules.urls) if body.page.canonical else ""
    if page_url and is_variant(url):
        url = page_url  # AMP and mobile forms of an address: the page knows the proper one
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
    # Made of checked values: to check them again, or to look for defaults, takes far longer.
    article = _BLANK.model_copy(
        update={
            "source": source,
            "key": key,
            "aliases": aliases,
            "opening_key": opening_key(title, swept.text),
            "title": title,
            "text": swept.text,
            "summary": sweep(summary.text, Named(), language, rules).text,
            "url": url or page_url,
            "published": published.at,
            "updated": updated.at,
            "authors": given or names(swept.authors, rules.text),
            "contributors": swept.contributors,
            "place": swept.place,
            "agency": swept.agency,
            "html": _html(body, swept) if rules.html.keep else "",
            "categories": names((*raw.tags, *body.page.sections, *swept.categories), rules.text),
            "keywords": names(body.page.keywords, rules.text),
            "image": lead_image(raw, body.page, rules),
            "media": tuple(_media(medium) for medium in raw.media if medium.url.strip()),
            "language": language,
            "words": count_words(swept.text, language),
            "flags": tuple(dict.fromkeys(flag for flag in flags if flag)),
            "dropped": swept.dropped,
            "cleaner": cleaner_of(rules),
        }
    )
    return Examined(article, raw, body, swept, declared, page_url, came.failure)


def cleaner_of(rules: CleaningRules) -> str:
    """The version of code and rules: another one may clean the same payload to another article."""
    return f"{VERSION}/{rules.version}"


def warm() -> None:
    """Load models and extractor: half a second once, before forking, so that workers share it."""
    load_models()
    load_extractor()


def _instead(body: Body, summary: Body) -> Body:
    """No body to read: the summary is the text, the page still knows the rest."""
    return summary._replace(page=body.page, flags=body.flags + summary.flags, how="summary")


def _html(body: Body, swept: Swept) -> str:
    if not body.html:
        return paragraphs_html(swept.text)
    return without_lines(body.html, [dropped.line for dropped in swept.dropped])


def _readable(text: str, rules: CleaningRules) -> bool:
    return letters(text, rules.text.min_letters) >= rules.text.min_letters


def _dated(
    raw: RawArticle, body: Body, british: bool, zone: tzinfo, rules: CleaningRules, now: datetime
) -> tuple[Body, Read, Read]:
    """Published and updated, and the body with what was believed of its page; nothing was
    published after it was fetched."""
    fetched = read_date(raw.fetch.at, rules.dates, now).at or now
    read = partial(read_date, rules=rules.dates, latest=fetched, day_first=british, zone=zone)
    published, updated = read(raw.published), read(raw.updated)
    if published.at and body.page is NOTHING:
        return body, published, updated
    url = raw.link or body.page.canonical
    page = with_best_dates(body.page, url, lambda text: read(text).at, rules.dates)

    def first(given: Read, on_page: str) -> Read:
        if given.at or not on_page:
            return given
        found = read(on_page)
        return Read(found.at, given.flag or found.flag)

    published = first(published, page.published)
    if published.at is None and is_declared(page):
        published = Read(None, "bad-date")
    elif published.at is None and body.markup:
        published = Read(search_date(body.markup, raw.link, fetched), published.flag)
    return body._replace(page=page), published, first(updated, page.updated)


def _media(medium: Media) -> Media:
    return Media.model_construct(
        url=storable(medium.url).strip(),
        type=storable(medium.type).strip(),
        title=one_line(medium.title),
    )
