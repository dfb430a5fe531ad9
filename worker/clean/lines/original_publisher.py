"""An article comes in; goes out who published it first, as far as it says so itself.

A copy names its origin in one of four places, here the surest first: the source element of its feed
entry, the agency of its dateline, a line such as "Source: dpa", a byline "By Reuters".
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from worker.clean.cleaning_rules import DatelineRules
from worker.model.admission import host
from worker.model.records import StoredRecord

ELEMENT, DATELINE, LINE, BYLINE = "source element", "dateline", "source line", "byline"
_SUREST = (ELEMENT, DATELINE, LINE, BYLINE)
_STAFF = re.compile(r"(?:\s+(?:staff|news agency|newsroom)|\.com)$", re.I)


@dataclass(frozen=True, slots=True)
class Publisher:
    """Who published a story first, and what says so."""

    name: str
    named_by: str  # source element, dateline, source line, byline
    article_id: str  # of the article that says so


def publisher_of(record: StoredRecord, rules: DatelineRules) -> Publisher | None:
    for named_by, name in _named(record, rules):
        if name:
            return Publisher(name=name, named_by=named_by, article_id=record.article_id)
    return None


def original_publisher(found: Iterable[Publisher | None]) -> Publisher | None:
    """The one that is named in the surest place; of several the first."""
    named = [publisher for publisher in found if publisher]
    return min(named, key=lambda its: _SUREST.index(its.named_by), default=None)


def _named(record: StoredRecord, rules: DatelineRules) -> Iterable[tuple[str, str]]:
    article = record.article
    dated = any(dropped.rule == "dateline" for dropped in article.dropped)
    yield ELEMENT, _origin(_raw(record.payload))
    yield DATELINE if dated else LINE, article.agency
    bare = (_STAFF.sub("", author).casefold() for author in article.authors)
    yield BYLINE, next(filter(None, map(rules.agency_names.get, bare)), "")


def _raw(payload: str) -> dict[str, Any]:
    """The raw article of a payload; nothing of one that was cut off or taken out."""
    try:
        raw = json.loads(payload)
    except ValueError:
        return {}
    return raw if isinstance(raw, dict) else {}


def _origin(raw: dict[str, Any]) -> str:
    """Whom the entry names as its source, where that is another than the feed it came in."""
    source, feed = (raw[part] if isinstance(raw.get(part), dict) else {} for part in _PARTS)
    title, url = _text(source.get("title")), _text(source.get("url"))
    found_in, feed_title = host(_text(feed.get("url"))), _text(feed.get("title"))
    name = title or host(url)
    hosts, titles = (host(url), found_in), (title.casefold(), feed_title.casefold())
    both = next((pair for pair in (hosts, titles) if all(pair)), None)
    elsewhere = both[0] != both[1] if both else not (source.get("id") or feed)
    return name if elsewhere else ""


_PARTS = ("source", "feed")


def _text(value: object) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""
