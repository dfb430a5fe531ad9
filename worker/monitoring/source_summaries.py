"""Sum up whether all sources are well, and keep that in the broker as a note for other processes.

To judge sources takes a second of CPU for 500 of them, because first it is learned what is usual
for each. Whoever judges them again and again writes the note, and a command that looks once reads
it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from worker.monitoring.source_health import SourceHealth, SourceState, count_states, nothing_arrives
from worker.monitoring.status_values import SilentSource, SourceNumbers, SourceSummary

KEPT = timedelta(minutes=5)  # the writer judges once a minute


def summarize(
    health: Sequence[SourceHealth],
    paused: Mapping[str, datetime | None],
    silent_share: float,
    now: datetime,
) -> SourceSummary:
    """Sum up the judgements of all sources at the time `now`.

    `paused` has the sources that an operator held back then. Silent sources are named, the largest
    first, without those that are snoozed. If more than `silent_share` of the sources are silent,
    none is named, because the cause is not theirs.
    """
    since = nothing_arrives(health, silent_share)
    named = [
        SilentSource(name=each.name, since=each.since, cause=str(each.cause or ""))
        for each in sorted(health, key=lambda each: (-each.per_day, each.name))
        if each.state is SourceState.SILENT and each.snoozed_until is None
    ]
    return SourceSummary(
        at=now,
        numbers=count_states(health),
        silent=() if since else tuple(named),
        nothing_since=since,
        paused=tuple(sorted(paused)),
    )


def write_summary(summary: SourceSummary) -> str:
    """Return the note about all sources as text."""
    return json.dumps(asdict(summary), default=datetime.isoformat)


def read_summary(
    text: str, paused: Mapping[str, datetime | None], now: datetime
) -> SourceSummary | None:
    """Read a note about all sources; None if there is none, or if it does not hold any more.

    A note holds for five minutes, unless the sources that an operator holds back, `paused`, are
    others now. One in another form, of another version, counts as none.
    """
    try:
        fields = json.loads(text)
        at = datetime.fromisoformat(fields["at"])
        summary = SourceSummary(
            at=at,
            numbers=SourceNumbers(**fields["numbers"]),
            silent=tuple(
                SilentSource(
                    name=str(each["name"]), since=_time(each["since"]), cause=str(each["cause"])
                )
                for each in fields["silent"]
            ),
            nothing_since=_time(fields["nothing_since"]),
            paused=tuple(fields["paused"]),
        )
        is_recent = abs(now - at) <= KEPT  # clocks of two hosts differ a little
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return summary if is_recent and summary.paused == tuple(sorted(paused)) else None


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
