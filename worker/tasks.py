"""The Celery tasks: pass the raw articles of a message through the pipeline.

An article that the pipeline can't process is set aside in the store as a dead letter. If a task
raises nevertheless, `worker.broker.request` decides in the main process where the message goes:
back to its queue, or to the quarantine queue, where its articles are tried alone.
"""

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cache, partial
from socket import gethostname
from typing import Any

from celery import Task
from celery.exceptions import Reject
from celery.signals import celeryd_after_setup, celeryd_init, worker_ready

from worker import bootstrap
from worker.broker import bodies, celery_internals, control_commands, heartbeat, journal, shutdown
from worker.broker.broker_outage import CONSUMER, broker_outage
from worker.broker.eviction_check import NoEviction
from worker.broker.foreign_apps import NoForeignApp
from worker.broker.leases import LeaseKeeper
from worker.broker.messages import LONGEST, ClaimedMessage, InvalidMessage
from worker.celery import INGEST, REDO, app
from worker.config.worker_rules import WorkerRules
from worker.errors import Unavailable, WorkerError
from worker.maintenance.reprocess import Reprocessing, reprocess
from worker.model.compressed_article import OpenedArticle
from worker.model.log_lines import log_context, set_context
from worker.model.queue_place import QueuePlace
from worker.model.records import Attempt
from worker.model.stage_times import times_text
from worker.pipeline.deliveries import Delivery
from worker.pipeline.holding import hold_paused
from worker.pipeline.ingestion import Pipeline
from worker.pipeline.stage_clock import stage_clock
from worker.runtime import alert_loop, dead_letter_loop, error_reports, repair_loop
from worker.runtime.config_reload import CurrentConfig
from worker.runtime.free_memory import give_back_memory
from worker.runtime.held_articles_return import returning_held
from worker.runtime.quarantine import ingest_in_sandbox, redo_in_sandbox
from worker.runtime.retention_turns import periods_of
from worker.runtime.worker_state import describe_worker
from worker.settings import Settings, masked

log = logging.getLogger("worker")

celery_internals.hide_rejection_records()
control_commands.register()
celery_internals.replace_outage_records(
    partial(broker_outage.begin, CONSUMER), lambda: broker_outage.lasts
)
app.steps["worker"].add(LeaseKeeper)
app.steps["consumer"].update((NoEviction, NoForeignApp))

_node = f"celery@{gethostname()}"  # Celery's name of this worker, until the worker tells another


@cache
def _current() -> CurrentConfig:
    """The config and pipeline of this process.

    They are loaded on the first call, in the main process. Each forked process keeps its own copy
    up to date.
    """
    settings = Settings.load()
    return CurrentConfig(settings, settings.config_report(_node))


def pipeline() -> Pipeline:
    """The pipeline for the next batch of articles.

    It is rebuilt first if config files have changed; if the new ones are invalid, the old rules
    stay.
    """
    return _current().pipeline()


def rules() -> WorkerRules:
    """The rules of worker.toml that this process follows now.

    When the file changes, this process follows the new rules from its next batch of articles on.
    """
    return _current().in_force.config.worker


@celeryd_init.connect
def _prepare(sender: str, **_: object) -> None:
    """Prepare broker, store and models, and load the rules, before the first message and any fork.

    Errors end the worker by SystemExit: Celery logs whatever else a signal handler raises, and goes
    on.
    """
    global _node
    _node = sender
    try:
        error_reports.start(Settings.load(), sender)
        bootstrap.prepare(Settings.load())
        _current()  # rules are validated now, and shared by the children
        bootstrap.freeze()
    except WorkerError as e:
        raise SystemExit(f"worker: {e}") from e


@celeryd_after_setup.connect
def _set_up(instance: Any, **_: object) -> None:
    """Limit the time of a warm shutdown, and let the pool processes share what waits.

    This comes before the worker is ready, because SIGTERM may come while it starts.
    """
    app.conf.broker_transport_options["processes"] = instance.concurrency
    shutdown.limit_warm_shutdown(instance, rules().time.drain_s)


@worker_ready.connect
def _start_loops(sender: Any, **_: object) -> None:
    """Start the background loops of the main process when the worker is ready.

    The loop that renews leases is not among them, because it starts earlier, as a step of the
    worker.
    """
    shutdown.delay_sigterm()
    settings = Settings.load()
    dedup_rules = pipeline().config.dedup
    journal.start(app, partial(bootstrap.enter, settings))
    report = settings.config_report(sender.hostname)
    describe = partial(describe_worker, sender, report, datetime.now(UTC))
    heartbeat.start(app, settings.heartbeat(sender.hostname), describe)
    dead_letter_loop.start(
        app,
        bootstrap.store(settings),
        rules().dead.keep_days,
        rules().quarantine.stalled_replay_s,
    )
    repair_loop.start(
        bootstrap.store(settings),
        lambda: bootstrap.index(settings, dedup_rules),
        dedup_rules,
        returning_held(app, bootstrap.store(settings)),
        periods_of(rules().retention),
    )
    state = describe()
    log.info(
        "worker.ready node=%s processes=%d queue=%s store=%s version=%s rules=%s",
        *(state.node, state.processes, app.conf.task_default_queue, masked(settings.store)),
        *(state.version, state.digest),
    )
    alert_loop.start(app, sender.hostname, settings, bootstrap.store(settings), rules())


