"""Clean a raw article (the input of the worker) to an Article (what is stored), or reject it.

What belongs here: `examine`, which calls the steps of cleaning in their order, and the packages
with these steps. May import the model and the errors. Cleaning depends on its arguments only: it
reads no clock, no network and no disk.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from worker.clean.body import Body, without_echo
from worker.clean.cleaning_rules import CleaningRules
from worker.clean.fetched_content import FetchedContent, read_fetched
from worker.clean.html.sanitize import paragraphs_html
from worker.clean.lines.html_lines import without_lines
from worker.clean.lines.line_rules import ArticleMetadata, SweptText, breaks_off, sweep
from worker.clean.links.absolute_link import absolute_link
from worker.clean.links.article_keys import keys_of, opening_key, own_key, withdrawn_keys
from worker.clean.links.canonical_link import canonical
from worker.clean.links.declared_link import is_redirector, page_canonical
from worker.clean.links.link_variants import cached_page, is_variant
from worker.clean.links.redirect_targets import redirect_target
from worker.clean.links.safe_address import is_safe_address
from worker.clean.links.sites import load_public_suffixes
from worker.clean.metadata.article_dates import ArticleDates, dates_of
from worker.clean.metadata.article_metadata import (
    PAGE,
    authors_of,
    lead_image,
    site_names,
    title_of,
)
from worker.clean.page.main_text import load_extractor
from worker.clean.text import titles
from worker.clean.text.language import count_words, detect, load_models
from worker.clean.text.plain_text import letters, one_line, storable
from worker.clean.text.short_text import categories, names
from worker.errors import Reason, Rejected
from worker.model.admission import Fetch, Media, RawArticle
from worker.model.completeness import NO_PAGE, NO_TEXT, SUMMARY_ONLY
from worker.model.records import Article

__all__ = [
    "CleaningRules",
    "Examined",
    "clean",
    "cleaner_of",
    "examine",
    "own_key",
    "warm",
    "withdrawn_keys",
]

VERSION = "12"  # of the code; the rules have a version of their own

_NO_FETCH = Fetch()  # of a raw article whose producer says nothing about its fetch


class Examined(NamedTuple):
    """A cleaned article (`article`) with the intermediate results of its cleaning, which are used
    to explain where each field of the article comes from.

    `raw` is the raw article. It may have several contents, such as the text of a feed and a web
    page: `fetched` has all of them, parsed, `body` is the one from which the text was taken, and
    `swept` is this text after lines such as "Follow us" were removed.
    `dates` are the article's dates, with what they were read from. `page_url` is the address that
    the web page declares for itself, "" if none.

    `sources` says for some fields where they come from, such as "feed:title" or "page". `flags` are
    pairs of a flag of the article and its reason. `languages` are pairs of a source and the
    language that it declares, the preferred one first.
    """

    article: Article
    raw: RawArticle
    body: Body
    swept: SweptText
    fetched: FetchedContent
    dates: ArticleDates
    page_url: str  # canonical URL of the page, "" if refused
    sources: Mapping[str, str]
    flags: tuple[tuple[str, str], ...]  # (flag, reason)
    languages: tuple[tuple[str, str], ...]  # (source, language tag)


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
    sites = site_names(raw, body.page)
    title, title_from = title_of(raw, body.page, sites, rules)
    body, summary = without_echo(body, title, sites), without_echo(summary, title, sites)
    if not body.text and summary.text:
        body, text_flag = _summary_as_body(body, summary), text_flag or SUMMARY_ONLY

    authors, authors_from = authors_of(raw, body.page, sites, rules)
    languages = _declared_languages(raw, body)
    declared = languages[0][1] if languages else ""
    language, language_from = detect(f"{title}\n{body.text}", declared, rules.language)

    metadata = ArticleMetadata(title, authors, sites)
    swept = sweep(body.text, metadata, language, rules)
    if fetched.failure and not (fetched.titled and _readable(swept.text, rules)):
        raise Rejected(Reason.FAILED_FETCH, fetched.failure)
    if not _readable(title, rules) and not _readable(swept.text, rules):
        raise Rejected(Reason.EMPTY, f"fewer than {rules.text.min_letters} letters to read")
    text_flag = text_flag or NO_TEXT * (not swept.text)
    title = title or titles.from_text(swept.text, rules.text.max_title_chars)

    link = _address(raw, rules)
    page_url = page_canonical(body.page.canonical, link, rules.urls) if body.page.canonical else ""
    key, aliases = keys_of(raw, title, swept.text, page_url, link)
    # The page declares the standard form of an AMP or mobile address.
    standard = page_url and (is_variant(link) or is_redirector(link, rules.urls))
    url, url_from = (link, "feed:link") if link and not standard else (page_url, PAGE)
    dates = dates_of(raw, body.page, body.markup, language, declared, rules.dates, now)
    body = body._replace(page=dates.page)
    image, image_from = lead_image(raw, body.page, body.image, rules)
    flags = tuple(_flags(body, swept, dates, text_flag, title_from))
    article = Article(
        source=raw.source_id,
        key=key,
        aliases=aliases,
        opening_key=opening_key(title, swept.text),
        title=title,
        text=swept.text,
        summary=sweep(summary.text, ArticleMetadata(), language, rules).text,
        url=url,
        published=dates.published.at,
        published_day=dates.published.day,
        published_zone=dates.published.zone or None,
        updated=dates.updated.at,
        authors=authors or names(swept.authors, rules.text),
        contributors=swept.contributors,
        place=swept.place,
        agency=swept.agency,
        html=_html(body, swept) if rules.html.keep else "",
        categories=names(
            (*categories(raw.tags, rules.text), *body.page.sections, *swept.categories), rules.text
        ),
        keywords=names(body.page.keywords, rules.text),
        image=image,
        media=tuple(_media(m) for m in raw.media if m.url.strip() and is_safe_address(m.url)),
        language=language,
        words=count_words(swept.text, language),
        flags=tuple(dict.fromkeys(flag for flag, _ in flags)),
        dropped=swept.dropped,
        cleaner=cleaner_of(rules),
        page_fetched=(dates.fetched or now) if _is_of_page(raw, body) else None,
        fetch_dated=dates.fetched is not None,
    )
    sources = {
        "title": title_from,
        "authors": authors_from,
        "language": language_from,
        "url": url_from,
        "image": image_from,
    }
    return Examined(article, raw, body, swept, fetched, dates, page_url, sources, flags, languages)


def _declared_languages(raw: RawArticle, body: Body) -> tuple[tuple[str, str], ...]:
    """Return the language tags that an article declares, as pairs (source, tag), the preferred one
    first."""
    candidates = (
        ("feed:language", raw.language),
        ("content:language", body.language),
        ("feed:feed.language", raw.feed.language),
        (PAGE, body.page.language),
    )
    return tuple([pair for pair in candidates if pair[1]])


def _flags(
    body: Body, swept: SweptText, dates: ArticleDates, text_flag: str, title_from: str
) -> Iterator[tuple[str, str]]:
    """Yield the flags of an article, each with the reason for it."""
    for flag in body.flags:
        yield flag, "the content whose text is used"
    if text_flag:
        yield text_flag, "the contents of the raw article"
    if not title_from:
        yield "no-title", "neither feed nor page has a title"
    if swept.truncated:
        yield "truncated", "a line that was left out"
    elif breaks_off(swept.text):
        yield "truncated", "the end of the text"
    if swept.paywalled:
        yield "paywalled", "a line that was left out"
    elif body.page.paywalled:
        yield "paywalled", "declared by its page"
    for name, date in (("published", dates.published), ("updated", dates.updated)):
        if date.flag:
            yield date.flag, f"the date of field {name}"


def cleaner_of(rules: CleaningRules) -> str:
    """Return the version of cleaning, such as "10/2026-11.10": first that of the code that cleans
    articles, then that of the rules in the config.

    It is stored with each article, so that articles with an older version can be found and cleaned
    again.
    """
    return f"{VERSION}/{rules.version}"


def warm() -> None:
    """Load the language models and the text extractor, which takes half a second.

    Called before the worker forks into several processes, so that these share the loaded models in
    memory.
    """
    load_models()
    load_extractor()
    load_public_suffixes()


def _address(raw: RawArticle, rules: CleaningRules) -> str:
    """Return the normalised address of an article: that of its link, or that to which the link
    redirects, if it holds it. A relative link belongs to its feed."""
    link = absolute_link(raw.link, raw.feed.url or raw.source.url) if raw.link else ""
    return canonical(cached_page(redirect_target(link)), rules.urls)


def _is_of_page(raw: RawArticle, body: Body) -> bool:
    """Whether the text is that of a page which the producer says it fetched. Feeds carry fragments
    of markup, and no bytes."""
    if body.read_as == "page":
        return raw.fetch != _NO_FETCH
    index = body.content_index
    return index >= 0 and raw.content[index].encoding == "base64" and raw.fetch != _NO_FETCH


def _summary_as_body(body: Body, summary: Body) -> Body:
    """Make the body of an article without text from its summary, with the metadata of its page."""
    return summary._replace(page=body.page, flags=body.flags + summary.flags, read_as="summary")


def _html(body: Body, swept: SweptText) -> str:
    if not body.html:
        return paragraphs_html(swept.text)
    return without_lines(body.html, [dropped.line for dropped in swept.dropped])


def _readable(text: str, rules: CleaningRules) -> bool:
    return letters(text, rules.text.min_letters) >= rules.text.min_letters


def _media(medium: Media) -> Media:
    return Media(
        url=one_line(storable(medium.url)),
        type=one_line(storable(medium.type)),
        title=one_line(medium.title),
    )
