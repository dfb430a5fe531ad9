"""The rules of planned pauses: the days on which nothing is expected of some sources, such as
weekends and holidays."""

from datetime import date
from typing import Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from worker.model.admission import Frozen

ALL_SOURCES = "*"
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class PlannedPause(Frozen):
    """Days on which sources are expected to deliver nothing, so that none of them is silent then.

    `sources` has their names, or "*" for all. The days are those of `weekdays`, such as "sat", from
    `first` to `last`, both included. Without `weekdays` they are all days of that time, and without
    `first` or `last` the time has no beginning or end. They begin at midnight in the time zone
    `zone`, such as "Europe/Berlin".
    """

    sources: tuple[str, ...] = Field(min_length=1)
    weekdays: tuple[Weekday, ...] = ()
    first: date | None = None
    last: date | None = None
    zone: str = "UTC"

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as e:
            raise ValueError(f"there is no time zone {zone!r}") from e
        return zone

    @model_validator(mode="after")
    def _some_days(self) -> Self:
        if not self.weekdays and self.last is None:
            raise ValueError("name weekdays, or the last day of the pause")
        if self.first and self.last and self.first > self.last:
            raise ValueError("the last day is before the first")
        return self

    def is_of(self, source: str) -> bool:
        """Whether this pause applies to the source with this name."""
        return source in self.sources or ALL_SOURCES in self.sources

    def has(self, day: date) -> bool:
        """Whether nothing is expected on this day."""
        if (self.first and day < self.first) or (self.last and day > self.last):
            return False
        return not self.weekdays or _DAYS[day.weekday()] in self.weekdays
