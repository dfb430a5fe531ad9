"""Say how large the store is, and how large it will be in a year, for `worker doctor`."""

from worker.model.plurals import several
from worker.store.retention_values import StoreGrowth

_YEAR_DAYS = 365
_SHOWN_TABLES = 3


def growth_sentence(growth: StoreGrowth) -> str:
    """Say how many gigabytes the store takes now, and how many it will take in a year if it grows
    on as it does. The largest tables are named, each with its indexes.

    The growth is that between two measurements, if there are any on different days. Otherwise it is
    the average since the first article, which is too high if old rows will be removed.
    """
    largest = [(name, size) for name, size in growth.tables.items() if size]
    tables = ", ".join(f"{name} {_gb(size)}" for name, size in largest[:_SHOWN_TABLES])
    now = f"{_gb(growth.bytes)} GB now"
    if growth.bytes_a_day is None:
        return f"{now} ({tables}); nothing is stored yet"
    later = growth.bytes + _YEAR_DAYS * growth.bytes_a_day
    since = (
        f"the last {several(round(growth.days), 'day')}"
        if growth.sampled
        else "its whole time so far"
    )
    rate = f"{growth.bytes_a_day / 1e6:,.1f} MB a day in {since}"
    return f"{now}, {_gb(later)} GB in a year at the present rate of {rate} ({tables})"


def _gb(size: float) -> str:
    """Format bytes in gigabytes, with more digits for small sizes."""
    gigabytes = size / 1e9
    return f"{gigabytes:,.1f}" if gigabytes >= 10 else f"{gigabytes:.3f}"
