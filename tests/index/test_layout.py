"""Addresses of hashes: each entry is read at the address that it was moved to."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.dedup.texts import STORY, fingerprint_of
from worker.index.index_hashes import IndexHashes, owners_of
from worker.index.layout import (
    FULL_BUCKET,
    LEAST_SPARE_BITS,
    OWNER_BITS,
    VALUE_BITS,
    BucketLayout,
    BucketMove,
    active_layouts,
    expired_fields,
    new_generation,
    next_layout,
)

FIRST = BucketLayout(generation=9, bits=5, first=5, base=70)
SECOND, THIRD = FIRST.grown, FIRST.grown.grown
BEFORE = BucketLayout(generation=8, bits=8, first=6, base=10)
BEGUN = {"9": "70:5"}
HELD = {"8": "10:6", "8:8": "128"}


@pytest.mark.parametrize(
    ("known", "read", "moves"),
    [
        pytest.param({}, (), (), id="nothing yet"),
        pytest.param(BEGUN, (FIRST,), (), id="begun"),
        pytest.param(BEGUN | HELD, (FIRST, BEFORE), (), id="and the generation before"),
        pytest.param({"7": "0:5"} | BEGUN, (FIRST,), (), id="gone by"),
        pytest.param(HELD, (BEFORE,), (), id="not begun"),
        pytest.param(
            BEGUN | {"9:7": "31"}, (SECOND, FIRST), (BucketMove(FIRST, 31),), id="being copied"
        ),
        pytest.param(
            BEGUN | {"9:7": "32"}, (SECOND,), (BucketMove(FIRST, 32),), id="being dropped"
        ),
        pytest.param(BEGUN | {"9:7": "64"}, (SECOND,), (), id="dropped"),
        pytest.param(
            BEGUN | {"9:7": "64", "9:9": "0"}, (THIRD, SECOND), (BucketMove(SECOND, 0),), id="again"
        ),
    ],
)
def test_which_layouts_are_read(
    known: dict[str, str], read: tuple[BucketLayout, ...], moves: tuple[BucketMove, ...]
) -> None:
    assert active_layouts(9, known) == (read, moves)


@pytest.mark.parametrize(
    ("known", "filled", "opened"),
    [
        pytest.param(BEGUN, FULL_BUCKET - 1, None, id="not full"),
        pytest.param(BEGUN, FULL_BUCKET, SECOND, id="full"),
        pytest.param(BEGUN | {"9:7": "63"}, FULL_BUCKET, None, id="still moving"),
        pytest.param(BEGUN | {"9:7": "64"}, FULL_BUCKET, THIRD, id="full again"),
        pytest.param(
            BEGUN | {"8": "0:5", "8:7": "0"}, FULL_BUCKET, SECOND, id="the one before moves"
        ),
        pytest.param(
            BEGUN | {f"9:{n}": "9999999" for n in range(7, VALUE_BITS - OWNER_BITS + 1, 2)},
            FULL_BUCKET,
            None,
            id="last",
        ),
    ],
)
def test_buckets_grow_when_they_are_full(
    known: dict[str, str], filled: float, opened: BucketLayout | None
) -> None:
    assert next_layout(active_layouts(9, known), filled) == opened


@pytest.mark.parametrize(
    ("known", "bits"),
    [({}, "5"), (HELD, "6"), ({"8": "0:5"}, "5")],
)
def test_a_generation_begins_with_a_quarter_of_the_buckets_of_the_one_before(
    known: dict[str, str], bits: str
) -> None:
    assert new_generation(9, 70, known, least_bits=5) == ("9", f"70:{bits}")


def test_what_is_past_is_what_nobody_reads() -> None:
    assert expired_fields(9, {"6": "0:5", "7": "0:5", "7:7": "64"} | HELD | BEGUN) == [
        "6",
        "7",
        "7:7",
    ]


def owner_of(value: bytes, hashes: IndexHashes, layout: BucketLayout) -> int | None:
    """The owner of the second hash by the value that is stored in its place."""
    same, owners = owners_of(np.array([int(value)]), hashes.spares(layout)[1:], layout)
    return int(owners[0]) if same.all() else None


def print_with(hash_: int) -> IndexHashes:
    return IndexHashes.of([replace(fingerprint_of(STORY), sketch=(hash_,))])


@given(
    st.integers(0, 2**64 - 1),
    st.integers(-(2**20), 2**24),
    st.integers(5, 24),
)
def test_an_entry_is_where_it_is_looked_for_however_often_buckets_grew(
    hash_: int, number: int, first: int
) -> None:
    layout, hashes = FIRST._replace(bits=first, first=first), print_with(hash_)
    bucket = int(hashes.keys(layout)[1].rsplit(":")[-1])
    value = b"%d" % hashes.values(layout, [number])[1]
    while not layout.is_last:
        part, moved = layout.split(value)
        bucket |= part << layout.bits
        value = b"%d" % moved
        layout = layout.grown
        assert hashes.keys(layout)[1] == f"aw:h:9:{layout.bits}:{bucket}"
        assert owner_of(value, hashes, layout) == number
    assert layout.bits - first >= LEAST_SPARE_BITS - 1


@given(
    st.integers(0, 2**64 - 1), st.integers(5, VALUE_BITS - OWNER_BITS - LEAST_SPARE_BITS), st.data()
)
def test_values_fit_in_three_bytes_until_buckets_grow_no_more(
    hash_: int, first: int, data: st.DataObject
) -> None:
    layout, hashes = FIRST._replace(bits=first, first=first), print_with(hash_)
    while not layout.is_last:
        most = 2 ** (layout.bits + OWNER_BITS) - 1  # articles of a generation at so many buckets
        number = layout.base + data.draw(st.integers(0, most))
        [value] = hashes.values(layout, [number])[1:]
        assert -(2**23) <= value < 2**23
        layout = layout.grown


@given(st.binary(min_size=7, max_size=7))
def test_so_is_an_id(field: bytes) -> None:
    bucket = int(FIRST.id_key(field).rsplit(":")[-1])
    bucket |= FIRST.split_id(field, b"7")[0] << FIRST.id_bits
    assert SECOND.id_key(field) == f"aw:i:9:7:{bucket}"


def test_another_hash_with_the_same_field_has_another_owner() -> None:
    mine, its = print_with(1 << 40), print_with((1 << 40) + (1 << 13 + FIRST.bits))
    value = b"%d" % mine.values(FIRST, [80])[1]
    assert mine.fields == its.fields
    assert mine.keys(FIRST) == its.keys(FIRST)
    assert owner_of(value, mine, FIRST) == 80
    assert owner_of(value, its, FIRST) is None
