"""A header `traceparent` is taken as W3C Trace Context defines it, or not at all."""

import pytest

from worker.model.trace_context import trace_id, traceparent

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
VALID = f"00-{TRACE}-00f067aa0ba902b7-01"


@pytest.mark.parametrize("value", [VALID, VALID.replace("00-4", "01-4"), VALID[:-1] + "0"])
def test_a_valid_header_is_taken_as_it_is(value: str) -> None:
    assert traceparent(value) == value
    assert trace_id(value) == TRACE


@pytest.mark.parametrize(
    "value",
    [
        *("", TRACE, VALID.upper(), VALID + "-x", f" {VALID}", f"{VALID}\n", VALID[:-1]),
        VALID.replace("00-4", "ff-4"),
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-{TRACE}-{'0' * 16}-01",
        VALID.replace("-", "_"),
        VALID.replace("4bf9", "4bg9"),
    ],
)
def test_any_other_text_is_no_trace(value: str) -> None:
    assert traceparent(value) == ""
