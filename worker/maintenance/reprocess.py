"""Reprocess stored articles by newer rules, a batch at a time: tag them again, or clean and tag
them.

Articles that were made by the rules in force are skipped, so it does no harm if the message that
asks for a batch is delivered twice. An article that fails is logged and stays as it is stored; the
rest of the batch is processed.
"""

import json
import logging
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from worker.model.receipts import reclean_receipt
from worker.model.records import Retagged, StoredRecord
from worker.pipeline.dead_lettering import Reprocessed
from worker.pipeline.deliveries import Delivery
from worker.pipeline.ingestion import Pipeline
from worker.tag import tag

log = logging.getLogger("worker")


class Reprocessing(StrEnum):
    """What a worker does again with a stored article: only tag it, or clean and tag it."""

    RETAG = "retag"
    RECLEAN = "reclean"


def reprocess(
    pipeline: Pipeline, what: Reprocessing, article_ids: Sequence[str], *, now: datetime
) -> int:
    """Tag these stored articles again, or clean and tag them again, by the rules in force.

    `what` says which of the two. Returns how many articles were stored with other contents or tags.
    Raises Unavailable when the store or the index does not answer.
    """
    if what is Reprocessing.RETAG:
        return retag(pipeline, article_ids, now=now)
    return reclean(pipeline, article_ids, now=now)


def retag(pipeline: Pipeline, article_ids: Sequence[str], *, now: datetime) -> int:
    """Tag stored articles again, if their tags were made by other rules than those in force now.

    Only the tags of an article change, not its text. Returns how many articles got other tags.
    """
    version = pipeline.config.tagging.version
    stored = pipeline.store.records(article_ids)
    retagged = [
        new
        for record in stored
        if record.tagger != version and (new := _retagged(pipeline, record)) is not None
    ]
    changed = pipeline.store.retag(retagged, now=now) if retagged else 0
    log.info("batch.retagged articles=%d done=%d changed=%d", len(stored), len(retagged), changed)
    return changed


def reclean(pipeline: Pipeline, article_ids: Sequence[str], *, now: datetime) -> int:
    """Clean stored articles again from their raw articles, if another version of the cleaner made
    them.

    If this changes the title or text of an article, a new revision of it is stored; else its newest
    revision is updated. The articles are also tagged again. Articles whose raw articles were
    removed because of their age are left out. Returns how many articles were stored again.
    """
    version = pipeline.config.cleaner
    stored = [s for s in pipeline.store.records(article_ids) if s.cleaner != version and s.payload]
    outcomes = pipeline.ingest([_delivery(record, version) for record in stored], now=now)
    retag(pipeline, [record.article_id for record in stored], now=now)
    return sum(outcome.revision > 0 for outcome in outcomes)


def _retagged(pipeline: Pipeline, stored: StoredRecord) -> Retagged | None:
    config = pipeline.config
    try:
        with pipeline.stage_deadline("tag"):
            tags = tag(stored.article, config.tagging, stored.received)
    except Exception:
        log.exception("article.retag-failed article=%s", stored.article_id)
        return None
    return Retagged(
        article_id=stored.article_id,
        revision=stored.revision,
        was=stored.tagger,
        tags=tags,
        tagger=config.tagging.version,
        config=config.digest,
    )


def _delivery(stored: StoredRecord, version: str) -> Delivery:
    return Delivery(
        receipt=reclean_receipt(stored.article_id, stored.revision, version),
        raw=json.loads(stored.payload),
        reprocessed=Reprocessed(key=stored.article.key, received=stored.received),
    )
