"""Names and values of the fields of a dataclass, for rows and JSON objects."""

from collections.abc import Collection, KeysView
from dataclasses import fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def field_names(kind: "type[DataclassInstance]") -> KeysView[str]:
    """Return the field names of a dataclass, in order, as a set-like view."""
    return dict.fromkeys(field.name for field in fields(kind)).keys()


def field_values(value: "DataclassInstance", leave_out: Collection[str] = ()) -> dict[str, Any]:
    """Return the field names with their values. Nested values are not converted."""
    names = (field.name for field in fields(value))
    return {name: getattr(value, name) for name in names if name not in leave_out}
