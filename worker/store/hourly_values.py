"""Numbers of articles by source, UTC hour and outcome, as the store counts and returns them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from worker.model.records import OutcomeKind

HOUR = timedelta(hours=1)
ALL_HOURS = 0  # in place of an hour: the running total, which the removal of old hours never lowers


class OutcomeKey(NamedTuple):
    """The key of a row in table `hourly_outcomes`, which has a number of articles: those of one
    source that had one outcome in one hour.

    `hour` is the number of hours since 1970 in UTC, or ALL_HOURS in the row for all hours together.
    `reason` is that of a dead letter, and "" for other outcomes.
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
    """How many deliveries of articles (`articles`) had one outcome, such as `new`, in one hour.

    `hour` is the number of hours since 1970 in UTC. The function `hour_start` turns it into a time.
    """

    hour: int
    outcome: str
    articles: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeTotals:
    """How many deliveries of articles have had each outcome since the first delivery.

    `outcomes` has all outcomes, 0 for one that never happened. `dead` has the numbers of dead
    letters by reason. All numbers only rise: they stay when old rows are removed.
    """

    outcomes: Mapping[OutcomeKind, int]
    dead: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class LatestOutcomes:
    """How deliveries of articles have ended: since the first delivery, and lately.

    `totals` counts all deliveries, and `lately` those of this hour (UTC) and the one before.
    """

    totals: OutcomeTotals
    lately: OutcomeTotals


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedOutcomes:
    """The result of one step that counts the outcomes that workers of an earlier version stored
    without counting them.

    `articles` is the number of outcomes that were added to the counts. All outcomes from before
    `until` are counted now. If `complete` is False, there are later ones, which another step must
    count from `until` on.
    """

    articles: int
    until: datetime
    complete: bool
