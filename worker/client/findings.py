"""Find problems in raw articles, for the author of the program that sends them.

A problem is reported as a finding. It is an error if the worker would not process the article, and
a warning if the article could be made better. The functions only compute; they read and write
nothing.
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import ValidationError

from worker.clean import withdrawn_keys
from worker.clean.cleaning_rules import DateRules
from worker.clean.dates.date_reader import read_date
from worker.clean.html.html_to_text import has_tags, is_html, is_page, is_text
from worker.clean.links.declared_link import is_home_page
from worker.clean.text.language import primary
from worker.clean.text.mojibake import mend
from worker.clean.text.plain_text import bare
from worker.client.unknown_keys import unknown_keys
from worker.errors import Reason, Rejected
from worker.model.admission import LIMITS, SCHEMA, RawArticle, sizes
from worker.model.receipts import MAX_RECEIPT_CHARS, is_receipt
from worker.model.source_names import DEFAULT_SOURCE

_DECODE = "decode by the Content-Type header, else by the XML or meta declaration"
_ISO = "write ISO 8601 with zone: 2026-11-01T08:00:00Z"
FIXES = {
    Reason.MALFORMED: "`worker schema` prints what is expected",
    Reason.TOO_LARGE: "shorten it; a body belongs in content",
    Reason.UNKNOWN_SCHEMA: f'leave "schema" out, or write "{SCHEMA}"',
    Reason.EMPTY: "send a title, a summary or content that can be read",
    Reason.FAILED_FETCH: "fetch it again later; send the feed's title and summary with it",
    Reason.NO_IDENTITY: "send the id or the link it was enqueued with",
    Reason.HOSTILE: "send the main text alone",
    Reason.CRASHED: "report it as a bug, with this article",
}
FLAGS = {
    "bad-date": ("{date} can't be read and is left out", _ISO),
    "ambiguous-date": ("day and month of {date} may be in the other order", _ISO),
    "future-date": (
        "{date} is later than the fetch, whose time stands in for it",
        "check the clock and the zone",
    ),
    "truncated": ("the text ends as a teaser does", "send the whole text, or fetch the page"),
    "mojibake": (
        "decoded with the wrong charset; mended as well as can be",
        _DECODE,
    ),
    "whole-page": ("no main text found; all of the page is taken", "send the main text alone"),
    "no-title": ("no title; the opening stands in for it", 'send "title"'),
    "no-text": ("no text; only the title is stored", 'send "content" or "summary"'),
    "summary-only": ("no content; the summary stands in for it", 'send "content"'),
    "no-page": (
        "no page came, but an error, a challenge or a wall; the feed's text stands in for it",
        "fetch it again later, and send it again",
    ),
    "tags-cut": ("too much markup; tags were only stripped", "send the main text alone"),
}
_EXPECTED = {
    "string_type": "expected text",
    "tuple_type": "expected a list",
    "model_type": "expected an object",
    "model_attributes_type": "expected an object",
    "dict_type": "expected an object",
}
_WITHDRAWN = "withdrawn"
_MAX_ZONE_CHARS = 60
_TIME = re.compile(r"[0-9]{1,2}:[0-9]{2}")
_ZONED = re.compile(  # a name or an offset; the m of "p.m." is none
    r"(?:[A-LN-Za-ln-z]|(?<![AaPp])[Mm]|[+-][0-9]{1,2}(?::?[0-9]{2})?|\([^()]+\))\s*$"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LintFinding:
    """One problem of a raw article, with advice how to fix it.

    `level` is "error" if the worker would not process the article, else "warning". `slug` names the
    kind of problem, such as `no-date`; `what` describes it, and `fix` is the advice.
    """

    level: Literal["error", "warning"]
    slug: str
    what: str
    fix: str

    def as_json(self) -> dict[str, str]:
        """The fields of this finding as a dict, which `worker lint --json` prints."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.level}: {self.slug}: {self.what}; {self.fix}"


def error(reason: Reason | str, what: str) -> LintFinding:
    """Make a finding of level "error": a problem for which the worker would not process an article.

    `reason` is a value of Reason, or its text such as `empty`, and `what` describes the problem.
    The advice how to fix it is the usual one for that reason.
    """
    reason = Reason(reason)
    return LintFinding(level="error", slug=reason, what=what, fix=FIXES[reason])


def warning(slug: str, what: str, fix: str) -> LintFinding:
    """Make a warning, a finding with which the worker still processes the article.

    `slug` names the kind of problem, `what` describes it, and `fix` is the advice.
    """
    return LintFinding(level="warning", slug=slug, what=what, fix=fix)


def refused(why: Rejected) -> list[LintFinding]:
    """List the problems for which the worker would refuse a raw article, one finding for each.

    `why` is the exception that was raised when the article was checked. It may hold several
    problems, for example one for each field with a wrong type.
    """
    if not isinstance(why.__cause__, ValidationError):
        return [error(why.reason, why.detail)]
    problems = why.__cause__.errors(include_url=False)
    return [error(why.reason, _problem(dict(problem))) for problem in problems]


def _problem(problem: Mapping[str, Any]) -> str:
    field = ".".join(str(part) for part in problem["loc"]) or "article"
    value = json.dumps(problem.get("input"), ensure_ascii=False, default=str)
    shown = value if len(value) <= 40 else f"{value[:39]}…"
    return f"{field}: {_EXPECTED.get(problem['type'], problem['msg'])}, got {shown}"


