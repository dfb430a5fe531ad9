"""Show settings and rules as text, for `worker config` and for the page with the same contents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from worker.broker import embedded
from worker.model.plurals import several
from worker.settings import Settings, masked

if TYPE_CHECKING:
    from worker.config.loader import Config


def effective_settings(settings: Settings) -> dict[str, str]:
    """Return the values of all settings as text, with the store and the broker that are in use
    where none is set. Passwords and secrets are masked."""
    values = settings.shown
    values |= {"store_url": masked(settings.store)}
    if settings.embedded_broker:
        values["broker_url"] = embedded.broker_url(settings.var_dir)
    return values


def rule_values(rules: Config, name: str, *, topics: bool = True) -> dict[str, Any]:
    """Return the rules of one config file, such as "dedup", as values that JSON has.

    Without `topics`, the topics of a file of tagging rules are left out: they are thousands of
    values. Raises KeyError when there is no such file.
    """
    return rules.of(name).model_dump(mode="json", exclude=None if topics else {"topics"})


def flat_values(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield all values of nested tables, each with its keys joined by dots, such as "queue.name".

    For a list of tables, only the number of tables is given.
    """
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            yield from flat_values(value, f"{name}.")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            yield name, several(len(value), "entry", "entries")
        else:
            yield name, value
