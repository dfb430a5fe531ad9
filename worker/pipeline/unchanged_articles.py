"""Recognise raw articles that were processed before and have not changed, without cleaning them.

With each article the store keeps a hash of the raw article. The rules in force go into this hash,
too, and the day, because it depends on both how the raw article is cleaned.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

from worker.clean import own_key
from worker.config.loader import Config
from worker.dedup import ALGORITHM
from worker.model.admission import Payload, source_of
from worker.model.canonical_json import canonical_json
from worker.model.records import article_id_of
from worker.model.unchanged import MarkedArticle, UnchangedArticle, opening_mark, raw_digest
from worker.pipeline.boilerplate import learning_day
from worker.pipeline.deliveries import Delivery, payload_of
from worker.pipeline.stage_results import DecidedArticle

_OF_THE_DELIVERY = frozenset(("receipt", "fetch"))  # keys that may differ in each delivery
_FETCH_TEXTS = ("at", "etag", "last_modified")
_MAX_STATUS = 2**53  # as in the contract


class ComparableDelivery(NamedTuple):
    """A delivered raw article that is to be compared with the one processed last for the same
    stored article, to find out whether it is unchanged.

    `key` is the id or link by which its source identifies the article, `article_id` the id of the
    stored article, and `digest` a hash of the raw article and the rules in force. These three are
    empty if the article can't be found unchanged, so that it is cleaned in any case.
    """

    delivery: Delivery
    payload: Payload
    source: str
    key: str = ""
    article_id: str = ""
    digest: bytes = b""


def rules_in_force(config: Config, now: datetime) -> str:
    """Return a text that is the same as long as equal raw articles are processed in the same way.
    It changes with the rules, and also with the day if lines are learned that sources repeat,
    because these are learned anew each day."""
    learned = config.cleaning.learned
    learns = learned.head_lines + learned.tail_lines > 0
    days = f"{now.date()} {learning_day(now)}" if learns else ""
    return " ".join((config.cleaner, ALGORITHM, config.digest, days))


def comparable(delivery: Delivery, rules: str) -> ComparableDelivery:
    """Return a delivery with the hash by which it is found unchanged, if it is equal to the raw
    article processed last. `rules` is what `rules_in_force` returns.

    The hash is empty, so that the article is cleaned in any case, if it has neither an id nor a
    link, requests a withdrawal, or is a stored article that is cleaned again. The raw article may
    be invalid: if it is equal to one that was processed, that one was valid.
    """
    raw, payload, source = delivery.raw, payload_of(delivery), source_of(delivery.raw)
    unknown = ComparableDelivery(delivery, payload, source)
    if delivery.reprocessed or not isinstance(raw, Mapping) or not payload.whole:
        return unknown
    status = _fetch_status(raw)
    if status is None or withdraws(raw) or not payload.text.startswith("{"):  # else it is no JSON
        return unknown
    key = _key(raw)
    if not key:
        return unknown
    digest = raw_digest((rules, status, _content_hash(payload, raw)))
    article_id = article_id_of(source, key)
    return ComparableDelivery(delivery, payload, source, key, article_id, digest)


def withdraws(raw: object) -> bool:
    """Return whether a raw article, valid or not, is its publisher's request to take an article
    down."""
    return isinstance(raw, Mapping) and raw.get("status") == "withdrawn"


def _key(raw: Mapping[str, object]) -> str:
    """The key made of the id or the link of a raw article, "" if these are missing or no text."""
    given, link = raw.get("id"), raw.get("link")
    external = str(given) if type(given) is int else given or ""
    if not isinstance(external, str) or not isinstance(link, str | None):
        return ""
    return own_key(external, link or "")


def _fetch_status(raw: Mapping[str, object]) -> str | None:
    """The HTTP status of the fetch as text; None if the keys that may differ in each delivery may
    be invalid."""
    fetch = raw.get("fetch")
    if not isinstance(raw.get("receipt"), str | None) or not isinstance(fetch, Mapping | None):
        return None
    if not fetch:
        return ""
    status = fetch.get("status")
    is_status = status is None or (type(status) is int and abs(status) <= _MAX_STATUS)
    if not is_status or not all(isinstance(fetch.get(name), str | None) for name in _FETCH_TEXTS):
        return None
    return "" if status is None else str(status)


def _content_hash(payload: Payload, raw: Mapping[str, object]) -> str:
    """Hash the raw article without the keys that may differ in each delivery."""
    if _OF_THE_DELIVERY.isdisjoint(raw):
        return payload.sha256
    kept = {name: value for name, value in raw.items() if name not in _OF_THE_DELIVERY}
    return sha256(canonical_json(kept)).hexdigest()


def find_unchanged(
    compared: Sequence[ComparableDelivery], marked: Mapping[str, MarkedArticle]
) -> list[UnchangedArticle]:
    """Return the deliveries of a batch that are equal to the raw article processed last for the
    stored article, so that they need not be cleaned.

    `marked` maps article ids to stored articles for which this can be told. If the batch has a
    request to take an article down, none is returned, because the order of the request and the
    deliveries matters.
    """
    if any(withdraws(c.delivery.raw) for c in compared):
        return []
    return [
        UnchangedArticle(
            receipt=c.delivery.receipt,
            article_id=c.article_id,
            source=c.source,
            key=c.key,
            known=known,
            payload_hash=c.payload.digest,
        )
        for c in compared
        if c.digest and (known := marked.get(c.article_id)) and known.is_of(c.digest)
    ]


def meet(unchanged: Sequence[UnchangedArticle], decided: Sequence[DecidedArticle]) -> bool:
    """Return whether the articles of a batch that were found unchanged, and those that were
    cleaned, have an article or an id in common, or two that begin with the same words.

    If so, the order in which these arrived matters, and all articles of the batch must be cleaned.
    """
    ids = {u.article_id for u in unchanged}
    openings = {(u.source, u.known.opening) for u in unchanged}
    return any(
        d.verdict.article_id in ids
        or article_id_of(d.article.source, d.article.key) in ids  # its text may be another story
        or (d.article.source, opening_mark(d.article.opening_key)) in openings
        for d in decided
    )
