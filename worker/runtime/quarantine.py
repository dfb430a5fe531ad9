"""Process messages from the quarantine queue, which failed before, in processes that may die.

All articles of a message are tried together first, because most failures are accidents. Then each
article without an outcome is tried alone. An article has an outcome when the store has its receipt.
Only a run of one article that leaves no receipt counts as an attempt; after `attempts` of them the
article becomes a dead letter. Earlier failures of its message do not count.

A run that took too long by the clock, but not by CPU time, is no attempt, because the machine may
have been suspended or busy. The message goes back to its queue with a count of such runs, and after
`stalls` of them the article becomes a dead letter with the reason `stalled`.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, partial

from worker.config.worker_rules import WorkerRules
from worker.errors import Reason, Stalled, Unavailable
from worker.maintenance.reprocess import Reprocessing
from worker.model.admission import Unopened, source_of
from worker.model.plurals import several
from worker.model.records import NO_ATTEMPT, Attempt, DeadLetter
from worker.pipeline.dead_lettering import dead_letter
from worker.pipeline.deliveries import Delivery, payload_of, without_outcome
from worker.pipeline.ingestion import Pipeline
from worker.runtime.sandbox import run_limit_s
from worker.runtime.sandbox_client import SandboxEnd, SandboxServer

log = logging.getLogger("worker")


Run = Callable[[Sequence[Delivery]], SandboxEnd]
"""A function that processes articles as one batch in a sandbox, and returns how the run ended."""


def ingest_in_sandbox(
    pipeline: Pipeline,
    deliveries: Sequence[Delivery],
    rules: WorkerRules,
    handling: Attempt = NO_ATTEMPT,
    stalled_runs: Mapping[str, int] | None = None,
) -> None:
    """Process the articles of a message that failed before, until each has an outcome in the store.

    They run in sandbox processes, whose death does no harm. `stalled_runs` counts for each receipt
    the earlier runs that were ended because they took too long by the clock, though they hardly
    used the CPU. `handling` names the worker, and is stored with the outcomes. Raises Stalled when
    the time is over and the message must go back to its queue, and Unavailable when a service does
    not answer.
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
    runs = {d.receipt: n for d in waiting if (n := (stalled_runs or {}).get(d.receipt))}
    # An article that stalled before would take the time of the others again: it comes last.
    first = [d for d in waiting if d.receipt not in runs]
    last = [d for d in waiting if d.receipt in runs]
    if len(first) > 1:
        run(first)
        first = _without_outcome(pipeline, first)
    _try_each(pipeline, [*first, *last], rules, run, handling, deadline=deadline, runs=runs)


def _try_each(
    pipeline: Pipeline,
    waiting: Sequence[Delivery],
    rules: WorkerRules,
    run: Run,
    handling: Attempt,
    *,
    deadline: float,
    runs: dict[str, int],
) -> None:
    """Try articles one by one until `deadline`, and count in `runs` those that stalled.

    Raises Stalled unless all have an outcome then.
    """
    returned = 0
    for index, delivery in enumerate(waiting):
        if index and time.monotonic() > deadline:
            raise Stalled(
                f"{several(len(waiting) - index + returned, 'article')} left to try", runs
            )
        end = _try_alone(pipeline, delivery, rules.quarantine.attempts, run)
        if end is None:
            runs.pop(delivery.receipt, None)
            continue
        if end.stalled:
            runs[delivery.receipt] = runs.get(delivery.receipt, 0) + 1
        if end.stalled and runs[delivery.receipt] < rules.quarantine.stalls:
            returned += 1
            continue
        letter = _letter(delivery, end, rules, runs.pop(delivery.receipt, 0))
        traced = replace(handling, traceparent=delivery.traceparent)
        dead_letter(pipeline.store, [letter], datetime.now(UTC), traced)
    if returned:
        raise Stalled(f"{several(returned, 'article')} stalled", runs)


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
    pipeline: Pipeline, delivery: Delivery, attempts: int, run: Run
) -> SandboxEnd | None:
    """Run one article alone, up to `attempts` times, until it has an outcome in the store.

    Returns None when it has one. Else returns how the last run ended; a run that wall-clock time
    alone ended is the last one.
    """
    for attempt in range(1, attempts + 1):
        end = run([delivery])
        if not _without_outcome(pipeline, [delivery]):
            return None
        if end.stalled:
            log.warning("trial.stalled receipt=%s how=%s", delivery.receipt, end)
            return end
        log.warning("trial.ended receipt=%s attempt=%d how=%s", delivery.receipt, attempt, end)
    return end


def _letter(delivery: Delivery, end: SandboxEnd, rules: WorkerRules, stalls: int) -> DeadLetter:
    """The dead letter of an article that has used up its attempts, or its `stalls` stalled runs."""
    if end.stalled:
        reason, tried = Reason.STALLED, f"{stalls} runs ended by wall-clock time"
    else:
        reason = Reason.POISON if end.code < 0 else Reason.CRASHED
        tried = f"{rules.quarantine.attempts} attempts"
    return DeadLetter(
        receipt=delivery.receipt,
        reason=reason,
        detail=f"{end}, {tried}",
        stage=end.stage,
        source=source_of(delivery.raw),
        payload=payload_of(delivery),
    )
