"""Receipts are stored, and a repeated one has no effect: their formats must never change."""

import ast
import re
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from worker.model import receipts
from worker.model.receipts import (
    delivered_receipt,
    derived_receipt,
    is_receipt,
    lint_receipt,
    message_number,
    new_message_id,
    new_producer_id,
    new_receipt,
    numbered_message_id,
    reclean_parts,
    reclean_receipt,
    replay_parts,
    replay_receipt,
    undeliverable_receipt,
)
from worker.store.database.statements import concatenated

ROOT = Path(__file__).parents[1] / "worker"
UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


@pytest.mark.parametrize(
    ("receipt", "expected"),
    [
        (derived_receipt("id-1", 0), "88589c4cedcbeb5c176b3d390125b0ea"),
        (derived_receipt("q\ud800", 7), "709e13d11b43d7615a41a6fb4f4e981d"),
        (
            undeliverable_receipt("articles", b'{"reason": "x"}\n{broken'),
            "undeliverable-b51f1c881f763bc60d5b79374a3f844b",
        ),
        (
            undeliverable_receipt("Nachrichten-ü", b"\xff\x00"),
            "undeliverable-c664dda87ae402d78462d6ad5097a28f",
        ),
        (replay_receipt("9f2c", 1), "replay-9f2c-1"),
        (replay_receipt("9f2c", 12), "replay-9f2c-12"),
        (reclean_receipt("4ad0", 3, "c17"), "reclean-4ad0-3-c17"),
        (lint_receipt(0), "0"),
        (lint_receipt(1041), "1041"),
    ],
)
def test_a_derived_receipt_has_the_format_it_always_had(receipt: str, expected: str) -> None:
    assert receipt == expected
    assert is_receipt(receipt)


@given(st.integers(1, 2**32 - 1))
def test_a_numbered_message_id_is_a_uuid8_with_producer_and_number(number: int) -> None:
    producer = new_producer_id()
    message_id = numbered_message_id(producer, number)
    assert (UUID(message_id).version, str(UUID(message_id))) == (8, message_id)
    assert message_number(message_id) == (producer, number)


@pytest.mark.parametrize("message_id", ["", "m", "x" * 36, "01a22c33-58c5-79a7-85d7-b31a3fb6b3ff"])
def test_an_id_of_another_kind_has_no_number(message_id: str) -> None:
    assert message_number(message_id) is None


@pytest.mark.parametrize("make", [new_receipt, new_message_id])
def test_a_new_receipt_or_message_id_is_a_uuid7_of_this_millisecond(make: Any) -> None:
    before = time.time_ns() // 1_000_000
    made = [make() for _ in range(50)]
    after = time.time_ns() // 1_000_000
    assert all(UUID7.fullmatch(each) for each in made)
    assert all(before <= int(each[:13].replace("-", ""), 16) <= after for each in made)
    assert len(set(made)) == 50


@pytest.mark.parametrize(
    ("raw", "index", "sent", "expected"),
    [
        ({"receipt": "own"}, 0, ["first", "second"], "first"),
        ({"receipt": "own"}, 1, ["first", "second"], "second"),
        ({"receipt": "own"}, 2, ["first", "second"], "own"),
        ({"receipt": "own"}, 0, None, "own"),
        ({"receipt": "own"}, 0, "first", "own"),
        ({"receipt": "own"}, 0, [None], "own"),
        ({"receipt": "own"}, 0, [""], "own"),
        ({"receipt": "own"}, 0, ["two\nlines"], derived_receipt("m", 0)),
        ({"receipt": "own"}, 0, ["r" * 201], derived_receipt("m", 0)),
        ({"receipt": "own"}, 0, [7], derived_receipt("m", 0)),
        ({"receipt": 7}, 3, None, derived_receipt("m", 3)),
        ({}, 3, None, derived_receipt("m", 3)),
        ("no object", 3, None, derived_receipt("m", 3)),
    ],
)
def test_the_receipt_with_the_message_goes_before_the_article_s_own_and_one_is_derived_else(
    raw: object, index: int, sent: object, expected: str
) -> None:
    assert delivered_receipt(raw, index, "m", sent) == expected


@given(st.text(), st.integers(0, 10_000), st.none() | st.lists(st.text() | st.integers()))
def test_whatever_a_message_says_its_articles_get_receipts(
    message_id: str, index: int, sent: object
) -> None:
    receipt = delivered_receipt({}, index, message_id, sent)
    assert is_receipt(receipt)
    assert receipt == delivered_receipt({}, index, message_id, sent)


@pytest.mark.parametrize(
    ("value", "taken"),
    [
        *(("r", True), ("r" * 200, True), ("poll-17/3", True), ("ü 中", True)),
        *(("", False), ("r" * 201, False), ("a\nb", False), ("\ud800", False)),
        *((None, False), (7, False), (b"r", False)),
    ],
)
def test_a_receipt_is_printable_text_of_at_most_200_characters(value: object, taken: bool) -> None:
    assert is_receipt(value) is taken


def test_sql_makes_the_receipts_that_python_makes() -> None:
    replay = concatenated(replay_parts(sa.literal("9f2c"), sa.cast(12, sa.Text)))
    reclean = concatenated(
        reclean_parts(sa.literal("4ad0"), sa.cast(3, sa.Text), sa.literal("c17"))
    )
    with sa.create_engine("sqlite://").connect() as connection:
        row = connection.execute(sa.select(replay, reclean)).one()
    assert row == (replay_receipt("9f2c", 12), reclean_receipt("4ad0", 3, "c17"))


def made_by_hand(source: str) -> list[str]:
    """The lines of a module that write a receipt themselves."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.keyword) and node.arg == "receipt":
            literal = isinstance(node.value, ast.JoinedStr | ast.BinOp | ast.Constant)
            if literal or ast.unparse(node.value).startswith(("str(", "hex(", "uuid")):
                found.append(f"{node.value.lineno}: receipt={ast.unparse(node.value)}")
        elif (isinstance(node, ast.Constant) and node.value in ("replay-", "reclean-")) or (
            isinstance(node, ast.Constant) and node.value == "undeliverable-"
        ):
            found.append(f"{node.lineno}: {node.value!r}")
    return found


def test_one_module_makes_receipts() -> None:
    found = {
        path.relative_to(ROOT).as_posix(): lines
        for path in sorted(ROOT.rglob("*.py"))
        if path != Path(receipts.__file__)
        if (lines := made_by_hand(path.read_text("utf-8")))
    }
    assert found == {}, "make receipts in worker/model/receipts.py"


@pytest.mark.parametrize(
    "source",
    [
        'Delivery(receipt=f"{n}", raw=raw)',
        "Delivery(receipt=str(n), raw=raw)",
        'Delivery(receipt="a" + n, raw=raw)',
        'f"replay-{letter}-{seen}"',
        'f"undeliverable-{digest}"',
    ],
)
def test_another_place_that_makes_receipts_is_noticed(source: str) -> None:
    assert made_by_hand(source)
