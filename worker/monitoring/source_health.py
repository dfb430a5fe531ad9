"""Judge whether sources are well: whether new articles come as they should, and whether they are as
they were before.

Each source has two clocks. One tells when its last new article came. The other tells when it last
delivered anything, which a poller also does when nothing in a feed is new. So a feed that brings
nothing new is told from a poller that does not poll it any more. docs/sources.md says what the
states mean and what to do.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from worker.model.records import OutcomeKind
from worker.monitoring.learned_sources import LearnedSource, expected_in_window
from worker.monitoring.planned_hours import NO_HOURS, pause_around
from worker.monitoring.source_drift import Counts, Drift, find_drift, find_drop
from worker.monitoring.source_rhythm import Rhythm
from worker.monitoring.status_values import SourceNumbers
from worker.store.hourly_values import hour_start
from worker.store.source_values import SourceClock

_LEAST_SILENT = 3
_AT_ONCE = timedelta(days=7)  # sources that fell silent earlier than this have another cause


class SourceState(StrEnum):
    """Whether new articles of a source come as they should.

    `ok`: they do. `silent`: none has come for longer than the rhythm of the source explains, or it
    is not polled any more. `new`: the source has delivered too little to be judged. `paused`: an
    operator holds it back, or a planned pause says that nothing is expected now.
    """

    OK = "ok"
    SILENT = "silent"
    NEW = "new"
    PAUSED = "paused"


class SilenceCause(StrEnum):
    """What is known about why a source is silent.

    `feed-frozen`: it is polled, and nothing is new. `all-dead`: what it delivers can't be
    processed. `poller-dead`: it was polled regularly, and is not any more. `nothing-delivered`:
    nothing comes, and the source was never polled so regularly that poller and source could be
    told apart.
    """

    FEED_FROZEN = "feed-frozen"
    ALL_DEAD = "all-dead"
    POLLER_DEAD = "poller-dead"
    NOTHING_DELIVERED = "nothing-delivered"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceHealth:
    """Whether a source is well, and why that is known.

    `since` is when the state began: when a silent source was due, when a new one was first seen,
    when a paused one was paused. It is None for a source that is ok. `last_polled` is the time of
    the last delivery of any kind, and `last_new` the beginning of the hour in which the last new
    article came, as no more is known; None if there was none. `due` is the time by which something
    should have come; from then on the source is silent. `per_day` is the usual number of new
    articles a day. `drift` has what has changed in its articles. Until `snoozed_until` nobody wants
    to be told about the source. `rhythm` is None for a source that can't be judged. `planned_until`
    is when the planned pause of now ends, None if there is none now. `dead_share` is the share of
    dead letters among the deliveries of the last 72 hours, 0 to 1.
    """

    name: str
    state: SourceState
    since: datetime | None
    last_polled: datetime
    last_new: datetime | None
    due: datetime | None
    per_day: float
    cause: SilenceCause | None = None
    drift: tuple[Drift, ...] = ()
    snoozed_until: datetime | None = None
    rhythm: Rhythm | None = None
    planned_until: datetime | None = None
    dead_share: float = 0.0

    @property
    def needs_attention(self) -> bool:
        """Whether somebody should be told: it is silent or has changed, and is not snoozed."""
        is_odd = self.state is SourceState.SILENT or bool(self.drift)
        return is_odd and self.snoozed_until is None and self.state is not SourceState.PAUSED


def judge_source(
    clock: SourceClock,
    learned: LearnedSource | None,
    current: Counts,
    *,
    now: datetime,
    processed_until: datetime,
    paused: Mapping[str, datetime | None],
    outages: frozenset[int] = NO_HOURS,
    planned: frozenset[int] = NO_HOURS,
) -> SourceHealth:
    """Judge whether a source is well, by when it last delivered (`clock`), by what is usual for it
    (`learned`), and by the numbers of articles in the last 72 hours (`current`).

    Articles that came after `processed_until` may still wait to be processed, so a source is silent
    only if something was due before. `paused` maps the sources that an operator holds back to the
    time since when, None if unknown. Nothing could arrive in the hours of `outages`, and nothing of
    this source is expected in those of `planned`.
    """
    outages |= planned
    planned_pause = pause_around(planned, now)
    rhythm = learned.rhythm if learned else None
    polls = learned.poll_rhythm if learned else None
    latest_new = _latest_new(clock)
    due = rhythm.deadline(latest_new, outages) if rhythm and latest_new else None
    poll_due = polls.deadline(clock.last_seen, outages) if polls else None
    passed = [at for at in (due, poll_due) if at and at <= processed_until]
    snoozed = clock.snoozed_until if clock.snoozed_until and clock.snoozed_until > now else None
    cause = None
    if clock.source in paused:
        state, since = SourceState.PAUSED, paused[clock.source]
    elif planned_pause:
        state, since = SourceState.PAUSED, planned_pause[0]
    elif passed:
        state, since = SourceState.SILENT, min(passed)
        unpolled = poll_due is not None and poll_due in passed
        cause = _cause(clock, latest_new, rhythm, current, processed_until, unpolled=unpolled)
    elif rhythm is None:
        state, since = SourceState.NEW, clock.first_seen
    else:
        state, since = SourceState.OK, None
    return SourceHealth(
        name=clock.source,
        state=state,
        since=since,
        last_polled=clock.last_seen,
        last_new=None if clock.newest_hour is None else hour_start(clock.newest_hour),
        due=min((at for at in (due, poll_due) if at), default=None),
        per_day=learned.per_day if learned else 0.0,
        cause=cause,
        drift=_drift(learned, current, state, now, outages) if learned else (),
        snoozed_until=snoozed,
        rhythm=rhythm,
        planned_until=planned_pause[1] if planned_pause else None,
        dead_share=_dead_share(current),
    )


def nothing_arrives(sources: Sequence[SourceHealth], silent_share: float) -> datetime | None:
    """Return since when so many sources are silent at once that the cause is not theirs; else None.

    That is so if at least three sources, and more than the share `silent_share` of them, are
    silent. New, paused and snoozed sources do not count, nor do those that have been silent for
    over a week. The cause is then probably the poller, the network or the workers, and one message
    about it is better than one about each source.
    """
    judged = [s for s in sources if s.state in (SourceState.OK, SourceState.SILENT)]
    latest = max((s.last_polled for s in judged), default=None)
    if latest is None:
        return None
    counted = [
        s for s in judged if not s.snoozed_until and (not s.since or s.since > latest - _AT_ONCE)
    ]
    silent = [s.since for s in counted if s.since]
    if len(silent) < _LEAST_SILENT or len(silent) <= silent_share * len(counted):
        return None
    return min(silent)


def count_states(sources: Iterable[SourceHealth]) -> SourceNumbers:
    """Return how many sources are in which state."""
    states = [source.state for source in sources]
    return SourceNumbers(**{state.value: states.count(state) for state in SourceState})


def worst_first(sources: Iterable[SourceHealth]) -> list[SourceHealth]:
    """Sort sources so that those that need attention come first: silent ones, the largest first,
    then those that have changed. Others follow by state, those with the largest share of dead
    letters first, then those that are due first, or have been without a new article the longest if
    they can't be judged."""
    return sorted(sources, key=urgency)


