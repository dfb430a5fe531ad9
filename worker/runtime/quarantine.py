"""The quarantine lane: a message that failed before is tried in a process that may die.

The whole message is tried first, because most failures are accidents. Then each article without an
outcome is tried alone. An article is done when the store has its receipt. Only a trial of one
article that leaves no receipt counts as an attempt; after `attempts` of them the article becomes a
dead letter. Earlier failures of its message do not count.
"""

import logging
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache, partial

from worker.config.worker_rules import WorkerRules
from worker.errors import Reason, Unavailable
from worker.maintenance.reprocess import Reprocessing
from worker.model.admission import Payload, Unopened, source_of
from worker.model.records import NO_ATTEMPT, Attempt, DeadLetter
from worker.pipeline.dead_lettering import dead_letter
from worker.pipeline.ingestion import Delivery, Pipeline
from worker.runtime.sandbox import SandboxEnd, SandboxServer, patience_s

log = logging.getLogger("worker")


def one_by_one(
    pipeline: Pipeline,
    deliveries: Sequence[Delivery],
    rules: WorkerRules,
    handling: Attempt = NO_ATTEMPT,
) -> None:
    """Every delivery gets its outcome, or Unavailable is raised for the rest.

    Progress is kept by the receipts: what comes back begins where this ended.
    """
    waiting = _without_outcome(pipeline, deliveries)
    if unopened := [d for d in waiting if isinstance(d.raw, Unopened)]:
        # They are not parsed, so they can crash no process and need no trial.
        pipeline.ingest(unopened, now=datetime.now(UTC), handling=handling)
        waiting = _without_outcome(pipeline, waiting)
    if not waiting:
        return
    log.info("quarantine.began articles=%d", len(waiting))
    until = time.monotonic() + rules.quarantine.budget_s
    tried = partial(_tried, patience=patience_s(rules), handling=handling)
    if len(waiting) > 1:
        tried(waiting)
        waiting = _without_outcome(pipeline, waiting)
    for place, delivery in enumerate(waiting):
        if place and time.monotonic() > until:
            raise Unavailable("time", f"{len(waiting) - place} articles left to try")
        _try_alone(pipeline, delivery, rules.quarantine.attempts, tried, handling)


def _without_outcome(pipeline: Pipeline, deliveries: Sequence[Delivery]) -> list[Delivery]:
    done = pipeline.store.outcomes([d.receipt for d in deliveries])
    return [d for d in deliveries if d.receipt not in done]


def redo_one_by_one(what: Reprocessing, article_ids: Sequence[str], rules: WorkerRules) -> None:
    """Each article in a disposable process; one that kills it stays as it is stored."""
    for article_id in article_ids:
        ended = _trials().redo(what, article_id, patience_s(rules))
        if ended.unavailable:
            raise Unavailable("store", "a trial could not write")
        if ended.failed:
            log.error("article.redo-failed what=%s article=%s how=%s", what, article_id, ended)


@cache
def _trials() -> SandboxServer:
    return SandboxServer()  # one server for all messages of this process: it takes seconds to start


def _tried(deliveries: Sequence[Delivery], patience: float, handling: Attempt) -> SandboxEnd:
    ended = _trials().run(deliveries, patience, handling)
    if ended.unavailable:
        raise Unavailable("store", "a trial could not write")
    return ended


def _try_alone(
    pipeline: Pipeline,
    delivery: Delivery,
    attempts: int,
    tried: Callable[[Sequence[Delivery]], SandboxEnd],
    handling: Attempt,
) -> None:
    for attempt in range(1, attempts + 1):
        ended = tried([delivery])
        if not _without_outcome(pipeline, [delivery]):
            return
        log.warning("trial.ended receipt=%s attempt=%d how=%s", delivery.receipt, attempt, ended)
    letter = DeadLetter(
        receipt=delivery.receipt,
        reason=Reason.POISON if ended.code < 0 else Reason.CRASHED,
        detail=f"{ended}, {attempts} attempts",
        stage=ended.stage,
        source=source_of(delivery.raw),
        payload=Payload.of(delivery.raw),
    )
    dead_letter(pipeline.store, [letter], datetime.now(UTC), handling)
