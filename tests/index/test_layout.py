"""The layout of buckets: where an entry is, and where it is moved to when buckets grow."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.dedup.texts import STORY, fingerprint_of
from worker.index.layout import (
    FULL,
    LEAST_SPARE_BITS,
    OWNER_BITS,
    VALUE_BITS,
    Hashes,
    Layout,
    Move,
    beginning,
    layouts_at,
    owner,
    past,
    to_open,
)

FIRST = Layout(generation=9, bits=5, first=5, base=70)
SECOND, THIRD = FIRST.grown, FIRST.grown.grown
BEFORE = Layout(generation=8, bits=8, first=6, base=10)
STARTED = {"9": "70:5"}
PREVIOUS = {"8": "10:6", "8:8": "128"}


@pytest.mark.parametrize(
    ("state", "read", "moves"),
    [
        pytest.param({}, (), (), id="empty index"),
        pytest.param(STARTED, (FIRST,), (), id="one generation"),
        pytest.param(STARTED | PREVIOUS, (FIRST, BEFORE), (), id="with the previous generation"),
        pytest.param({"7": "0:5"} | STARTED, (FIRST,), (), id="an expired generation"),
        pytest.param(PREVIOUS, (BEFORE,), (), id="only the previous generation"),
        pytest.param(
            STARTED | {"9:7": "31"}, (SECOND, FIRST), (Move(FIRST, 31),), id="being copied"
        ),
        pytest.param(STARTED | {"9:7": "32"}, (SECOND,), (Move(FIRST, 32),), id="being dropped"),
        pytest.param(STARTED | {"9:7": "64"}, (SECOND,), (), id="dropped"),
        pytest.param(
            STARTED | {"9:7": "64", "9:9": "0"},
            (THIRD, SECOND),
            (Move(SECOND, 0),),
            id="a second move",
        ),
    ],
)
def test_the_state_decides_which_layouts_are_read(
    state: dict[str, str], read: tuple[Layout, ...], moves: tuple[Move, ...]
) -> None:
    assert layouts_at(9, state) == (read, moves)


@pytest.mark.parametrize(
    ("state", "filled", "opened"),
    [
        pytest.param(STARTED, FULL - 1, None, id="not full"),
        pytest.param(STARTED, FULL, SECOND, id="full"),
        pytest.param(STARTED | {"9:7": "63"}, FULL, None, id="still moving"),
        pytest.param(STARTED | {"9:7": "64"}, FULL, THIRD, id="full again"),
        pytest.param(
            STARTED | {"8": "0:5", "8:7": "0"}, FULL, SECOND, id="previous generation moving"
        ),
        pytest.param(
            STARTED | {f"9:{n}": "9999999" for n in range(7, VALUE_BITS - OWNER_BITS + 1, 2)},
            FULL,
            None,
            id="last",
        ),
    ],
)
def test_buckets_grow_when_they_are_full(
    state: dict[str, str], filled: float, opened: Layout | None
) -> None:
    assert to_open(layouts_at(9, state), filled) == opened


@pytest.mark.parametrize(
    ("state", "bits"),
    [({}, "5"), (PREVIOUS, "6"), ({"8": "0:5"}, "5")],
)
def test_a_generation_begins_with_a_quarter_of_the_buckets_of_the_one_before(
    state: dict[str, str], bits: str
) -> None:
    assert beginning(9, 70, state, least_bits=5) == ("9", f"70:{bits}")


def test_state_that_no_worker_reads_any_more_is_past() -> None:
    assert past(9, {"6": "0:5", "7": "0:5", "7:7": "64"} | PREVIOUS | STARTED) == ["6", "7", "7:7"]


def hashes_of(hash_: int) -> Hashes:
    return Hashes.of([replace(fingerprint_of(STORY), sketch=(hash_,))])


@given(
    st.integers(0, 2**64 - 1),
    st.integers(-(2**20), 2**24),
    st.integers(5, 24),
)
def test_an_entry_is_found_however_often_buckets_grew(hash_: int, number: int, first: int) -> None:
    layout, hashes = FIRST._replace(bits=first, first=first), hashes_of(hash_)
    bucket = int(hashes.keys(layout)[1].rsplit(":")[-1])
    value = b"%d" % hashes.values(layout, [number])[1]
    while not layout.last:
        part, moved = layout.moved(value)
        bucket |= part << layout.bits
        value = b"%d" % moved
        layout = layout.grown
        assert hashes.keys(layout)[1] == f"aw:h:9:{layout.bits}:{bucket}"
        assert owner(value, hashes.spares(layout)[1], layout) == number
    assert layout.bits - first >= LEAST_SPARE_BITS - 1


@given(
    st.integers(0, 2**64 - 1), st.integers(5, VALUE_BITS - OWNER_BITS - LEAST_SPARE_BITS), st.data()
)
def test_values_fit_in_three_bytes_until_buckets_grow_no_more(
    hash_: int, first: int, data: st.DataObject
) -> None:
    layout, hashes = FIRST._replace(bits=first, first=first), hashes_of(hash_)
    while not layout.last:
        most = 2 ** (layout.bits + OWNER_BITS) - 1  # articles of a generation with these buckets
        number = layout.base + data.draw(st.integers(0, most))
        [value] = hashes.values(layout, [number])[1:]
        assert -(2**23) <= value < 2**23
        layout = layout.grown


@given(st.binary(min_size=7, max_size=7))
def test_an_id_is_found_after_buckets_grew(field: bytes) -> None:
    bucket = int(FIRST.id_key(field).rsplit(":")[-1])
    bucket |= FIRST.id_moved(field, b"7")[0] << FIRST.id_bits
    assert SECOND.id_key(field) == f"aw:i:9:7:{bucket}"


def test_another_hash_with_the_same_field_has_another_owner() -> None:
    first, second = hashes_of(1 << 40), hashes_of((1 << 40) + (1 << 13 + FIRST.bits))
    value = b"%d" % first.values(FIRST, [80])[1]
    assert first.fields == second.fields
    assert first.keys(FIRST) == second.keys(FIRST)
    assert owner(value, first.spares(FIRST)[1], FIRST) == 80
    assert owner(value, second.spares(FIRST)[1], FIRST) is None
    assert owner(None, 0, FIRST) is None
