"""Find out which publisher an article was copied from, as far as the article names it.

An article can name its origin in four fields. In order of reliability they are the source element
of its feed entry, the agency of its dateline, a line such as "Source: dpa", and a byline such as
"By Reuters".
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from worker.clean.line_rule_config import DatelineRules
from worker.model.admission import host
from worker.model.records import StoredRecord

ELEMENT, DATELINE, LINE, BYLINE = "source element", "dateline", "source line", "byline"
_FIELDS = (ELEMENT, DATELINE, LINE, BYLINE)  # the most reliable first
_STAFF = re.compile(r"(?:\s(?:staff|news agency|newsroom)|\.com)$", re.I)


@dataclass(frozen=True, slots=True)
class Publisher:
    """The publisher that an article was copied from, such as a news agency.

    `named_by` is the field of an article that names the publisher, such as "dateline"; `article_id`
    is the id of that article.
    """

    name: str
    named_by: str  # source element, dateline, source line, byline
    article_id: str  # of the article with that field


def publisher_of(record: StoredRecord, rules: DatelineRules) -> Publisher | None:
    """Return the publisher that a stored article says it was copied from; None if it names none.

    If it names several, the most reliable is returned: that of the source element of its feed, else
    of its dateline, else of a line such as "Source: dpa", else of its byline. `rules` have the
    names of news agencies.
    """
    for named_by, name in _names(record, rules):
        if name:
            return Publisher(name=name, named_by=named_by, article_id=record.article_id)
    return None


def original_publisher(publishers: Iterable[Publisher | None]) -> Publisher | None:
    """Choose the most reliable publisher among those named by an article and its copies; None if
    none is named.

    A publisher named in the source element of a feed is most reliable, then one in a dateline, one
    in a line such as "Source: dpa", and one in a byline. `publishers` has None for articles that
    name none.
    """
    named = [publisher for publisher in publishers if publisher]
    return min(named, key=lambda publisher: _FIELDS.index(publisher.named_by), default=None)


def _names(record: StoredRecord, rules: DatelineRules) -> Iterable[tuple[str, str]]:
    article = record.article
    dated = any(dropped.rule == "dateline" for dropped in article.dropped)
    yield ELEMENT, _origin(_raw(record.payload))
    yield DATELINE if dated else LINE, article.agency
    bare = (_STAFF.sub("", author).rstrip().casefold() for author in article.authors)
    yield BYLINE, next(filter(None, map(rules.agency_names.get, bare)), "")


def _raw(payload: str) -> dict[str, Any]:
    """Parse a stored payload to the raw article; {} if the payload was truncated or deleted."""
    try:
        raw = json.loads(payload)
    except ValueError:
        return {}
    return raw if isinstance(raw, dict) else {}


def _origin(raw: dict[str, Any]) -> str:
    """Return the publisher in the source element of a feed entry; "" if that is the feed's own."""
    source, feed = (raw[part] if isinstance(raw.get(part), dict) else {} for part in _PARTS)
    title, url = _text(source.get("title")), _text(source.get("url"))
    feed_host, feed_title = host(_text(feed.get("url"))), _text(feed.get("title"))
    name = title or host(url)
    hosts, titles = (host(url), feed_host), (title.casefold(), feed_title.casefold())
    both = next((pair for pair in (hosts, titles) if all(pair)), None)
    is_other = both[0] != both[1] if both else not (source.get("id") or feed)
    return name if is_other else ""


_PARTS = ("source", "feed")


def _text(value: object) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""
