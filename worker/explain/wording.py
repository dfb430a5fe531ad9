"""Write times and counts the way all sentences, tables and pages for people do."""

from datetime import datetime

from worker.model.plurals import several as several


def moment(at: datetime) -> str:
    """Format a time in UTC to the minute, such as `2026-11-01 08:00`."""
    return f"{at:%Y-%m-%d %H:%M}"
