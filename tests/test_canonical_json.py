"""JSON is written and read fast, and exactly as Python's module json would."""

import json
import math
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum, IntEnum, StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.model.canonical_json import canonical_json, parse_json


class Colour(StrEnum):
    RED = "red"


class Number(IntEnum):
    ONE = 1


class Plain(Enum):
    A = "a"


class Text(str):
    pass


TEXTS = st.text(st.characters(exclude_categories=())) | st.text('\ud800\udc00\x00\x1f\x7f"\\/é😀 ')
NUMBERS = (
    st.integers()
    | st.integers(-(2**65), 2**65)
    | st.floats()
    | st.sampled_from([2**63, 2**64, -(2**63) - 1, 1e16, 1e-7, -0.0, 1.0, 10**400])
)
ODD = st.sampled_from(
    [
        *(
            Colour.RED,
            Number.ONE,
            Plain.A,
            Text("x"),
            UUID(int=1),
            datetime(2026, 1, 1, tzinfo=UTC),
        ),
        *((1, 2), b"x", OrderedDict(b=1, a=2), {1: "a"}, {None: 1}, {Text("k"): 1}, {1, 2}, Path()),
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS | ODD,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


def written_by_python(value: object) -> bytes:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def read_by_python(data: bytes) -> Any:
    return json.loads(data.decode("utf-8", "surrogatepass"))


def ending(function: Callable[[Any], Any], value: Any) -> tuple[str, str]:
    """What a function returns or raises, with the types of numbers and the sign of zero."""
    try:
        return "returned", repr(function(value))
    except (TypeError, ValueError, RecursionError) as e:
        return type(e).__name__, str(e)


@given(VALUES)
def test_a_value_is_written_as_python_writes_it_or_refused_with_the_same_error(value: Any) -> None:
    assert ending(canonical_json, value) == ending(written_by_python, value)


@given(VALUES)
def test_what_was_written_is_read_as_python_reads_it(value: Any) -> None:
    try:
        texts = [
            json.dumps(value).encode(),
            json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"),
        ]
    except (TypeError, ValueError):
        return
    for text in texts:
        assert ending(parse_json, text) == ending(read_by_python, text)


@given(st.text('[]{}:,"\\ \t\r\n0123456789.eE+-truefalsn\ufeffNaIity/u\x00é') | st.binary())
def test_any_bytes_are_read_or_refused_as_by_python(text: str | bytes) -> None:
    data = text if isinstance(text, bytes) else text.encode()
    assert ending(parse_json, data) == ending(read_by_python, data)


@pytest.mark.parametrize(
    "text",
    [
        *("NaN", "-Infinity", "1e400", "1E16", "-0", "-0.0", "1e-400", "123456789012345678901234"),
        *('"\\ud800"', '"\\ud83d\\ude00"', '{"a":1,"b":2,"a":3}', "18446744073709551615"),
        *(
            "18446744073709551616",
            "-9223372036854775809",
            '"\x7f"',
            '"\x1f"',
            "\ufeff1",
            "01",
            "1.",
        ),
        *("[1,]", "", " ", "1 2", "9" * 4300, "9" * 4301, "9223372036854775808.0", "1e19"),
        *("[" * 90 + "]" * 90, "[" * 300 + "]" * 300, '{"a":' * 600 + "1" + "}" * 600),
    ],
    ids=lambda text: text[:24].encode("unicode_escape").decode(),
)
def test_special_texts_are_read_as_by_python(text: str) -> None:
    assert ending(parse_json, text.encode()) == ending(read_by_python, text.encode())


def test_a_value_that_contains_itself_is_refused_as_by_python() -> None:
    value: list[Any] = []
    value.append({"a": value})
    assert ending(canonical_json, value) == ending(written_by_python, value)
    assert ending(canonical_json, value)[0] == "ValueError"


def test_floats_keep_the_form_in_which_earlier_versions_hashed_them() -> None:
    assert canonical_json({"b": 1e16, "a": 1e-7}) == b'{"a":1e-07,"b":1e+16}'
    assert canonical_json([math.nan, math.inf]) == b"[NaN,Infinity]"


def test_keys_are_sorted_by_code_points_also_beyond_the_basic_plane() -> None:
    value = {"\U0001f600": 1, "\uffff": 2, "z": 3, "é": 4}
    assert canonical_json(value) == written_by_python(value)
    assert list(json.loads(canonical_json(value))) == ["z", "é", "\uffff", "\U0001f600"]
