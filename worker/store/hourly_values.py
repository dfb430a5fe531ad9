"""Numbers of articles by source, UTC hour and outcome, as the store counts and returns them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from worker.model.records import OutcomeKind

HOUR = timedelta(hours=1)
ALL_HOURS = 0  # in place of an hour: the running total, which the removal of old hours never lowers


class OutcomeKey(NamedTuple):
    """What a number of articles is counted by: the key of a row of table `hourly_outcomes`.

    `hour` is the number of hours since 1970 in UTC, or ALL_HOURS for the running total. `reason`
    is that of a dead letter, and "" for other outcomes.
    """

    source: str
    hour: int
    outcome: str
    reason: str


def hour_of(at: datetime) -> int:
    """Return the number of whole hours from 1970 (UTC) to this time."""
    return int(at.timestamp()) // 3600


def hour_start(hour: int) -> datetime:
    """Return the time at which an hour begins; `hour` is a number of hours since 1970 in UTC."""
    return datetime.fromtimestamp(hour * 3600, UTC)


class HourlyCount(NamedTuple):
    """How many deliveries of articles had one outcome, such as `new`, in one hour.

    `hour` is the number of hours since 1970 in UTC; `hour_start` returns the time of its beginning.
    """

    hour: int
    outcome: str
    articles: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeTotals:
    """How many deliveries of articles have had each outcome since the first one.

    `outcomes` has all outcomes, also those that never happened. `dead` splits the dead ones by the
    reason of the dead letter. The numbers only rise: removing old rows does not lower them.
    """

    outcomes: Mapping[OutcomeKind, int]
    dead: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedOutcomes:
    """What one step of counting found: outcomes that workers of an earlier version did not count.

    `articles` is the number that was added. All receipts from before `until` are counted now. If
    `complete` is False, later ones are still to be compared, in another step that begins there.
    """

    articles: int
    until: datetime
    complete: bool
