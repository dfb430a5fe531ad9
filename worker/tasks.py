"""The Celery task: a message comes in, its raw articles go through the pipeline.

The task never raises: what can't be processed is buried by the pipeline, and when a service
does not answer the message goes back on the queue as it was.
"""

import logging
import time
from base64 import b64decode
from datetime import UTC, datetime
from functools import cache
from hashlib import blake2b
from typing import Any

from celery import Task
from celery.exceptions import Reject
from celery.signals import celeryd_init, worker_ready
from kombu.exceptions import ContentDisallowed, DecodeError
from kombu.serialization import loads

from worker import build
from worker.broker import heartbeat
from worker.broker.leases import LeaseKeeper
from worker.celery import INGEST, INGEST_GROUP, app
from worker.errors import Unavailable, WorkerError
from worker.pipeline import Delivery, Pipeline
from worker.rules import load_worker_rules
from worker.settings import Settings

log = logging.getLogger("worker")

# id, content type, content encoding, body encoding, body: what the transport hands over of each
Message = tuple[str, str, str, str | None, str]

_JSON = {"application/json"}
_LONGEST_RECEIPT = 200


app.steps["worker"].add(LeaseKeeper)


@cache
def pipeline() -> Pipeline:
    return build.pipeline(Settings.load())


@celeryd_init.connect
def _prepare(**_: object) -> None:
    """Before the first message and any fork. Celery logs what a signal handler raises and goes
    on, so a refusal to start must leave as SystemExit."""
    try:
        build.prepare(Settings.load())
        pipeline()  # rules are validated now, and shared by the children
    except WorkerError as e:
        raise SystemExit(f"worker: {e}") from e


@worker_ready.connect
def _beat(sender: Any, **_: object) -> None:
    heartbeat.start(app, Settings.load().heartbeat(sender.hostname))


@app.task(name=INGEST, bind=True)
def ingest(self: Task, articles: Any, receipts: list[str] | None = None) -> None:
    """Process one message: a list of raw articles, or a single one."""
    _process(_deliveries(str(self.request.id), articles, receipts))


@app.task(name=INGEST_GROUP)
def ingest_group(messages: list[Message]) -> None:
    """Process many small messages as one batch. One that can't be read is buried alone."""
    deliveries = []
    for message_id, content_type, content_encoding, body_encoding, body in messages:
        try:
            data = b64decode(body) if body_encoding == "base64" else body
            args, kwargs, _ = loads(data, content_type, content_encoding, accept=_JSON)
            deliveries += _deliveries(message_id, *args, **kwargs)
        except (DecodeError, ContentDisallowed, TypeError, ValueError):
            deliveries += _deliveries(message_id, body)  # text is no raw article: it is buried
    _process(deliveries)


def _deliveries(
    message_id: str, articles: Any, receipts: list[str] | None = None
) -> list[Delivery]:
    batch = articles if isinstance(articles, list) else [articles]
    return [
        Delivery(receipt=_receipt(raw, place, message_id, receipts), raw=raw)
        for place, raw in enumerate(batch)
    ]


def _process(deliveries: list[Delivery]) -> None:
    try:
        pipeline().ingest(deliveries, now=datetime.now(UTC))
    except Unavailable as e:
        log.warning("batch.returned what=%s detail=%s", e.what, e.detail)
        _give_back(e)
    except Exception as e:
        log.exception("batch.returned what=bug")
        _give_back(e)


def _give_back(cause: Exception) -> None:
    time.sleep(load_worker_rules(Settings.load().config_dir).time.pause_s)
    raise Reject(cause, requeue=True) from cause


def _receipt(raw: Any, place: int, message_id: str, receipts: list[str] | None) -> str:
    """Given with the message, else by the article itself, else from the message's own id."""
    given = receipts[place] if isinstance(receipts, list) and place < len(receipts) else None
    given = given or (raw.get("receipt") if isinstance(raw, dict) else None)
    if isinstance(given, str) and 0 < len(given) <= _LONGEST_RECEIPT and given.isprintable():
        return given
    return blake2b(f"{message_id}\0{place}".encode("utf-8", "replace"), digest_size=16).hexdigest()
