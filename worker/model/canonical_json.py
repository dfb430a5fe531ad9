"""Read and write JSON fast, with the results of Python's module json.

The library orjson is several times faster, but writes NaN, some floats and some Python objects in
another way, and reads an integer of more than 64 bits as a float. Such values go to Python's
module, so that stored raw articles keep the same bytes and hashes.
"""

import json
from typing import Any

import orjson

from worker.model.json_nesting import value_too_deep

_NO_CONTAINERS = frozenset((str, int, bool, type(None)))
_LARGE = 2.0**63  # from here on a float may be an integer that orjson could not hold


def canonical_json(value: object) -> bytes:
    """Write a value as JSON in UTF-8, always with the same bytes for equal values, so that these
    can be hashed.

    Keys are sorted, no spaces are written, and only control characters, quotes and backslashes are
    escaped. Half of a surrogate pair is written as three bytes. Raises what `json.dumps` raises for
    a value that can't be written: TypeError, ValueError or RecursionError.
    """
    try:
        if _is_plain(value):
            return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except (orjson.JSONEncodeError, RecursionError):
        pass  # a lone surrogate, an integer of more than 64 bits, or deep nesting
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def parse_json(data: bytes) -> Any:
    """Parse JSON text in UTF-8, with the same result as `json.loads`. Halves of surrogate pairs,
    which are no valid UTF-8, are accepted.

    Raises ValueError for invalid JSON and for an integer of more than 4,300 digits, and
    RecursionError for JSON that is nested too deep.
    """
    try:
        value = orjson.loads(data)
        if not _has_large_float(value):
            return value
    except (orjson.JSONDecodeError, RecursionError):
        pass  # NaN, a lone surrogate, deep nesting, or no JSON: Python's module says what is wrong
    return json.loads(data.decode("utf-8", "surrogatepass"))


def parse_shallow(data: bytes, levels: int) -> Any:
    """Parse JSON text with the fast parser, if the result is sure to be that of `parse_json` and
    lists and objects are nested at most `levels` deep.

    Raises ValueError if not, so it may do so for valid JSON; then another function of this module
    must be used.
    """
    value = orjson.loads(data)
    if value_too_deep(value, levels) or _has_large_float(value):
        raise ValueError("nested too deep, or a number of more than 64 bits")
    return value


def parse_with_long_numbers(data: bytes) -> Any:
    """Parse JSON text in UTF-8. An integer with more digits than Python converts becomes a string
    of its digits.

    Raises ValueError for invalid JSON, and RecursionError for JSON that is nested too deep.
    """
    try:
        return parse_json(data)
    except json.JSONDecodeError:
        raise
    except ValueError:
        text = data.decode("utf-8", "surrogatepass")
        return json.loads(
            text, parse_int=lambda digits: int(digits) if len(digits) < 4000 else digits
        )


def _is_plain(value: object) -> bool:
    """Whether a value consists of texts, integers, booleans, null, lists, and objects with texts as
    keys, all exactly of Python's own types.

    Raises RecursionError for a value that is nested deep or contains itself.
    """
    kind = type(value)
    if kind in _NO_CONTAINERS:
        return True
    if kind is dict:
        for key, item in value.items():  # type: ignore[attr-defined]
            if type(key) is not str or not (type(item) in _NO_CONTAINERS or _is_plain(item)):
                return False
        return True
    if kind is list:
        return all(type(item) in _NO_CONTAINERS or _is_plain(item) for item in value)  # type: ignore[attr-defined]
    return False


def _has_large_float(value: object) -> bool:
    """Whether a parsed JSON value contains a float of 2^63 or more, or its negative."""
    kind = type(value)
    if kind is float:
        return abs(value) >= _LARGE  # type: ignore[arg-type]
    if kind is dict:
        return any(_has_large_float(item) for item in value.values() if type(item) is not str)  # type: ignore[attr-defined]
    if kind is list:
        return any(_has_large_float(item) for item in value if type(item) is not str)  # type: ignore[attr-defined]
    return False
