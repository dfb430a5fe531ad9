"""Whether a body is what was asked for: what is known of it comes in; why it is not goes out.

A failed fetch brings a challenge, an error, a wall or an empty shell. Titles, sentences and markup
tell, and only where little else is there: what no pattern explains is counted, so that an article
about captchas goes through. The answer is the detail of a dead letter, "" for an article.
"""

from collections.abc import Callable, Sequence
from itertools import islice
from typing import NamedTuple

from worker.clean.failed_fetch_rules import FailedFetchRules, PageKind
from worker.clean.page import Parsed
from worker.clean.sentences import sentences_of, title_parts
from worker.clean.shell import shell_failure

_ERRORS = range(400, 1000)  # beyond 599 a status is invalid, and to be taken for 5xx (RFC 9110, 15)
_REDIRECTS = range(300, 400)
_NOT_MODIFIED = 304
_BEGINNING = 1_000  # characters: the first sentences stand there
_SEARCHED = 65_536  # characters of markup: pages of vendors are small
_LONGEST = 50_000  # characters: consent texts are the longest, and have a fifth of that
_ENOUGH = 2  # sentences that only sound like such a page


def status_failure(status: int | None) -> str:
    """Why a response with this status brought no article, whatever it brought."""
    return f"HTTP status {status}" if status is not None and status in _ERRORS else ""


def redirect_failure(status: int | None, size: int, rules: FailedFetchRules) -> str:
    """The same of a page with so many bytes of text. Clients that follow redirects give the status
    of the first response with the page of the last one: only a stub is none."""
    stub = status is not None and status in _REDIRECTS and size <= rules.max_shell_bytes
    return f"HTTP status {status}" if stub else ""


def unmodified_failure(status: int | None) -> str:
    """The same where no text came at all."""
    return f"HTTP status {status}: no text came with it" if status == _NOT_MODIFIED else ""


def title_failure(title: str, rules: FailedFetchRules) -> str:
    """The same of a title that stands alone, or was given apart from a page."""
    kind = _kind_of_given(title, rules)
    return kind.name if kind else ""


def text_failure(title: str, text: str, rules: FailedFetchRules) -> str:
    """The same of a fragment or plain text, and the title that was given with it."""
    by_title = _kind_of_given(title, rules)
    told = by_title or _begins_so(text, rules, fragment=True)
    if not told or len(text) > _LONGEST:
        return ""
    read = _read(text, by_title, rules, fragment=True)
    # Stories have such titles: a sentence has to agree.
    return _judged(by_title if read.kind else None, read, text.lower, rules)


def page_failure(page: Parsed, titles: Sequence[str], text: str, rules: FailedFetchRules) -> str:
    """The same of a whole page, what it is called and the main text that was found on it."""
    by_title = next(filter(None, (_kind_of_page(title, rules) for title in titles)), None)
    short = len(text) <= rules.max_rest_bytes
    told = by_title or short or _begins_so(text, rules)
    if not told or len(text) > _LONGEST:
        return ""

    def searched() -> str:
        return f"{page.markup[:_SEARCHED] if short else ''}\n{text}".lower()

    failure = _judged(by_title, _read(text, by_title, rules, signs=short), searched, rules)
    return failure or (shell_failure(page, rules) if short else "")


class _Read(NamedTuple):
    """A text, sentence by sentence."""

    kind: PageKind | None  # what the first sentence that tells says it is
    telling: int  # sentences
    explained: int  # bytes
    rest: int


def _judged(
    by_title: PageKind | None, read: _Read, searched: Callable[[], str], rules: FailedFetchRules
) -> str:
    most = max(rules.max_rest_bytes, rules.max_rest_by_title, rules.max_rest_by_mark)
    if read.rest > max(most, read.explained):
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
    return _detail(by_title or read.kind, vendor, rules) if read.rest <= max(limits) else ""


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
    kinds = [rules.titles.kind_of(part) for part in title_parts(title)]
    return kinds[0] if kinds and all(kinds) else None


def _kind_of_page(title: str, rules: FailedFetchRules) -> PageKind | None:
    return next(filter(None, map(rules.titles.kind_of, title_parts(title))), None)


def _begins_so(text: str, rules: FailedFetchRules, *, fragment: bool = False) -> bool:
    first = islice(sentences_of(text[:_BEGINNING]), rules.first_sentences)
    return any(_told_by(sentence, rules, fragment=fragment) for sentence in first)


def _told_by(sentence: str, rules: FailedFetchRules, *, fragment: bool) -> PageKind | None:
    if len(sentence) > rules.max_sentence_chars:
        return None
    kind = rules.lines.kind_of(sentence)
    return kind if kind and (kind.in_fragments or not fragment) else None


class _Sentence(NamedTuple):
    text: str
    tells: PageKind | None  # all of it is what such a page says
    sounds: PageKind | None  # there is something in it that such a page says
    entitles: bool  # it may be the title of such a page


def _read(
    text: str,
    by_title: PageKind | None,
    rules: FailedFetchRules,
    *,
    fragment: bool = False,
    signs: bool = False,
) -> _Read:
    """How much is explained by the kinds of page that the title and the sentences tell of."""
    every = sentences_of(text)
    first = [
        _Sentence(
            sentence,
            tells=_told_by(sentence, rules, fragment=fragment),
            sounds=rules.signs.found_in(sentence) if signs else None,
            entitles=rules.titles.kind_of(sentence) is not None,
        )
        for sentence in islice(every, rules.max_sentences)
    ]
    # Where the title says so, a sentence that may be the title again says nothing new.
    new = [each for each in first if not (by_title and each.entitles)]
    telling = [each.tells for each in new if each.tells]
    sounding = [each.sounds for each in new if each.sounds]
    if not by_title and len(sounding) < _ENOUGH:
        sounding = []
    kinds = {kind.name: kind for kind in (by_title, *telling, *sounding) if kind}
    mentions = [rules.mentions(kind) for kind in kinds.values()]
    explained = sum(
        _size(each.text)
        for each in first
        if len(each.text) <= rules.max_sentence_chars
        and (
            each.tells
            or each.entitles
            or (each.sounds and sounding)
            or any(mention.search(each.text) for mention in mentions)
        )
    )
    rest = sum(_size(each.text) for each in first) - explained + sum(map(_size, every))
    told = (*telling, *sounding)
    return _Read(next(iter(told), None), len(told), explained, rest)


def _size(text: str) -> int:
    return len(text.encode())
