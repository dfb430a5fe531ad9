"""Repairs in the background: every half minute one worker of all looks what is to be done.

A pass mends clusters, and puts back what the index lost with its server (worker.index.watermark): a
failover, a restart, a restored copy. That may be much, so it goes page by page, and on with the
next pass. Of every repair there is a line in the log.
"""

import logging
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta

from worker import background
from worker.dedup import DedupRules
from worker.errors import Unavailable
from worker.index import watermark
from worker.index.redis_index import RedisIndex
from worker.maintenance.reconcile import PAGE, Reconciler
from worker.store.cluster_values import ClusterMove
from worker.store.database.fork_lock import fork_lock
from worker.store.ports import ClusteredStore

log = logging.getLogger("worker")

EVERY_S = 30.0
PATIENCE_S = 20.0  # for putting back, a pass: less than a turn lasts
AT_FIRST = timedelta(days=1)  # looked back at for edits when a worker starts
RECENT = timedelta(minutes=10)  # and from then on: longer than a transaction takes


def start(store: ClusteredStore, opened: Callable[[], RedisIndex], rules: DedupRules) -> None:
    """From now on, in whichever worker's main process has the turn."""
    background.keep("reconcile", lambda: _keep(store, opened, rules))


def _keep(store: ClusteredStore, opened: Callable[[], RedisIndex], rules: DedupRules) -> None:
    back = AT_FIRST
    while True:
        try:
            with closing(opened()) as index:
                if index.turn("reconcile", EVERY_S * 0.9):
                    go_round(store, index, rules, back=back, now=datetime.now(UTC))
                    back = RECENT
        except Unavailable as e:
            log.info("reconcile.waits error=%s", e)
        time.sleep(EVERY_S)


def go_round(
    store: ClusteredStore, index: RedisIndex, rules: DedupRules, *, back: timedelta, now: datetime
) -> None:
    """One pass. Edits are looked for that far back, losses as far back as they reach."""
    its = Reconciler(store, index, rules, now=now)
    with fork_lock():
        try:
            for move in its.run(now - back, twins=False):
                _tell(move)
        finally:
            store.close()
    left = watermark.look(index)
    whole_until = _put_back(store, index, its, left, now) if left.broken else None
    # Where putting back is not done yet, the old mark stays, only younger: the next pass goes on.
    run_id = left.marked if whole_until else left.run_id
    watermark.leave(index, run_id, whole_until or now - RECENT)


def _put_back(
    store: ClusteredStore, index: RedisIndex, its: Reconciler, left: watermark.Mark, now: datetime
) -> datetime | None:
    """Of what was stored since the mark; returns how far it came if it is not done yet."""
    window = timedelta(seconds=2 * index.window_s)
    since = max(left.whole_until or now - window, now - window)
    began, articles, after = time.monotonic(), 0, 0
    while True:
        with fork_lock():
            try:
                page = store.clusters.recent_members(since, after, PAGE)
                for move in its.restore(page):
                    _tell(move)
            finally:
                store.close()
        articles += len(page)
        if len(page) < PAGE or time.monotonic() - began > PATIENCE_S:
            break
        after = page[-1].revision_id
    level = logging.WARNING if articles else logging.INFO
    log.log(level, "index.put-back since=%s articles=%d", since.isoformat("T", "seconds"), articles)
    return page[-1].received if len(page) == PAGE else None


def _tell(move: ClusterMove) -> None:
    log.warning(
        "cluster.repaired reason=%s article=%s left=%s joined=%s",
        *(move.reason, move.article_id, move.left, move.joined),
    )
