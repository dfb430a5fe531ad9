"""Whether a body is what was asked for: what is known of it comes in; why it is not goes out.

A failed fetch brings a challenge, an error, a wall or an empty shell. Titles, sentences and markup
tell, and only where little else is there: what no pattern explains is counted, so that an article
about captchas goes through. Every function answers with the detail of a dead letter: "HTTP status
503", "challenge page: Cloudflare"; with "" where nothing speaks against the body.
"""

from collections.abc import Callable, Sequence

from worker.clean.failed_fetch_rules import FailedFetchRules, PageKind
from worker.clean.fetch.failure_sentences import Explained, begins_so, read_sentences
from worker.clean.fetch.script_shells import shell_failure
from worker.clean.page.main_text import Parsed
from worker.clean.patterns.match_form import beginning_of, title_parts

_ERRORS = range(400, 1000)  # beyond 599 a status is invalid, and to be taken for 5xx (RFC 9110, 15)
_REDIRECTS = range(300, 400)
_NOT_MODIFIED = 304
_SEARCHED = 65_536  # characters of markup: pages of vendors are small
_LONGEST = 50_000  # characters: consent texts are the longest, and have a fifth of that


def status_failure(status: int | None) -> str:
    """Judge a response by its status alone: 4xx and 5xx bring no article, whatever they bring."""
    return f"HTTP status {status}" if status is not None and status in _ERRORS else ""


def redirect_failure(status: int | None, size: int, rules: FailedFetchRules) -> str:
    """Judge a page with `size` bytes of text that came with 3xx: only a stub is no article, since
    clients that follow redirects give the first status with the last page."""
    stub = status is not None and status in _REDIRECTS and size <= rules.max_shell_bytes
    return f"HTTP status {status}" if stub else ""


def unmodified_failure(status: int | None) -> str:
    """Judge a raw article without any text: 304 says that there is a page, which did not come."""
    return f"HTTP status {status}: no text came with it" if status == _NOT_MODIFIED else ""


def title_failure(title: str, rules: FailedFetchRules) -> str:
    """Judge a title that was given apart from a page, and has no text."""
    kind = _kind_of_given(title, rules)
    return kind.name if kind else ""


def text_failure(title: str, text: str, rules: FailedFetchRules) -> str:
    """Judge a fragment or plain text, by itself and by the title that was given with it."""
    by_title = _kind_of_given(title, rules)
    if by_title is None and len(text) > rules.max_fragment_chars:
        return ""
    if len(text) > _LONGEST or not (by_title or begins_so(text, rules, fragment=True)):
        return ""
    read = read_sentences(text, by_title, rules, fragment=True)
    # Stories have such titles: a sentence has to agree.
    return _judged(by_title if read.kind else None, read, text.lower, rules)


def page_failure(page: Parsed, titles: Sequence[str], text: str, rules: FailedFetchRules) -> str:
    """Judge a whole page by its titles, by the main text that was found on it, by its markup."""
    by_title = next(filter(None, (_kind_of_page(title, rules) for title in titles)), None)
    short = len(text) <= rules.max_rest_bytes
    told = by_title or short or begins_so(text, rules)
    if not told or len(text) > _LONGEST:
        return ""

    def searched() -> str:
        return f"{page.markup[:_SEARCHED] if short else ''}\n{text}".lower()

    read = read_sentences(text, by_title, rules, signs=short)
    failure = _judged(by_title, read, searched, rules)
    may_be_shell = len(text) <= max(rules.max_shell_bytes, rules.max_rest_by_mark)
    return failure or (shell_failure(page, rules) if may_be_shell else "")


def _judged(
    by_title: PageKind | None, read: Explained, searched: Callable[[], str], rules: FailedFetchRules
) -> str:
    told = by_title or read.kind
    if read.rest > (max(rules.max_rest_bytes, read.explained) if told else rules.max_rest_by_mark):
        return ""
    vendor = _vendor(searched(), rules)
    signs = (by_title is not None) + (read.kind is not None) + bool(vendor)
    limits = [
        rules.max_rest_share * read.explained if read.kind else -1,
        min(rules.max_rest_by_lines, read.explained) if read.telling > 1 else -1,
        rules.max_rest_by_title if by_title else -1,
        rules.max_rest_by_mark if vendor else -1,
        max(rules.max_rest_bytes, read.explained) if signs > 1 else -1,
    ]
    return _detail(told, vendor, rules) if read.rest <= max(limits) else ""


def _detail(kind: PageKind | None, vendor: str, rules: FailedFetchRules) -> str:
    """What a vendor sends that says no more than that it needs JavaScript is a challenge."""
    if kind is None or (vendor and not kind.by_vendor):
        kind = next((each for each in rules.pages if each.by_vendor), kind)
    name = kind.name if kind else "page"
    return f"{name}: {vendor}" if vendor else name


def _vendor(searched: str, rules: FailedFetchRules) -> str:
    for vendor, marks in rules.vendors.items():
        if any(mark in searched for mark in marks):
            return vendor
    return ""


def _kind_of_given(title: str, rules: FailedFetchRules) -> PageKind | None:
    """No site's name is added to titles of feeds: all of it has to say so."""
    if not rules.titles.may_match(beginning_of(title)):
        return None
    kinds = [rules.titles.of(part) for part in title_parts(title)]
    return kinds[0] if kinds and all(kinds) else None


def _kind_of_page(title: str, rules: FailedFetchRules) -> PageKind | None:
    return next(filter(None, map(rules.titles.of_any, title_parts(title))), None)
