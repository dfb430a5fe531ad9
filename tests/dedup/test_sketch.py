"""A sketch finds a text again from any part of it, and prefers runs of words that are rare."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.dedup.texts import RULES, STORY, fingerprint_of, invented
from tests.make import article
from worker.dedup import fingerprint
from worker.dedup.sketch import sketch_of
from worker.model.records import Fingerprint
from worker.model.text_hashes import SKETCH_VERSION

MOST = RULES.shingles.sketch
HAN = "".join(chr(0x4E00 + n * 7919 % 5000) for n in range(600))


def thirds(text: str, between: str = " ") -> list[str]:
    parts = text.split(between) if between else list(text)
    size = len(parts) // 3
    return [between.join(parts[begin : begin + size]) for begin in (0, size, 2 * size)]


@pytest.mark.parametrize(
    ("text", "between"),
    [
        *(pytest.param(invented(seed, 300), " ", id=f"invented {seed}") for seed in range(12)),
        pytest.param(STORY, " ", id="news"),
        pytest.param(HAN, "", id="without spaces"),
    ],
)
def test_each_third_of_a_text_shares_several_hashes_of_its_sketch(text: str, between: str) -> None:
    whole = {*fingerprint_of(text).sketch}
    for third in thirds(text, between):
        shared = whole & {*fingerprint_of(third).sketch}
        assert len(shared) >= MOST // 6


def test_a_third_shares_more_than_of_the_smallest_hashes() -> None:
    """As many hashes chosen by their size alone lie closer together; some thirds have few."""

    def least(text: str, *, smallest: bool) -> int:
        def chosen(part: str) -> set[int]:
            print_ = fingerprint_of(part)
            return {*(print_.former_sketch if smallest else print_.sketch)}

        return min(len(chosen(text) & chosen(third)) for third in thirds(text))

    texts = [invented(seed, 300) for seed in range(40)]
    by_size = min(least(text, smallest=True) for text in texts)
    assert min(least(text, smallest=False) for text in texts) > by_size


def test_runs_that_occur_everywhere_are_chosen_last() -> None:
    common = "and it was one of the " * 40
    rare = {*fingerprint_of(invented(1, 60)).sketch}
    mixed = {*fingerprint_of(f"{common} {invented(1, 60)} {common}").sketch}
    assert len(mixed & rare) >= MOST - 4
    assert (
        len(fingerprint_of("the one that was in the and of it by the " * 3 + STORY).sketch) == MOST
    )


@given(
    arrays(np.uint64, st.integers(0, 120), elements=st.integers(0, 60)),
    st.integers(1, 40),
)
def test_a_sketch_has_as_many_hashes_as_the_text_allows_each_once(
    hashes: "np.ndarray[tuple[int], np.dtype[np.uint64]]", most: int
) -> None:
    # The same run of words has the same number of content words wherever it stands.
    content = np.array([int(h) % 4 for h in hashes], np.uint8)
    sketch, alternates = sketch_of(hashes, content, most, 16)
    further = {h for h in hashes.tolist() if h % 4 >= 2} - {*sketch}
    assert len(alternates) == len({*alternates}) == min(16, len(further))
    assert {*alternates} <= further
    assert len(sketch) == min(most, len({*hashes.tolist()}))
    assert list(sketch) == sorted({*sketch})
    rare = {h for h in hashes.tolist() if h % 4 >= 2}
    assert len(rare & {*sketch}) == min(most, len(rare))


def test_a_short_text_is_found_by_runs_of_both_widths() -> None:
    sketch = fingerprint_of(invented(3, words=20)).sketch
    assert len({h & 1 for h in sketch}) == 2


def test_the_size_of_the_sketch_does_not_keep_fingerprints_from_being_compared() -> None:
    more = RULES.shingles.model_copy(update={"sketch": MOST + 8})
    larger = fingerprint(article(text=STORY), RULES.model_copy(update={"shingles": more}))
    usual = fingerprint(article(text=STORY), RULES)
    assert larger.version == usual.version
    assert len(larger.sketch) == MOST + 8
    narrower = RULES.shingles.model_copy(update={"most": 500})
    other = fingerprint(article(text=STORY), RULES.model_copy(update={"shingles": narrower}))
    assert other.version != usual.version


def test_a_fingerprint_that_a_former_release_packed_has_its_sketch() -> None:
    new = fingerprint_of(STORY)
    former = replace(new, sketch=new.former_sketch, sketch_version=1, alternates=())
    packed = former.packed()[:-1]  # it knew no version of sketches
    assert Fingerprint.unpacked(packed) == former
    read = Fingerprint.unpacked(new.packed())
    assert read == new
    assert (new.sketch_version, read and read.sketch_version) == (SKETCH_VERSION, SKETCH_VERSION)
