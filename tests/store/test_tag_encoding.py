"""Tags are stored as one value and read back as they were; each is found by its code and label."""

import json
from dataclasses import MISSING, fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.model.records import Span, Tag
from worker.store.database import tag_encoding
from worker.store.database.columns import dumps, stored_name
from worker.store.database.tag_encoding import (
    decode_tags,
    encode_tags,
    rank,
    terms_of,
    terms_of_code,
    terms_of_label,
)

NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
SPANS = st.builds(
    Span,
    field=st.sampled_from(["text", "title", "url", ""]),
    start=st.integers(0, 10**6),
    end=st.integers(0, 10**6),
    surface=NAMES,
)
TAGS = st.builds(
    Tag,
    scheme=st.sampled_from(["taxonomy", "category", "place", "own"]),
    code=NAMES,
    label=NAMES,
    score=st.floats(0, 1),
    method=NAMES,
    rule=NAMES,
    version=NAMES,
    spans=st.lists(SPANS, max_size=3).map(tuple),
)
# Names that are not stored as they are: too long for an index, or not valid Unicode.
LONG = ("KREIS " * 200, "kreis " * 200, "Straße-" * 200, "\u0390" * 600, "Rom\0", "Rom\ud800")


def stored(tags: list[Tag]) -> tuple[Tag, ...]:
    encoded = encode_tags(tags)
    return decode_tags(json.loads(dumps(encoded.value)), encoded.provenances)


@given(st.lists(TAGS, max_size=5, unique_by=lambda tag: (tag.scheme, tag.code)))
def test_tags_are_read_as_they_were_written_best_first(tags: list[Tag]) -> None:
    assert stored(tags) == tuple(sorted(tags, key=rank))


def test_of_tags_with_the_same_scheme_and_code_the_first_is_stored() -> None:
    first, other = Tag(scheme="place", code="a", label="A"), Tag(scheme="own", code="a", label="A")
    assert set(stored([first, Tag(scheme="place", code="a", label="B"), other])) == {first, other}


def test_an_ordinary_tag_takes_few_characters() -> None:
    spans = (Span(field="text", start=7, end=11, surface="Rome"),)
    encoded = encode_tags([Tag(scheme="place", code="iso:it", label="Rome", spans=spans)])
    [[_, [item]]] = encoded.value
    assert dumps(item) == '["iso:it","Rome",1.0,"",[[7,"Rome"]]]'


def test_a_value_of_a_later_version_is_read_without_the_fields_that_are_not_known() -> None:
    known = Tag(scheme="place", code="a", label="A")
    encoded = encode_tags([known])
    encoded.value[0][1][0] = ["a", "A", 1.0, "", [], {"unheard_of": 0.5}]
    assert decode_tags(json.loads(dumps(encoded.value)), encoded.provenances) == (known,)


def test_each_field_of_a_tag_is_stored() -> None:
    """A new field needs a default, because values that are stored already lack it."""
    own = {*tag_encoding._SHARED, *tag_encoding._ITEM, *tag_encoding._OTHERS}
    assert own == {field.name for field in fields(Tag)}
    assert MISSING not in tag_encoding._OTHERS.values()


@pytest.mark.parametrize(
    ("code", "label", "asked_code", "is_found"),
    [
        ("rome", "Rome", "ROME", True),
        ("rome", "Eternal City", "rome", True),
        ("new-york", "New York", "new-york", True),
        ("new-york", "New York", "new york", False),
        ("new york", "New York", "new york", True),
        ("new york", "New York", "new-york", False),
        ("iso:it", "Italy", "italy", False),
        ("STRASSE", "x", "straße", True),
        *((long, "x", asked, True) for long in LONG for asked in (long, stored_name(long))),
        (LONG[0], "x", LONG[0].title(), False),  # only a hash of the whole is stored
    ],
)
def test_a_tag_is_found_by_its_code(code: str, label: str, asked_code: str, is_found: bool) -> None:
    terms = set(terms_of("place", code, label))
    assert bool(terms & {*terms_of_code("place", asked_code)}) is is_found
    assert not terms & {*terms_of_code("person", asked_code)}


@pytest.mark.parametrize(
    ("code", "label", "asked_label", "is_found"),
    [
        ("rome", "Rome", "ROME", True),
        ("rome", "Eternal City", "eternal  city", True),
        ("rome", "Eternal City", "rome", False),
        ("new-york", "New York", "new york", True),
        ("new-york", "New York", "new-york", False),
        ("jean-luc", "Jean-Luc", "jean-luc", True),
        ("jean-luc", "Jean-Luc", "jean luc", False),
        ("new-york", "New York City", "new york", False),
        *(("x", long, asked, True) for long in LONG for asked in (long, stored_name(long))),
        ("x", LONG[0], LONG[0] + "S", False),
    ],
)
def test_a_tag_is_found_by_its_label(
    code: str, label: str, asked_label: str, is_found: bool
) -> None:
    terms = set(terms_of("place", code, label))
    assert bool(terms & {*terms_of_label("place", asked_label)}) is is_found
    assert not terms & {*terms_of_label("person", asked_label)}
