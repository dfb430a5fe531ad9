"""What a message may be, before any parser sees it."""

import json
from base64 import b64encode
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.broker.messages import DEEPEST, LONGEST, parsed, too_deep

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def _message(body: str, **properties: object) -> bytes:
    headers = {"task": "articles.ingest", "id": "1"}
    return json.dumps(
        {"body": body, "headers": headers, "properties": {"delivery_info": {}, **properties}}
    ).encode()


def _nested(levels: int, within: str = "") -> str:
    return "[" * levels + within + "]" * levels


@given(_JSON)
def test_what_producers_write_is_never_too_deep(value: object) -> None:
    text = json.dumps([value, '"[{' * DEEPEST])
    assert not too_deep(text.encode())
    assert parsed(_message(text)) is not None


@given(st.integers(1, 3), st.text())
def test_depth_counts_brackets_outside_of_strings_only(over: int, text: str) -> None:
    string = json.dumps(text + "]}" * DEEPEST)
    assert too_deep(_nested(DEEPEST + over, string).encode())
    assert not too_deep(_nested(DEEPEST, string).encode())
    assert not too_deep(f"[{','.join(['[{}]'] * DEEPEST)}]".encode())


@pytest.mark.parametrize("levels", [DEEPEST + 1, 100_000])
def test_a_body_that_is_too_deep_is_no_message_however_it_is_packed(levels: int) -> None:
    body = _nested(levels)
    assert parsed(_message(body)) is None
    assert parsed(_message(b64encode(body.encode()).decode(), body_encoding="base64")) is None
    assert parsed(body.encode()) is None
    assert parsed(_message(_nested(DEEPEST))) is not None


@pytest.mark.parametrize(
    "unit", [b'"[', b'\\"[', b'"\\"[{', b"[" * 2, b"[]", b'{"a":[', b'"\\\\"[', b"\\[", b'[""']
)
def test_looking_for_depth_is_linear_for_any_bytes(unit: bytes) -> None:
    data = unit * (LONGEST // len(unit) // 4)
    began = process_time()
    too_deep(data)
    assert process_time() - began < 4