def before_cleaning(
    raw: Mapping[str, Any], article: RawArticle, size: int, dates: DateRules
) -> Iterator[LintFinding]:
    """Yield the warnings about a raw article that can be given before its text is cleaned, such as
    an unknown key or a date without a time zone.

    `raw` is the article as it was sent, `article` the same after parsing, and `size` the length of
    its JSON text in bytes. `dates` are the rules for dates: if they name a time zone for the source
    of the article, its dates need none.
    """
    for key in unknown_keys(raw):
        yield warning("unknown-key", f'unknown key "{key.path}"', key.advice)
    yield from _links_and_receipt(article)
    if article.status == _WITHDRAWN:  # only its keys are read; without one it is an error
        return
    yield from _identity(article)
    is_zoned = dates.zone_of(article.source_id) is not UTC
    for name in () if is_zoned else ("published", "updated"):
        yield from _naive_date(name, getattr(article, name))
    yield from _language(article)
    yield from _types(raw, article)
    if mend(article.title, LIMITS.title_bytes) != article.title:
        yield warning("mojibake", "the title was decoded with the wrong charset", _DECODE)
    if article.title and bare(article.title) == bare(article.summary):
        yield warning("title-is-summary", "the summary repeats the title", "leave it out")
    for what, value, limit in (*sizes(article), ("article bytes", size, LIMITS.article_bytes)):
        if value * 2 > limit:
            yield warning("near-limit", f"{what}: {value:,} of {limit:,}", "shorten it")


def flagged_dates(article: RawArticle, rules: DateRules, now: datetime) -> dict[str, str]:
    """Return which date of an article each flag about dates is for, with its text in quotes.

    An example is {"bad-date": "published 'soonish'"}. Dates that cleaning found in the text or on a
    page are not among them. `now` is the time of the fetch, if the article does not name it.
    """
    fetched = read_date(article.fetch.at, rules, now).at or now
    dates: dict[str, str] = {}
    for name in ("published", "updated"):
        text = getattr(article, name)
        flag = read_date(text, rules, fetched, certain=False).flag
        if flag:
            dates.setdefault(flag, f"{name} {text[:40]!r}")
    return dates


def after_cleaning(
    flags: Collection[str], dates: Mapping[str, str], *, dated: bool
) -> Iterator[LintFinding]:
    """Yield the warnings that can be given about an article after its text was cleaned.

    `flags` name what cleaning noticed, such as `no-title`. `dates` maps flags about dates to the
    date with its field, as `flagged_dates` returns it. `dated` tells whether the article has a date
    of publication.
    """
    for flag in flags:
        if flag in FLAGS:
            what, fix = FLAGS[flag]
            yield warning(flag, what.replace("{date}", dates.get(flag, "a date")), fix)
    if not dated and "bad-date" not in flags:
        yield warning("no-date", "no date of publication", f'send "published", {_ISO}')


def _identity(article: RawArticle) -> Iterator[LintFinding]:
    try:
        withdrawn_keys(article)
    except Rejected:
        what = "no id, and no link to a page of its own: an edit would make another article of it"
        yield warning("no-identity", what, "send the publisher's id, or the link")
    if article.source_id == DEFAULT_SOURCE:
        what = f'the source has no name and becomes "{DEFAULT_SOURCE}"'
        yield warning("no-source", what, "send source.id, feed.url or a link")


def _links_and_receipt(article: RawArticle) -> Iterator[LintFinding]:
    if article.link and not _is_absolute(article.link):
        what = f"no address on the web: {article.link[:60]}"
        yield warning("relative-link", what, "resolve it against the address of the feed")
    elif article.link and is_home_page(article.link):
        what = f"the link is a home page, which is no article: {article.link[:60]}"
        yield warning("home-link", what, "send the link of its own page, or none")
    if article.receipt and not is_receipt(article.receipt):
        what = "the receipt is not used: too long, or not printable"
        yield warning("bad-receipt", what, f"at most {MAX_RECEIPT_CHARS} printable characters")


def _is_absolute(link: str) -> bool:
    try:
        parts = urlsplit(link.strip())
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _naive_date(name: str, text: str) -> Iterator[LintFinding]:
    if _TIME.search(text) and not _ZONED.search(text.strip()[-_MAX_ZONE_CHARS:]):
        yield warning("naive-date", f"{name} {text[:40]!r} has no zone and is read as UTC", _ISO)


def _language(article: RawArticle) -> Iterator[LintFinding]:
    bodies = (content.language for content in article.content)
    declared = [tag for tag in (article.language, *bodies, article.feed.language) if tag]
    if not declared:
        yield warning("no-language", "no language, so it is guessed", "send the feed's: de, en-GB")
    for tag in declared:
        if not primary(tag):
            yield warning("bad-language", f"{tag[:40]!r} is no language tag", "write de, en-GB …")


def _types(raw: Mapping[str, Any], article: RawArticle) -> Iterator[LintFinding]:
    value = raw.get("content")
    bodies: Iterable[Any] = value if isinstance(value, list) else [value]
    for body, content in zip(bodies, article.content, strict=False):
        typed = isinstance(body, Mapping) and body.get("type")
        if not typed and is_page(content.value):
            yield warning("no-type", "a whole page without a type", 'send "type": "text/html"')
        plain = typed and is_text(content.type) and not is_html(content.type)
        if plain and has_tags(content.value):
            what = f"markup that is declared as {content.type[:40]}: its tags are read as text"
            yield warning("wrong-type", what, 'send "type": "text/html"')
