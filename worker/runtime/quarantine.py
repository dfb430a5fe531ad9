"""Process messages that failed before, those of the quarantine queue, in processes that may die.

All articles of a message are tried together first, because most failures are accidents. Then each
article that is still neither stored nor refused is tried alone. One that ends its process each
time, as often as worker.toml allows, is kept in the store as a dead letter.
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
from worker.runtime.sandbox import SandboxEnd, SandboxServer, run_limit_s

log = logging.getLogger("worker")


def ingest_in_sandbox(
    pipeline: Pipeline,
    deliveries: Sequence[Delivery],
    rules: WorkerRules,
    handling: Attempt = NO_ATTEMPT,
) -> None:
    """Process the articles of a message that failed before, in sandbox processes that may die.

    `deliveries` are its articles, each with the id under which the store records what became of it.
    Articles that have such an outcome already are skipped. `handling` says which worker has the
    message, and how often it was delivered. Raises Unavailable when time is over before all are
    done, or store or index do not answer; the message must then be run again.
    """
    waiting = _without_outcome(pipeline, deliveries)
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
    """Process again the stored articles with these ids, each in a sandbox process of its own.

    `what` says whether they are cleaned and tagged, or only tagged. If the process of an article
    dies, that article stays as it is, and the next one follows. Raises Unavailable when store or
    index did not answer.
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
