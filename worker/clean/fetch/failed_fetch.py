"""Decide whether a fetch failed: whether it brought a captcha, an error page, a consent or login
page, or an empty page.

Titles, sentences and markup that are usual on such pages are the evidence. They only count if there
is little other text, so that an article about captchas is not refused. Each function returns the
reason, such as "HTTP status 503" or "challenge page: Cloudflare", or "" for what may be an article.
"""

from collections.abc import Callable, Sequence

from worker.clean.failed_fetch_rules import FailedFetchRules, PageKind
from worker.clean.fetch.failure_sentences import TextEvidence, begins_like_failure, read_sentences
from worker.clean.fetch.script_shells import shell_failure
from worker.clean.page.main_text import ParsedPage
from worker.clean.patterns.match_form import title_parts, title_prefix

# A status above 599 is invalid, and to be treated as 5xx (RFC 9110, section 15).
_ERROR_STATUSES = range(400, 1000)
_REDIRECT_STATUSES = range(300, 400)
_NOT_MODIFIED = 304
_SEARCHED_CHARS = 65_536  # of markup: pages of vendors are small
_MAX_CHARS = 50_000  # of text: consent texts are the longest, with a fifth of that


def status_failure(status: int | None) -> str:
    """Judge a fetched page by its HTTP status alone: return "HTTP status 503" or the like for a
    status of 400 or more, which never comes with an article; otherwise, or if the status is unknown
    (None), return ""."""
    return f"HTTP status {status}" if status is not None and status in _ERROR_STATUSES else ""


def redirect_failure(status: int | None, size: int, rules: FailedFetchRules) -> str:
    """Judge a page that came with a redirect status (3xx): return "HTTP status 302" or the like if
    it has at most `rules.max_shell_bytes` of text; "" for more text or another status.

    `size` is the text's size in bytes. A page with more text may be an article, because some
    clients follow redirects and report the first status with the last page.
    """
    stub = status is not None and status in _REDIRECT_STATUSES and size <= rules.max_shell_bytes
    return f"HTTP status {status}" if stub else ""


def unmodified_failure(status: int | None) -> str:
    """Judge a raw article without any text: return a failure if its page was answered with HTTP
    status 304, which means that the server sent no page because it had not changed; else ""."""
    return f"HTTP status {status}: no text came with it" if status == _NOT_MODIFIED else ""


def title_failure(title: str, rules: FailedFetchRules) -> str:
    """Judge a raw article that has a title but no text: return the kind of error page whose title
    this is, such as "challenge page"; "" if it is not the title of an error page."""
    kind = _kind_of_feed_title(title, rules)
    return kind.name if kind else ""


def text_failure(title: str, text: str, rules: FailedFetchRules) -> str:
    """Judge a text that is not a complete web page, such as a text from a feed: return the kind of
    error page that it comes from, such as "challenge page", or "" if it may be an article.

    It is judged by its sentences and by `title`, the title of the raw article.
    """
    by_title = _kind_of_feed_title(title, rules)
    if by_title is None and len(text) > rules.max_fragment_chars:
        return ""
    if len(text) > _MAX_CHARS or not (by_title or begins_like_failure(text, rules, fragment=True)):
        return ""
    evidence = read_sentences(text, by_title, rules, fragment=True)
    # Articles may have such titles: a sentence must match as well.
    return _failure(by_title if evidence.kind else None, evidence, text.lower, rules)


def page_failure(
    page: ParsedPage, titles: Sequence[str], text: str, rules: FailedFetchRules
) -> str:
    """Judge a complete web page: return the kind of error page that it is, such as "challenge page:
    Cloudflare"; "" if it may be an article.

    A page with much text that is not usual on error pages may always be an article. `text` is the
    main text of the page, `titles` are all titles that it declares or shows.
    """
    by_title = next(filter(None, (_kind_of_page_title(title, rules) for title in titles)), None)
    short = len(text) <= rules.max_rest_bytes
    suspected = by_title or short or begins_like_failure(text, rules)
    if not suspected or len(text) > _MAX_CHARS:
        return ""

    def searched() -> str:
        return f"{page.markup[:_SEARCHED_CHARS] if short else ''}\n{text}".lower()

    evidence = read_sentences(text, by_title, rules, signs=short)
    failure = _failure(by_title, evidence, searched, rules)
    may_be_shell = len(text) <= max(rules.max_shell_bytes, rules.max_rest_by_mark)
    return failure or (shell_failure(page, rules) if may_be_shell else "")


def _failure(
    by_title: PageKind | None,
    evidence: TextEvidence,
    searched: Callable[[], str],
    rules: FailedFetchRules,
) -> str:
    kind = by_title or evidence.kind
    explained, rest = evidence.explained_bytes, evidence.rest_bytes
    if rest > (max(rules.max_rest_bytes, explained) if kind else rules.max_rest_by_mark):
        return ""
    vendor = _vendor(searched(), rules)
    signs = (by_title is not None) + (evidence.kind is not None) + bool(vendor)
    limits = [
        rules.max_rest_share * explained if evidence.kind else -1,
        min(rules.max_rest_by_lines, explained) if evidence.matches > 1 else -1,
        rules.max_rest_by_title if by_title else -1,
        rules.max_rest_by_mark if vendor else -1,
        max(rules.max_rest_bytes, explained) if signs > 1 else -1,
    ]
    return _detail(kind, vendor, rules) if rest <= max(limits) else ""


def _detail(kind: PageKind | None, vendor: str, rules: FailedFetchRules) -> str:
    """Return the name of a failure: the kind of page, and the vendor whose marks the page has.

    A vendor's page of a kind that vendors don't make, such as a page that only asks for JavaScript,
    counts as a challenge page.
    """
    if kind is None or (vendor and not kind.by_vendor):
        kind = next((page_kind for page_kind in rules.pages if page_kind.by_vendor), kind)
    name = kind.name if kind else "page"
    return f"{name}: {vendor}" if vendor else name


def _vendor(searched: str, rules: FailedFetchRules) -> str:
    for vendor, marks in rules.vendors.items():
        if any(mark in searched for mark in marks):
            return vendor
    return ""


def _kind_of_feed_title(title: str, rules: FailedFetchRules) -> PageKind | None:
    """Return the page kind of a title that a feed gave, or None.

    All parts of the title must match a pattern, because feeds, unlike pages, add no site name to
    it.
    """
    if not rules.titles.may_match(title_prefix(title)):
        return None
    kinds = [rules.titles.classify(part) for part in title_parts(title)]
    return kinds[0] if kinds and all(kinds) else None


def _kind_of_page_title(title: str, rules: FailedFetchRules) -> PageKind | None:
    return next(filter(None, map(rules.titles.classify_any, title_parts(title))), None)
