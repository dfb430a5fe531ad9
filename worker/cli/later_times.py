"""Option types of the command line for times that have not come yet."""

from datetime import UTC, datetime, timedelta
from typing import Any

import click
from dateutil import parser as dates

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class LaterDate(click.ParamType[datetime]):
    """The type of an option whose value is a date or time in the future, in UTC unless it names a
    zone."""

    name = "DATE"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        if isinstance(value, datetime):
            return value
        now = datetime.now(UTC)
        try:
            parsed = dates.parse(value, default=datetime(now.year, 1, 1))  # noqa: DTZ001
            at = (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is no date like 2026-12-01 or '2026-12-01 08:00'", param, ctx)
        if at <= now:
            self.fail(f"{value!r} is in the past", param, ctx)
        return at


class Duration(click.ParamType[timedelta]):
    """The type of an option whose value is a length of time, such as 30m, 12h, 7d or 2w."""

    name = "TIME"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        if isinstance(value, timedelta):
            return value
        number, unit = value[:-1], value[-1:]
        is_length = unit in _UNITS and number.isascii() and number.isdigit() and len(number) <= 4
        if not is_length or not int(number):
            self.fail(f"{value!r} is no length of time like 30m, 12h, 7d or 2w", param, ctx)
        return timedelta(**{_UNITS[unit]: int(number)})
