"""Read how all sources deliver, for the pages and the API: worst first, with numbers of each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from worker.broker.pauses import Pause
from worker.config.planned_pauses import PlannedPause
from worker.errors import Unavailable
from worker.model.records import OutcomeKind
from worker.monitoring.source_health import SourceHealth, worst_first
from worker.monitoring.source_reading import LearnedSourceCache, read_source_health
from worker.monitoring.status_values import Status
from worker.store.hourly_values import FIRST_STORED
from worker.store.ports import ArticleStore
from worker.store.source_values import WindowCount
from worker.store.values import SourceSeen
from worker.web.prepared_value import PreparedValue
from worker.web.source_pauses import SourcePauses

HOURS = 24
WEEK_H = 168
_FRESH_S = 60.0  # to judge 500 sources takes 70 to 150 ms of CPU
_LEARN_AFTER = timedelta(minutes=50)  # before readings of the status would have to learn


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceShares:
    """How the deliveries of a source in the last 168 hours ended. All but `received` are shares
    from 0 to 1.

    `received` is the number of deliveries. Of these, the share `dead` could not be processed, and
    `unchanged` brought nothing that was not known. Of its new articles, the share `copies` were
    copies of other articles. A share is 0 if there was nothing to take it of.
    """

    received: int = 0
    dead: float = 0.0
    unchanged: float = 0.0
    copies: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """A source as lists show it.

    `health` says whether new articles come as they should; its rhythm is left out in lists.
    `last_hours` has the number of new articles, copies and variants included, in each of the last
    24 hours, the present one last.
    """

    source: str
    seen: SourceSeen
    health: SourceHealth
    last_hours: tuple[int, ...]
    shares: SourceShares


class SourceReading(NamedTuple):
    """All sources at the time `at`, those that need attention first (`rows`), and the pauses of
    sources by name, None if the broker did not answer."""

    at: datetime
    rows: Sequence[SourceRow]
    pauses: Mapping[str, Pause] | None


class SourceWatch:
    """Reads and judges all sources of a store, and keeps the result for pages and API. Threads may
    share it.

    If a background loop calls `prepare`, announced by `expect_preparation`, `read` returns what
    that found last. Otherwise `read` reads the sources anew if the result is older than a minute.
    """

    def __init__(
        self,
        store: ArticleStore,
        pauses: SourcePauses,
        read_status: Callable[[], Status],
        learned: LearnedSourceCache | None,
        now: Callable[[], datetime],
        planned: Callable[[], Sequence[PlannedPause]] = tuple,
    ) -> None:
        self._store = store
        self._read_status = read_status
        self._pauses = pauses
        self._planned = planned
        self._learned = learned or LearnedSourceCache(store)
        self._now = now
        self._kept = PreparedValue(self._read, _FRESH_S)

    def expect_preparation(self, wake: Callable[[], object]) -> None:
        """Say that a background loop calls `prepare` from now on, so that `read` need not read
        the sources. `wake` is a function that ends a pause of that loop."""
        self._kept.expect_preparation(wake)

    def prepare(self) -> None:
        """Read and judge all sources, so that later calls of `read` have the result at once."""
        self._kept.prepare()

    def read(self) -> SourceReading:
        """Return all sources, worst first. Raises Unavailable when the store does not answer."""
        return self._kept.get()

    def forget(self) -> None:
        """Drop the sources that are kept, because one was changed. The next call reads them
        again."""
        self._kept.forget()

    def _read(self) -> SourceReading:
        now = self._now()
        try:
            pauses = self._pauses.read()
        except Unavailable:
            pauses = None
        paused = {name: pause.at for name, pause in (pauses or {}).items()}
        learned = self._learned.get(now, _LEARN_AFTER)
        oldest_s = self._oldest_waiting_s()
        health = read_source_health(
            self._store,
            now,
            oldest_waiting_s=oldest_s,
            paused=paused,
            learned=learned,
            planned=self._planned(),
        )
        seen = {source.source: source for source in self._store.sources()}
        hours = self._store.last_hours_by_source(now, HOURS, kinds=FIRST_STORED)
        shares = source_shares(self._store.window_counts(now, WEEK_H, 1))
        rows = [
            SourceRow(
                source=each.name,
                seen=seen[each.name],
                health=each,
                last_hours=hours.get(each.name, (0,) * HOURS),
                shares=shares.get(each.name, SourceShares()),
            )
            for each in worst_first(health)
            if each.name in seen  # one that was added between the two readings is left out
        ]
        return SourceReading(now, rows, pauses)

    def _oldest_waiting_s(self) -> float | None:
        try:
            status = self._read_status()
        except Unavailable:
            return None
        if "broker" in status.unreachable:
            return None
        return max((lane.oldest_s or 0.0 for lane in status.lanes), default=0.0)


def source_shares(counts: Sequence[WindowCount]) -> dict[str, SourceShares]:
    """Return the shares of each source from its numbers of articles by outcome."""
    by_source: dict[str, dict[str, int]] = {}
    for count in counts:
        by_source.setdefault(count.source, {})[count.what] = count.articles
    return {source: _shares(numbers) for source, numbers in by_source.items()}


def _shares(numbers: Mapping[str, int]) -> SourceShares:
    received = sum(numbers.get(kind, 0) for kind in OutcomeKind)
    first = sum(numbers.get(kind, 0) for kind in FIRST_STORED)
    return SourceShares(
        received=received,
        dead=numbers.get(OutcomeKind.DEAD, 0) / received if received else 0.0,
        unchanged=numbers.get(OutcomeKind.UNCHANGED, 0) / received if received else 0.0,
        copies=numbers.get(OutcomeKind.DUPLICATE, 0) / first if first else 0.0,
    )
