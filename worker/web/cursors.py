"""Turn positions in lists into cursors and back.

A cursor is a text by which a program asks for the next page of a list. What is in it is of no
concern to the program.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

# Times that every zone and every database can write, with a little time added or taken away.
FIRST_TIME = datetime(1900, 1, 1, tzinfo=UTC)
LAST_TIME = datetime(9000, 1, 1, tzinfo=UTC)
PositionT = TypeVar("PositionT", bound=tuple[Any, ...])


def cursor_of(position: tuple[Any, ...] | None) -> str | None:
    """Return the cursor of a position, the text by which a program asks for the page after it.

    `position` is a named tuple. The result is None if there is no position, because the page is the
    last.
    """
    if position is None:
        return None
    values = [_plain(value) for value in position]
    text = json.dumps([type(position).__name__, *values], separators=(",", ":"))
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def position_in(cursor: str, kind: type[PositionT]) -> PositionT | None:
    """Return the position in a list that a cursor stands for, or None if the cursor is "".

    A cursor is the text by which a program asks for the next page. `kind` is the class of the
    positions of the list. Raises ValueError if the cursor belongs to another list or is damaged.
    """
    if not cursor:
        return None
    try:
        decoded = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        name, *values = json.loads(decoded)
        if name != kind.__name__:
            raise ValueError(name)
        position = TypeAdapter(kind).validate_python(values)
        if not all(map(_is_storable, position)):
            raise ValueError(name)
    except (ValueError, TypeError, ValidationError, RecursionError) as e:
        raise ValueError("this is no cursor of this list; leave it out to begin anew") from e
    return position


def _is_storable(value: object) -> bool:
    """Whether a database can compare something with this value, which anybody may have made up."""
    if isinstance(value, datetime):
        return value.tzinfo is not None and FIRST_TIME <= value <= LAST_TIME
    if isinstance(value, str):
        return not any("\ud800" <= character <= "\udfff" for character in value)
    return not isinstance(value, int) or abs(value) < 2**62


def _plain(value: object) -> object:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
