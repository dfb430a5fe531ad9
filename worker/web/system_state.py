"""What the web server shows: the state of the system, and numbers of each source."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from worker.monitoring.status_values import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredSource:
    """What one source has delivered, and whether it is silent.

    `articles` counts its deliveries, and `dead` those that could not be processed. It is silent if
    it has delivered nothing for longer than its rhythm explains, and `due` is the time at which it
    becomes so; both are None if it has delivered too little to be judged.
    """

    name: str
    articles: int
    dead: int
    first_seen: datetime
    last_seen: datetime
    silent: bool | None = None
    due: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemState:
    """The state of the system, read from broker and store at about the same time.

    `sources` has one entry for each source; None if the store does not answer. `index_answers`
    says whether the similarity index, by which copies are found, answers. `pressure` says how full
    the broker is, from 0 to 1: producers slow down above 0, and stop at 1.
    """

    status: Status
    sources: Sequence[MeasuredSource] | None
    index_answers: bool
    pressure: float
