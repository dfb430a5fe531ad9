"""Write times and counts the way all sentences, tables and pages for people do."""

from datetime import datetime


def moment(at: datetime) -> str:
    """Format a time in UTC to the minute, such as `2026-11-01 08:00`."""
    return f"{at:%Y-%m-%d %H:%M}"


def several(count: int, what: str, plural: str = "") -> str:
    """Format a count with its noun, such as `1 article` or `1,204 articles`.

    `plural` is the noun for other numbers than 1, if it is not made with an s.
    """
    return f"{count:,} {what if count == 1 else plural or what + 's'}"