class Ingest(Task):
    """Base class of the worker's two Celery tasks, for what they do differently from other tasks.

    A task is called with complete messages, as the worker took them from the queue. It is not
    called with the arguments that a producer wrote into the message (docs/message.md), so Celery's
    check of arguments is off. What happens to a message after its task is decided by the class
    Request of worker.broker.request.
    """

    Request = "worker.broker.request:Request"
    typing = False
    send_events = False  # Celery's events; worker.broker.request sends them, one for each message

    @staticmethod
    def probe(service: str) -> None:
        """Check that `service`, "store" or "index", answers. Raises Unavailable when it does not.

        While a service is down the worker takes no messages, and calls this again and again until
        it raises nothing.
        """
        bootstrap.probe(Settings.load(), service, _current().in_force.config.dedup)


@app.task(name=INGEST, base=Ingest, bind=True)
def ingest(self: Task, *messages: ClaimedMessage) -> str:
    """Celery task: process the raw articles of one message, or of many small ones as one batch.

    Returns how long each stage took, as worker.model.stage_times writes it.
    """
    stage_clock.take()  # what is left of a batch that failed
    _reject_failures(lambda: _ingest(self, messages))
    give_back_memory(sum(len(message.body) for message in messages))
    return times_text(stage_clock.take())


@app.task(name=REDO, base=Ingest, bind=True)
def redo_stored(self: Task, message: ClaimedMessage) -> None:
    """Celery task: clean or tag stored articles again, by the rules that are in force now.

    A message that failed before, one of the quarantine queue, is processed one article at a time,
    in processes that may die.
    """
    _reject_failures(lambda: _redo(message))


celery_internals.remove_builtin_tasks(app)


def _ingest(task: Task, messages: Sequence[ClaimedMessage]) -> None:
    first = messages[0]
    set_context(log_context(task.request.id or "", [m.traceparent for m in messages]))
    is_suspect = first.quarantined or first.deliveries >= rules().quarantine.deliveries
    worker = f"{task.request.hostname}/{os.getpid()}"
    handling = Attempt(worker=worker, deliveries=first.deliveries + 1)
    unreadable: dict[int, str] = {}
    for batch in _decode(messages, unreadable):
        deliveries = _without_held(task, first, batch) if first.paused_sources else batch
        if is_suspect:
            ingest_in_sandbox(pipeline(), deliveries, rules(), handling, dict(first.stalled_runs))
        elif deliveries:
            pipeline().ingest(deliveries, now=datetime.now(UTC), handling=handling)
    if unreadable:
        raise Reject(unreadable, requeue=False)


def _without_held(
    task: Task, message: ClaimedMessage, deliveries: list[Delivery]
) -> list[Delivery]:
    """Store the articles of paused sources as held, and return the others.

    `message` is the first of the batch; all of them come from one queue, and know the same pauses.
    """
    place = QueuePlace(
        queue=(task.request.delivery_info or {}).get("routing_key") or app.conf.task_default_queue,
        priority=message.priority,
        quarantined=message.quarantined,
    )
    return hold_paused(
        pipeline().store, deliveries, message.paused_sources, place, now=datetime.now(UTC)
    )


def _decode(
    messages: Sequence[ClaimedMessage], unreadable: dict[int, str]
) -> Iterator[list[Delivery]]:
    """Decode the raw articles of the messages that can be read, and yield them in batches.

    Small messages make one batch, unless their articles expand to more than the maximum size of a
    message: together they could fill the memory. The reason why a message can't be read is put into
    `unreadable`, by the message's index.
    """
    batch: list[Delivery] = []
    for index, message in enumerate(messages):
        try:
            articles = bodies.articles(message, on_error_calls=_warn_of_error_calls)
        except InvalidMessage as e:
            unreadable[index] = str(e)
            continue
        trace = message.traceparent
        batch += [_delivery(receipt, article, trace) for receipt, article in articles]
        if sum(d.payload.bytes for d in batch if d.payload) > LONGEST:
            yield batch
            batch = []
    yield batch


def _delivery(receipt: str, article: object, trace: str) -> Delivery:
    if isinstance(article, OpenedArticle):
        raw, payload = article.raw, article.payload
        return Delivery(receipt=receipt, raw=raw, payload=payload, traceparent=trace)
    return Delivery(receipt=receipt, raw=article, traceparent=trace)


@cache
def _warn_of_error_calls() -> None:
    """Log once in this process that calls by Celery's link_error are not made."""
    log.warning(
        "message.link-error the worker makes no call that a message asks for by link_error: "
        "an article that fails becomes a dead letter"
    )


def _redo(message: ClaimedMessage) -> None:
    try:
        what, article_ids = bodies.redo_arguments(message)
        kind = Reprocessing(what)
    except InvalidMessage as e:
        raise Reject({0: str(e)}, requeue=False) from e
    except ValueError as e:  # a kind of reprocessing that this version does not have
        raise Reject({0: f"arguments: {e}"}, requeue=False) from e
    if message.quarantined:
        redo_in_sandbox(kind, article_ids, rules())
    else:
        reprocess(pipeline(), kind, article_ids, now=datetime.now(UTC))


def _reject_failures(work: Callable[[], object]) -> None:
    """Do a task's work, and turn an Unavailable that it raises into Celery's Reject.

    By the Reject, worker.broker.request puts the message back on its queue.
    """
    try:
        work()
    except Unavailable as e:
        log.warning("batch.returned what=%s detail=%s", e.what, e.detail)
        raise Reject(e, requeue=True) from e
    except MemoryError as e:
        raise RuntimeError("out of memory") from e  # Celery ends the worker on a MemoryError
    finally:
        set_context()
