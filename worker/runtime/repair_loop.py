"""A background loop that repairs clusters, groups of copies, and restores articles in the index.

The index, by which copies are found, may lose its last writes when its server fails or is restored
from a backup. A date in it, the watermark, says until when it was complete; after a loss the
articles stored since that date are written to it again. Every half minute one of the workers does
both, and logs each repair. Once an hour it also removes old rows from the store.
"""

import logging
import math
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Protocol

from worker import background
from worker.dedup import DedupRules
from worker.errors import Unavailable
from worker.index.redis_index import RedisIndex
from worker.index.verification import ExpectedEntry, differences
from worker.index.watermark import Watermark, read_watermark, write_watermark
from worker.maintenance.missed_counts import count_missed_outcomes
from worker.maintenance.reconcile import PAGE, Reconciler
from worker.maintenance.removal import RetentionPeriods
from worker.maintenance.tag_moves import move_old_tags
from worker.runtime.retention_turns import RetentionTurns
from worker.store.cluster_values import ClusterMove, Member
from worker.store.database.fork_lock import fork_lock
from worker.store.ports import ClusteredStore, ExpiringStore

log = logging.getLogger("worker")

EVERY_S = 30.0
RESTORE_S = 20.0  # time for restoring in one pass; the turn is this worker's for 27 s
FIRST_PERIOD = timedelta(days=1)  # the first pass of a process checks edits of this period
PERIOD = timedelta(minutes=10)  # later passes: longer than a transaction takes
COUNT_EVERY_S = 3600.0
MOVE_S = 600.0  # time for moving tags of an earlier version; other workers repair meanwhile


class RepairedStore(ClusteredStore, ExpiringStore, Protocol):
    """The methods of the store that the background loop for repairs needs: those for clusters
    (groups of an article and its copies), one that counts how articles were processed, by hour, and
    those that remove old rows."""


def start(
    store: RepairedStore,
    open_index: Callable[[], RedisIndex],
    rules: DedupRules,
    return_held: Callable[[], object] = lambda: None,
    periods: RetentionPeriods | None = None,
) -> background.BackgroundLoop:
    """Start the background loop that corrects clusters, and restores what the index has lost.

    A cluster is a group of articles in the store that are copies of each other. It may be wrong
    after one of them was withdrawn or edited. The index is the database in which copies are
    searched for; articles that it has lost are written to it again.

    All workers run the loop, but in each half minute only one of them does the work. Once an hour
    that worker also counts results that workers of an earlier version have stored without counting
    them, moves the tags that they have written to the form of this version, and removes rows that
    have reached the age that `periods` says (None: no rows).
    `return_held` is called in each half minute by the worker that does the work.
    """
    retention = RetentionTurns(store, periods) if periods else None
    period = FIRST_PERIOD
    counted_at = -math.inf

    def turn() -> None:
        nonlocal period, counted_at
        try:
            with closing(open_index()) as index:
                if index.try_lock("reconcile", EVERY_S * 0.9):
                    make_pass(store, index, rules, period=period, now=datetime.now(UTC))
                    period = PERIOD
                    return_held()
                    if time.monotonic() - counted_at > COUNT_EVERY_S:
                        _count_missed_outcomes(store)
                        _move_old_tags(store)
                        counted_at = time.monotonic()
                    if retention:
                        retention.turn()
        except Unavailable as e:
            log.info("reconcile.waits error=%s", e)

    return background.start_loop("reconcile", turn, pause_s=EVERY_S)


def _count_missed_outcomes(store: RepairedStore) -> None:
    if counted := count_missed_outcomes(store, datetime.now(UTC), fork_lock):
        log.info("outcomes.counted-late count=%d", counted)


def _move_old_tags(store: RepairedStore) -> None:
    # What is left after that time is moved in the next hour.
    until = time.monotonic() + MOVE_S
    moved = 0
    for articles in move_old_tags(store, fork_lock):
        moved += articles
        if time.monotonic() > until:
            break
    if moved:
        log.info("tags.moved articles=%d", moved)


def make_pass(
    store: ClusteredStore, index: RedisIndex, rules: DedupRules, *, period: timedelta, now: datetime
) -> None:
    """Correct clusters, groups of copies of one article, and restore articles that the index lost.

    A cluster can be wrong because its main article was withdrawn, or because an article was edited;
    edits of the last `period` are looked at. The index, by which copies are found, may have lost
    articles when its server was restarted. `now` is the present time.
    """
    reconciler = Reconciler(store, index, rules, now=now)
    with fork_lock():
        try:
            for move in reconciler.run(now - period, twins=False):
                _log_move(move)
        finally:
            store.close()
    mark = read_watermark(index)
    restored_until = _restore(store, index, reconciler, mark, now) if mark.server_changed else None
    # Until all is restored the old run id stays, with a later time: the next pass continues.
    run_id = mark.written_run_id if restored_until else mark.run_id
    write_watermark(index, run_id, restored_until or now - PERIOD)


def _restore(
    store: ClusteredStore,
    index: RedisIndex,
    reconciler: Reconciler,
    mark: Watermark,
    now: datetime,
) -> datetime | None:
    """Add the articles stored since the date of the watermark `mark` to the index again.

    Returns the date it has reached when its time was over, None when all articles are restored.
    """
    window = timedelta(seconds=2 * index.window_s)
    since = max(mark.complete_until or now - window, now - window)
    deadline = time.monotonic() + RESTORE_S
    page, lost = _restore_page(store, index, reconciler, since, 0)
    articles = len(page)
    while len(page) == PAGE and time.monotonic() <= deadline:
        page, more = _restore_page(store, index, reconciler, since, page[-1].revision_id)
        articles, lost = articles + len(page), lost + more
    # A server that was only restarted, as the embedded one often is, has lost nothing.
    level = logging.WARNING if lost and not mark.is_first else logging.INFO
    log.log(
        level,
        "index.put-back since=%s articles=%d lost=%d",
        *(since.isoformat("T", "seconds"), articles, lost),
    )
    return page[-1].received if len(page) == PAGE else None


def _restore_page(
    store: ClusteredStore,
    index: RedisIndex,
    reconciler: Reconciler,
    since: datetime,
    after: int,
) -> tuple[Sequence[Member], int]:
    """Write a page of articles to the index again; also returns how many of them it had lost."""
    with fork_lock():
        try:
            page = store.clusters.recent_members(since, after, PAGE)
            expected = [
                ExpectedEntry(m.article_id, m.cluster_id, m.fingerprint, m.received) for m in page
            ]
            found = differences(index, expected)
            lost = {x.article_id for x in found if x.what in ("missing", "unowned")}
            for move in reconciler.restore(page):
                _log_move(move)
        finally:
            store.close()
    return page, len(lost)


def _log_move(move: ClusterMove) -> None:
    log.info(
        "cluster.repaired reason=%s article=%s left=%s joined=%s",
        *(move.reason, move.article_id, move.left, move.joined),
    )
