"""Recognise raw articles that were processed before and have not changed, without cleaning them.

The store keeps a hash of the raw article with each article. What else the outcome depends on is in
the hash, too: the rules, and the day, because lines that a source repeats are counted by day.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256

from worker.clean import own_key
from worker.config.loader import Config
from worker.dedup import ALGORITHM
from worker.model.admission import Payload
from worker.model.records import article_id_of
from worker.model.unchanged import MarkedArticle, UnchangedArticle, opening_mark, raw_digest
from worker.pipeline.boilerplate import learning_day
from worker.pipeline.stage_results import AdmittedArticle, DecidedArticle

_OF_THE_DELIVERY = frozenset(("receipt", "fetch"))  # keys that may differ in each delivery


def rules_in_force(config: Config, now: datetime) -> str:
    """Return a text that differs when the same raw article may be processed in another way: by
    other rules, or on another day.

    The day counts because the lines of each delivery are counted once a day, to learn which lines a
    source repeats, and because the lines learned change with it.
    """
    learned = config.cleaning.learned
    learns = learned.head_lines + learned.tail_lines > 0
    days = f"{now.date()} {learning_day(now)}" if learns else ""
    return " ".join((config.cleaner, ALGORITHM, config.digest, days))


def with_digest(admitted: AdmittedArticle, delivered: object, rules: str) -> AdmittedArticle:
    """Return the article with the key, the id and the hash by which it may be found unchanged.

    `delivered` is its JSON value, and `rules` what `rules_in_force` returns. An article that has
    neither an id nor a link is returned as it is, and so are a request to withdraw one and an
    article that is only cleaned again.
    """
    raw = admitted.raw
    if admitted.origin.reprocessed or raw.status == "withdrawn":
        return admitted
    key = own_key(raw)
    content = _content_hash(admitted.origin.payload, delivered)
    if not key or not content:
        return admitted
    return replace(
        admitted,
        key=key,
        article_id=article_id_of(raw.source_id, key),
        raw_digest=raw_digest((rules, str(raw.fetch.status), content)),
    )


def _content_hash(payload: Payload, delivered: object) -> str:
    """Hash the raw article without the keys that may differ in each delivery; "" if it can't be
    written as JSON."""
    if not payload.text.startswith("{") or not isinstance(delivered, Mapping):
        return ""
    if _OF_THE_DELIVERY.isdisjoint(delivered):
        return payload.sha256
    kept = {name: value for name, value in delivered.items() if name not in _OF_THE_DELIVERY}
    text = json.dumps(kept, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def find_unchanged(
    admitted: Sequence[AdmittedArticle], marked: Mapping[str, MarkedArticle]
) -> tuple[list[UnchangedArticle], list[AdmittedArticle]]:
    """Divide the articles of a batch into those that are unchanged by their raw mark, and those
    that are to be cleaned.

    `marked` are the stored articles that have a mark, by article id.
    """
    unchanged, others = [], []
    for a in admitted:
        known = marked.get(a.article_id)
        if known and a.raw_digest and known.is_of(a.raw_digest):
            found = UnchangedArticle(
                receipt=a.origin.receipt,
                article_id=a.article_id,
                source=a.raw.source_id,
                key=a.key,
                known=known,
                payload_hash=a.origin.payload.digest,
            )
            unchanged.append(found)
        else:
            others.append(a)
    return unchanged, others


def meet(unchanged: Sequence[UnchangedArticle], decided: Sequence[DecidedArticle]) -> bool:
    """Whether a cleaned article of the batch is a version of one that was found unchanged, or
    begins with the same words.

    Then the order in which both arrived matters, and all articles of the batch must be cleaned.
    """
    ids = {u.article_id for u in unchanged}
    openings = {(u.source, u.known.opening) for u in unchanged}
    return any(
        d.verdict.article_id in ids
        or (d.article.source, opening_mark(d.article.opening_key)) in openings
        for d in decided
    )
