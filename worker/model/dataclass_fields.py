"""Field names and field values of dataclasses, for building database rows and JSON objects."""

from collections.abc import Collection, KeysView
from dataclasses import fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def field_names(kind: "type[DataclassInstance]") -> KeysView[str]:
    """Return the field names of a dataclass, in the order of definition.

    The result supports set operations such as `-` and `&`.
    """
    return dict.fromkeys(field.name for field in fields(kind)).keys()


def field_values(value: "DataclassInstance", leave_out: Collection[str] = ()) -> dict[str, Any]:
    """Return a dict of field name -> value, without the fields in `leave_out`.

    Unlike `dataclasses.asdict`, it does not convert nested dataclasses.
    """
    names = (field.name for field in fields(value))
    return {name: getattr(value, name) for name in names if name not in leave_out}