def urgency(source: SourceHealth) -> tuple[int, float, float, str]:
    """Return the position of a source in a list that begins with those that need attention."""
    ranks = {SourceState.OK: 3, SourceState.NEW: 4, SourceState.PAUSED: 5}
    if source.needs_attention:
        if source.state is SourceState.SILENT:
            return 0, 0.0, -source.per_day, source.name
        return 1, -source.dead_share, -source.per_day, source.name
    waits = source.due or source.last_new
    at = waits.timestamp() if waits else 0.0
    return ranks.get(source.state, 2), -source.dead_share, at, source.name


def _latest_new(clock: SourceClock) -> datetime | None:
    """The latest time at which the last new article may have come: only its hour is known."""
    if clock.newest_hour is None:
        return None
    return min(hour_start(clock.newest_hour + 1), clock.last_seen)


def _cause(
    clock: SourceClock,
    latest_new: datetime | None,
    rhythm: Rhythm | None,
    current: Counts,
    until: datetime,
    *,
    unpolled: bool,
) -> SilenceCause:
    if unpolled:
        return SilenceCause.POLLER_DEAD
    since_last_word = rhythm.expected_between(clock.last_seen, until) if rhythm else 0.0
    if rhythm is None or clock.last_seen == latest_new or since_last_word > rhythm.limit:
        return SilenceCause.NOTHING_DELIVERED
    other = sum(current.get(kind, 0) for kind in OutcomeKind if kind is not OutcomeKind.DEAD)
    if current.get(OutcomeKind.DEAD) and not other:
        return SilenceCause.ALL_DEAD
    return SilenceCause.FEED_FROZEN


def _dead_share(current: Counts) -> float:
    ended = sum(current.get(kind, 0) for kind in OutcomeKind)
    return current.get(OutcomeKind.DEAD, 0) / ended if ended else 0.0


def _drift(
    learned: LearnedSource,
    current: Counts,
    state: SourceState,
    now: datetime,
    outages: frozenset[int],
) -> tuple[Drift, ...]:
    drift = find_drift(current, learned.before)
    if state is not SourceState.OK:
        return drift
    expected = expected_in_window(learned.rhythm, 0, now, outages)
    drop = find_drop(current, expected, learned.before, learned.expected)
    return (*drift, drop) if drop else drift
