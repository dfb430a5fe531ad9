"""Doing over what is stored, a batch of articles at a time: by newer rules, in the replay lane.

Whatever is no longer stale when its turn comes is passed over, so a message may come any number
of times. What fails is logged and stays as it is stored; its neighbours go on.
"""

import json
import logging
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from worker.model.receipts import reclean_receipt
from worker.model.records import Retagged, StoredRecord
from worker.pipeline.dead_lettering import Reprocessed
from worker.pipeline.ingestion import Delivery, Pipeline
from worker.tag import tag

log = logging.getLogger("worker")


class Reprocessing(StrEnum):
    """What can be done over."""

    RETAG = "retag"
    RECLEAN = "reclean"


def redo(
    pipeline: Pipeline, what: Reprocessing, article_ids: Sequence[str], *, now: datetime
) -> int:
    """Do these over; returns how many changed. Raises Unavailable, and then nothing was done."""
    if what is Reprocessing.RETAG:
        return retag(pipeline, article_ids, now=now)
    return reclean(pipeline, article_ids, now=now)


def retag(pipeline: Pipeline, article_ids: Sequence[str], *, now: datetime) -> int:
    """Tag again what was tagged by other rules; no revision, no sighting."""
    version = pipeline.config.tagging.version
    stored = pipeline.store.records(article_ids)
    retagged = [
        new
        for each in stored
        if each.tagger != version and (new := _retagged(pipeline, each)) is not None
    ]
    changed = pipeline.store.retag(retagged, now=now) if retagged else 0
    log.info("batch.retagged articles=%d done=%d changed=%d", len(stored), len(retagged), changed)
    return changed


def reclean(pipeline: Pipeline, article_ids: Sequence[str], *, now: datetime) -> int:
    """Clean the stored payloads again: what reads differently becomes a revision of its article,
    what does not is brought up to date in place. Then its tags are looked at."""
    version = pipeline.config.cleaner
    stored = [s for s in pipeline.store.records(article_ids) if s.cleaner != version]
    outcomes = pipeline.ingest([_again(each, version) for each in stored], now=now)
    retag(pipeline, [each.article_id for each in stored], now=now)
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


def _again(stored: StoredRecord, version: str) -> Delivery:
    return Delivery(
        receipt=reclean_receipt(stored.article_id, stored.revision, version),
        raw=json.loads(stored.payload),
        reprocessed=Reprocessed(key=stored.article.key, received=stored.received),
    )
