"""Process messages from the quarantine queue, which failed before, in processes that may die.

All articles of a message are tried together first, because most failures are accidents. Then each
article without an outcome is tried alone. An article has an outcome when the store has its receipt.
Only a run of one article that leaves no receipt counts as an attempt; after `attempts` of them the
article becomes a dead letter. Earlier failures of its message do not count.
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
from worker.pipeline.deliveries import Delivery, without_outcome
from worker.pipeline.ingestion import Pipeline
from worker.runtime.sandbox import SandboxEnd, SandboxServer, run_limit_s

log = logging.getLogger("worker")


def ingest_in_sandbox(
    pipeline: Pipeline,
    deliveries: Sequence[Delivery],
    rules: WorkerRules,
    handling: Attempt = NO_ATTEMPT,
) -> None:
    """Process the articles of a quarantined message in sandbox processes until each has an outcome.

    Raises Unavailable when the time for one message is over, or a service does not answer. When the
    message is delivered again, articles whose receipts are in the store are not repeated.
    """
    waiting = without_outcome(pipeline.store, deliveries)
    if unopened := [d for d in waiting if isinstance(d.raw, Unopened)]:
        # They are not parsed, so they can crash no process and need no sandbox.
        pipeline.ingest(unopened, now=datetime.now(UTC), handling=handling)
        waiting = _without_outcome(pipeline, waiting)
    if not waiting:
        return
    log.info("quarantine.began articles=%d", len(waiting))
    deadline = time.monotonic() + rules.quarantine.budget_s
    run = partial(_run, limit_s=run_limit_s(rules), handling=handling)
    if len(waiting) > 1:
        run(waiting)
        waiting = _without_outcome(pipeline, waiting)
    for index, delivery in enumerate(waiting):
        if index and time.monotonic() > deadline:
            raise Unavailable("time", f"{len(waiting) - index} articles left to try")
        _try_alone(pipeline, delivery, rules.quarantine.attempts, run, handling)


def _without_outcome(pipeline: Pipeline, deliveries: Sequence[Delivery]) -> list[Delivery]:
    outcomes = pipeline.store.outcomes([d.receipt for d in deliveries])
    return [d for d in deliveries if d.receipt not in outcomes]


def redo_in_sandbox(what: Reprocessing, article_ids: Sequence[str], rules: WorkerRules) -> None:
    """Reprocess stored articles, each in a sandbox process of its own.

    If that process dies, the article stays as it is, and the next one follows. Raises Unavailable
    when the store or the index did not answer a process.
    """
    for article_id in article_ids:
        end = _sandbox().redo(what, article_id, run_limit_s(rules))
        if end.unavailable:
            raise Unavailable("store", "a sandbox could not write")
        if end.failed:
            log.error("article.redo-failed what=%s article=%s how=%s", what, article_id, end)


@cache
def _sandbox() -> SandboxServer:
    return SandboxServer()  # one server for all messages of this process: it takes seconds to start


def _run(deliveries: Sequence[Delivery], limit_s: float, handling: Attempt) -> SandboxEnd:
    end = _sandbox().run(deliveries, limit_s, handling)
    if end.unavailable:
        raise Unavailable("store", "a sandbox could not write")
    return end


def _try_alone(
    pipeline: Pipeline,
    delivery: Delivery,
    attempts: int,
    run: Callable[[Sequence[Delivery]], SandboxEnd],
    handling: Attempt,
) -> None:
    """Run one article alone, up to `attempts` times, until it has an outcome in the store.

    If it has none after that, write it to the store as a dead letter.
    """
    for attempt in range(1, attempts + 1):
        end = run([delivery])
        if not _without_outcome(pipeline, [delivery]):
            return
        log.warning("trial.ended receipt=%s attempt=%d how=%s", delivery.receipt, attempt, end)
    letter = DeadLetter(
        receipt=delivery.receipt,
        reason=Reason.POISON if end.code < 0 else Reason.CRASHED,
        detail=f"{end}, {attempts} attempts",
        stage=end.stage,
        source=source_of(delivery.raw),
        payload=Payload.of(delivery.raw),
    )
    dead_letter(pipeline.store, [letter], datetime.now(UTC), handling)
