"""The Celery task: a message comes in, its raw articles go through the pipeline.

What can't be processed is buried by the pipeline. A task that raises all the same is judged by
`broker.request` in the main process: its message goes back, or its articles are tried alone.
"""

import logging
import os
from base64 import b64decode
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache, partial
from socket import gethostname
from typing import Any

from celery import Task
from celery.exceptions import Reject
from celery.signals import celeryd_after_setup, celeryd_init, worker_ready
from kombu.exceptions import ContentDisallowed, DecodeError
from kombu.serialization import loads

from worker import build, patrol, undertaker
from worker.broker import drain, heartbeat, journal
from worker.broker.condition import NoEviction
from worker.broker.leases import LeaseKeeper
from worker.celery import INGEST, INGEST_GROUP, REDO, app
from worker.contract import receipt_of
from worker.errors import Unavailable, WorkerError
from worker.models import Handling
from worker.pipeline import Delivery, Pipeline
from worker.quarantine import one_by_one, redo_one_by_one
from worker.redo import Redo, redo
from worker.reload import Current
from worker.rules import WorkerRules
from worker.settings import Settings

log = logging.getLogger("worker")

# id, content type, content encoding, body encoding, body: what the transport hands over of each
Message = tuple[str, str, str, str | None, str]

_JSON = {"application/json"}


app.steps["worker"].add(LeaseKeeper)
app.steps["consumer"].add(NoEviction)


_node = f"celery@{gethostname()}"  # Celery's name of this worker, if it tells no other


@cache
def _current() -> Current:
    """Made in the main process; its children keep it up to date, each for itself."""
    settings = Settings.load()
    return Current(settings, settings.config_report(_node))


def pipeline() -> Pipeline:
    """For the next batch: with the newest valid rules."""
    return _current().pipeline()


def rules() -> WorkerRules:
    return _current().in_force.config.worker


@celeryd_init.connect
def _prepare(sender: str, **_: object) -> None:
    """Before the first message and any fork. Celery logs what a signal handler raises and goes
    on, so a refusal to start must leave as SystemExit."""
    global _node
    _node = sender
    try:
        build.prepare(Settings.load())
        _current()  # rules are validated now, and shared by the children
    except WorkerError as e:
        raise SystemExit(f"worker: {e}") from e


@celeryd_after_setup.connect
def _arm(instance: Any, **_: object) -> None:
    """Before it is ready: a worker may be told to end while it starts."""
    drain.arm(instance, rules().time.drain_s)


@worker_ready.connect
def _begin(sender: Any, **_: object) -> None:
    drain.settle_first()
    journal.start(app, partial(build.enter, Settings.load()))
    heartbeat.start(app, Settings.load().heartbeat(sender.hostname))
    undertaker.start(app, build.store(Settings.load()), rules().dead.keep_days)
    its = pipeline().config.dedup
    patrol.start(build.store(Settings.load()), lambda: build.index(Settings.load(), its), its)


class Ingest(Task):
    """A task of ours: its message's fate is decided by our Request, in the main process."""

    Request = "worker.broker.request:Request"

    @staticmethod
    def probe(what: str) -> None:
        build.probe(Settings.load(), what, _current().in_force.config.dedup)


@app.task(name=INGEST, base=Ingest, bind=True)
def ingest(self: Task, *args: Any, **kwargs: Any) -> None:
    """Process one message: a list of raw articles, or a single one."""
    headers = self.request.headers or {}
    vanished = int(headers.get("x-delivery-count") or 0)
    try:
        deliveries = _deliveries(str(self.request.id), *args, **kwargs)
    except TypeError as e:  # of other arguments no process makes an article: to the dead list
        raise Reject("arguments", requeue=False) from e
    if headers.get("x-quarantine") or vanished >= rules().quarantine.deliveries:
        _returning(lambda: one_by_one(pipeline(), deliveries, rules(), _handling(self, vanished)))
    else:
        _process(deliveries, _handling(self, vanished))


@app.task(name=INGEST_GROUP, base=Ingest, bind=True)
def ingest_group(self: Task, messages: list[Message]) -> None:
    """Process many small messages as one batch. When one can't be read all go back, and each runs
    alone: there that one goes to the dead list, as it is."""
    deliveries = []
    for message_id, content_type, content_encoding, body_encoding, body in messages:
        try:
            data = b64decode(body) if body_encoding == "base64" else body
            args, kwargs, _ = loads(data, content_type, content_encoding, accept=_JSON)
            deliveries += _deliveries(message_id, *args, **kwargs)
        except (DecodeError, ContentDisallowed, TypeError, ValueError) as e:
            raise Reject(f"unreadable: {message_id}", requeue=True) from e
    _process(deliveries, _handling(self, 0))


@app.task(name=REDO, base=Ingest, bind=True)
def redo_stored(self: Task, what: str, article_ids: list[str]) -> None:
    """Do stored articles over by the rules in force; in the quarantine lane each on its own."""
    kind = Redo(what)
    if (self.request.headers or {}).get("x-quarantine"):
        _returning(lambda: redo_one_by_one(kind, article_ids, rules()))
    else:
        _returning(lambda: redo(pipeline(), kind, article_ids, now=datetime.now(UTC)))


def _handling(task: Task, vanished: int) -> Handling:
    return Handling(worker=f"{task.request.hostname}/{os.getpid()}", deliveries=vanished + 1)


def _process(deliveries: list[Delivery], handling: Handling) -> None:
    _returning(lambda: pipeline().ingest(deliveries, now=datetime.now(UTC), handling=handling))


def _returning(work: Callable[[], object]) -> None:
    """Do it, or say to our Request what is to become of the message."""
    try:
        work()
    except Unavailable as e:
        log.warning("batch.returned what=%s detail=%s", e.what, e.detail)
        raise Reject(e, requeue=True) from e
    except MemoryError as e:
        raise RuntimeError("out of memory") from e  # Celery ends the worker on a MemoryError


def _deliveries(
    message_id: str, articles: Any, receipts: list[str] | None = None
) -> list[Delivery]:
    batch = articles if isinstance(articles, list) else [articles]
    return [
        Delivery(receipt=receipt_of(raw, place, message_id, receipts), raw=raw)
        for place, raw in enumerate(batch)
    ]
