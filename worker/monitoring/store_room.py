"""Calculate the size at which the store is full, and whether it will be soon."""

from worker.config.monitoring_rules import AttentionRules
from worker.store.retention_values import StoreGrowth


def store_limit(growth: StoreGrowth, rules: AttentionRules) -> int:
    """Return the size in bytes at which the store is full; 0 if that is unknown.

    It is the configured one, or else what an SQLite store has with all that is free on its disk.
    """
    if rules.store_limit_bytes:
        return rules.store_limit_bytes
    return 0 if growth.free_bytes is None else growth.bytes + growth.free_bytes


def days_until(size: float, growth: StoreGrowth) -> float | None:
    """Return in how many days the store will have grown to `size` bytes; 0 if it is that large now.

    The answer is None if it does not grow, or if its size was not measured twice yet: its average
    growth since the first article could be that of a first import only.
    """
    if growth.bytes >= size:
        return 0.0
    if not growth.sampled or not growth.bytes_a_day:
        return None
    return (size - growth.bytes) / growth.bytes_a_day
