"""How deep JSON is nested, told before any parser sees it; what is too deep is taken out."""

import json
from contextlib import suppress
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.broker.messages import LONGEST
from worker.model.json_nesting import cut_deep_articles, too_deep, value_too_deep

LIMIT = 20

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def nested(levels: int, within: str = "") -> str:
    return "[" * levels + within + "]" * levels


@given(st.integers(1, 3), st.text())
def test_depth_counts_brackets_outside_of_strings_only(over: int, text: str) -> None:
    string = json.dumps(text + "]}" * LIMIT)
    assert too_deep(nested(LIMIT + over, string).encode(), LIMIT)
    assert not too_deep(nested(LIMIT, string).encode(), LIMIT)
    assert not too_deep(f"[{','.join(['[{}]'] * LIMIT)}]".encode(), LIMIT)


@given(_JSON, st.integers(0, 5))
def test_a_parsed_value_is_as_deep_as_its_text(value: object, limit: int) -> None:
    assert value_too_deep(value, limit) == too_deep(json.dumps(value).encode(), limit)


@pytest.mark.parametrize("levels", [0, LIMIT, LIMIT + 1, 900])
def test_a_value_is_too_deep_from_the_limit_on_also_in_objects_and_tuples(levels: int) -> None:
    value: object = ()
    for number in range(levels - 1):
        value = ({"a": 1, "b": value}, [1, value], ("x", value))[number % 3]
    assert value_too_deep(value, LIMIT) == (levels > LIMIT)


@given(_JSON, _JSON, st.integers(LIMIT + 1, LIMIT + 5), st.booleans(), st.booleans())
def test_only_the_article_that_is_too_deep_is_taken_out(
    before: object, after: object, levels: int, listed: bool, named: bool
) -> None:
    deep = f'{{"title": "}}", "extra": {nested(levels - 1)}}}'
    shallow = [json.dumps({"a": each}, ensure_ascii=False) for each in (before, after)]
    articles = f"[{shallow[0]}, {deep}, {shallow[1]}]" if listed else deep
    argument = f'[], {{"articles": {articles}}}' if named else f"[{articles}], {{}}"
    body, cut = cut_deep_articles(f"[{argument}, {{}}]".encode(), LIMIT)
    assert [text.decode() for text in cut.values()] == [deep]
    [name] = cut
    args, kwargs, _ = json.loads(body)
    expected = [{"a": before}, name, {"a": after}] if listed else name
    assert (kwargs["articles"] if named else args[0]) == expected


@given(_JSON)
def test_what_is_not_too_deep_stays_byte_for_byte(value: object) -> None:
    body = json.dumps([[[value, '"[{' * LIMIT]], {}, {}]).encode()
    if not too_deep(body, LIMIT + 3):
        assert cut_deep_articles(body, LIMIT) == (body, {})


@pytest.mark.parametrize(
    "unit", [b'"[', b'\\"[', b'"\\"[{', b"[" * 2, b"[]", b'{"a":[', b'"\\\\"[', b"\\[", b'[""']
)
def test_looking_for_depth_is_linear_for_any_bytes(unit: bytes) -> None:
    data = unit * (LONGEST // len(unit) // 16)
    began = process_time()
    too_deep(data, LIMIT)
    with suppress(ValueError):  # too deep, and no article
        cut_deep_articles(data, LIMIT)
    assert process_time() - began < 3
