"""The Celery task: a message comes in, its raw articles go through the pipeline.

What can't be processed is buried by the pipeline. A task that raises all the same is judged by
`broker.request` in the main process: its message goes back, or its articles are tried alone.
"""

import logging
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache, partial
from socket import gethostname
from typing import Any

from celery import Task
from celery.exceptions import Reject
from celery.signals import celeryd_after_setup, celeryd_init, worker_ready

from worker import bootstrap
from worker.broker import bodies, heartbeat, journal, shutdown
from worker.broker.leases import LeaseKeeper
from worker.broker.messages import ClaimedMessage, InvalidMessage
from worker.broker.server_info import NoEviction
from worker.celery import INGEST, REDO, app
from worker.config.worker_rules import WorkerRules
from worker.errors import Unavailable, WorkerError
from worker.maintenance.reprocess import Reprocessing, redo
from worker.model.records import Attempt
from worker.pipeline.ingestion import Delivery, Pipeline
from worker.runtime import dead_letter_loop, repair_loop
from worker.runtime.config_reload import Current
from worker.runtime.quarantine import one_by_one, redo_one_by_one
from worker.settings import Settings

log = logging.getLogger("worker")


def _not_rejected(record: logging.LogRecord) -> bool:
    """Drop Celery's record of a rejected message, twenty lines each: our own says why in one."""
    return getattr(record, "data", {}).get("description") != "rejected"


logging.getLogger("celery.app.trace").addFilter(_not_rejected)
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
        bootstrap.prepare(Settings.load())
        _current()  # rules are validated now, and shared by the children
    except WorkerError as e:
        raise SystemExit(f"worker: {e}") from e


@celeryd_after_setup.connect
def _arm(instance: Any, **_: object) -> None:
    """Before it is ready: a worker may be told to end while it starts."""
    shutdown.arm(instance, rules().time.drain_s)


@worker_ready.connect
def _begin(sender: Any, **_: object) -> None:
    shutdown.settle_first()
    journal.start(app, partial(bootstrap.enter, Settings.load()))
    heartbeat.start(app, Settings.load().heartbeat(sender.hostname))
    dead_letter_loop.start(app, bootstrap.store(Settings.load()), rules().dead.keep_days)
    its = pipeline().config.dedup
    repair_loop.start(
        bootstrap.store(Settings.load()), lambda: bootstrap.index(Settings.load(), its), its
    )


class Ingest(Task):
    """Base of the tasks here: worker.broker.request decides what happens to their messages.

    A task receives claimed messages, not the arguments that producers send (docs/message.md), so
    Celery's check of arguments is off.
    """

    Request = "worker.broker.request:Request"
    typing = False

    @staticmethod
    def probe(what: str) -> None:
        bootstrap.probe(Settings.load(), what, _current().in_force.config.dedup)


@app.task(name=INGEST, base=Ingest, bind=True)
def ingest(self: Task, *messages: ClaimedMessage) -> None:
    """Process the raw articles of one message, or of many small ones as one batch."""
    _returning(lambda: _ingest(self, messages))


@app.task(name=REDO, base=Ingest, bind=True)
def redo_stored(self: Task, message: ClaimedMessage) -> None:
    """Do stored articles over by the rules in force; in the quarantine lane each on its own."""
    _returning(lambda: _redo(message))


def _ingest(task: Task, messages: Sequence[ClaimedMessage]) -> None:
    deliveries, unreadable = _opened(messages)
    first = messages[0]
    alone = first.quarantined or first.deliveries >= rules().quarantine.deliveries
    worker = f"{task.request.hostname}/{os.getpid()}"
    handling = Attempt(worker=worker, deliveries=first.deliveries + 1)
    if alone:
        one_by_one(pipeline(), deliveries, rules(), handling)
    elif deliveries:
        pipeline().ingest(deliveries, now=datetime.now(UTC), handling=handling)
    if unreadable:
        raise Reject(unreadable, requeue=False)


def _opened(messages: Sequence[ClaimedMessage]) -> tuple[list[Delivery], dict[int, str]]:
    """The deliveries of the readable messages, and by place the reason of each unreadable one."""
    deliveries, unreadable = [], {}
    for place, message in enumerate(messages):
        try:
            articles = bodies.articles(message)
        except InvalidMessage as e:
            unreadable[place] = str(e)
        else:
            deliveries += [Delivery(receipt=receipt, raw=raw) for receipt, raw in articles]
    return deliveries, unreadable


def _redo(message: ClaimedMessage) -> None:
    try:
        what, article_ids = bodies.redo_arguments(message)
        kind = Reprocessing(what)
    except InvalidMessage as e:
        raise Reject({0: str(e)}, requeue=False) from e
    except ValueError as e:  # a kind of work that this worker does not know
        raise Reject({0: f"arguments: {e}"}, requeue=False) from e
    if message.quarantined:
        redo_one_by_one(kind, article_ids, rules())
    else:
        redo(pipeline(), kind, article_ids, now=datetime.now(UTC))


def _returning(work: Callable[[], object]) -> None:
    """Do it, or say to our Request what is to become of the message."""
    try:
        work()
    except Unavailable as e:
        log.warning("batch.returned what=%s detail=%s", e.what, e.detail)
        raise Reject(e, requeue=True) from e
    except MemoryError as e:
        raise RuntimeError("out of memory") from e  # Celery ends the worker on a MemoryError
