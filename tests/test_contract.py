"""The contract: which JSON values are raw articles, and why the others are not."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.errors import Reason, Rejected
from worker.model.admission import (
    LIMITS,
    Excerpt,
    Payload,
    RawArticle,
    Unopened,
    admit,
    source_of,
)
from worker.model.receipts import delivered_receipt

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def admitted(raw: object) -> RawArticle:
    return admit(raw, Payload.of(raw).bytes)


def test_null_means_absent_and_unknown_keys_go_to_extra() -> None:
    article = admitted(
        {"id": None, "title": "A", "wire_priority": 3, "source": {"id": "s", "x": 1}}
    )
    assert (article.id, article.title, article.extra) == ("", "A", {"wire_priority": 3})
    assert article.source.id == "s"


NAN, INFINITY = float("nan"), float("inf")


@pytest.mark.parametrize(
    "given",
    [
        {"title": "A", "id": NAN, "link": NAN, "published": NAN},
        {"title": "A", "summary": NAN, "language": NAN, "content": NAN, "status": NAN},
        {"title": "A", "authors": NAN, "tags": NAN, "media": NAN, "extra": NAN},
        {"title": "A", "source": NAN, "feed": {"url": NAN}, "fetch": {"status": NAN, "at": NAN}},
    ],
)
def test_nan_means_absent_as_null_does(given: dict[str, object]) -> None:
    assert admitted(given) == admitted({"title": "A"})
    assert admitted({"title": NAN, "content": "x"}).title == ""
    assert admitted({"title": "A", "tags": ["a", NAN]}).tags == ("a", "")


@pytest.mark.parametrize(
    "given",
    [{"title": INFINITY}, {"title": "A", "id": -INFINITY}, {"title": "A", "tags": [INFINITY]}],
)
def test_an_infinite_number_is_no_text(given: dict[str, object]) -> None:
    with pytest.raises(Rejected) as caught:
        admitted(given)
    assert (caught.value.reason, "valid string" in caught.value.detail) == (Reason.MALFORMED, True)


@pytest.mark.parametrize(
    ("raw", "detail"),
    [
        ('{"title": }', "not a JSON object: Expecting value, line 1 column 11"),
        ('[{"title": "a"},', "not a JSON object: Expecting value, line 1 column 17"),
        ("[" * 100_000, "not a JSON object: nested too deep"),
        (f'{{"id": {"1" * 5000}}}', "not a JSON object: a number has more than 4,300 digits"),
        ({"id": 10**5000}, "id: Value error, a number has more than 4,300 digits"),
        ('{"title": "a"}', "expected an object, got text"),
        ("no JSON at all", "not JSON: Expecting value, line 1 column 1"),
        ("12 apples", "not JSON: Extra data, line 1 column 4"),
        ("nul", "not JSON: Expecting value, line 1 column 1"),
        ("null", "expected an object, got text"),
        ('"quoted"', "expected an object, got text"),
        (" ", "expected an object, got text"),
        ("", "expected an object, got text"),
    ],
)
def test_what_is_no_object_is_refused_with_one_sentence(raw: object, detail: str) -> None:
    with pytest.raises(Rejected) as caught:
        admit(raw, 100)
    assert (caught.value.reason, caught.value.detail) == (Reason.MALFORMED, detail)


@pytest.mark.parametrize(
    ("given", "field", "expected"),
    [
        ({"authors": [{"name": "Ana"}, "Bo"]}, "authors", ("Ana", "Bo")),
        ({"authors": "Ana"}, "authors", ("Ana",)),
        ({"tags": [{"term": "sport"}, {"label": "Sport"}]}, "tags", ("sport", "Sport")),
        ({"published": 1_760_000_000}, "published", "1760000000"),
        ({"id": 42}, "id", "42"),
        ({"content": "bare"}, "content", "text/html"),
    ],
)
def test_what_feed_libraries_give_is_understood(
    given: dict[str, object], field: str, expected: object
) -> None:
    found = getattr(admitted(given), field)
    assert (found[0].type if field == "content" else found) == expected


@pytest.mark.parametrize(
    ("raw", "reason", "named"),
    [
        ([1, 2], Reason.MALFORMED, "a list"),
        ("broken json", Reason.MALFORMED, "not JSON"),
        (None, Reason.MALFORMED, "null"),
        ({"title": ["no"]}, Reason.MALFORMED, "title"),
        ({"status": "deleted"}, Reason.MALFORMED, "status"),
        ({"schema": "raw-article/9", "title": "t"}, Reason.UNKNOWN_SCHEMA, "raw-article/9"),
        ({"title": "é" * 513}, Reason.TOO_LARGE, "title bytes: 1,026"),
        ({"id": "x" * 1025}, Reason.TOO_LARGE, "id bytes"),
        ({"link": "https://a.example/" + "x" * 2048}, Reason.TOO_LARGE, "link bytes"),
        ({"summary": "x" * 65_537}, Reason.TOO_LARGE, "summary bytes"),
        ({"authors": ["a"] * 51}, Reason.TOO_LARGE, "authors"),
        ({"tags": ["a"] * 101}, Reason.TOO_LARGE, "tags"),
        ({"media": [{"url": "u"}] * 51}, Reason.TOO_LARGE, "media"),
        ({"content": "x" * LIMITS.article_bytes}, Reason.TOO_LARGE, "article bytes"),
    ],
)
def test_what_breaks_the_contract_is_rejected_with_its_reason(
    raw: object, reason: Reason, named: str
) -> None:
    with pytest.raises(Rejected) as caught:
        admitted(raw)
    assert caught.value.reason is reason
    assert named in caught.value.detail


@pytest.mark.parametrize(
    ("raw", "source"),
    [
        ({"source": {"id": " My  Wire "}, "link": "https://b.example/1"}, "My Wire"),
        (
            {"feed": {"url": "https://www.a.example/rss"}, "link": "https://b.example/1"},
            "a.example",
        ),
        ({"link": "https://B.example:8080/1"}, "b.example"),
        ({"link": "http://[broken"}, "local"),
        ({"title": "nothing else"}, "local"),
    ],
)
def test_the_source_is_the_best_name_there_is(raw: dict[str, object], source: str) -> None:
    assert admitted(raw).source_id == source_of(raw) == source


@given(json_values)
def test_any_json_value_is_admitted_or_rejected_and_keeps_its_payload(raw: object) -> None:
    payload = Payload.of(raw)
    assert json.loads(payload.text) == raw or not payload.text.isprintable()
    with suppress(Rejected):
        assert isinstance(admit(raw, payload.bytes), RawArticle)


def test_equal_articles_have_equal_payloads_whatever_the_order_of_keys() -> None:
    assert Payload.of({"a": 1, "b": 2}) == Payload.of({"b": 2, "a": 1})


def test_an_article_over_the_size_limit_keeps_its_head_and_its_hash() -> None:
    raw = {"content": "é" * LIMITS.article_bytes}
    payload = Payload.of(raw)
    assert not payload.whole
    assert len(payload.text.encode()) <= LIMITS.kept_bytes + 3
    assert payload.bytes > LIMITS.article_bytes
    excerpt = Excerpt(excerpt=payload, detail="too long").model_dump(mode="json", by_alias=True)
    kept = Payload.of(excerpt)
    assert (kept.text, kept.bytes, kept.whole) == (payload.text, payload.bytes, False)
    assert kept.sha256 != payload.sha256  # nobody can check what is said of the rest
    with pytest.raises(Rejected, match="too-large: too long"):
        admitted(excerpt)


def test_lone_surrogates_and_deep_nesting_do_not_hurt() -> None:
    assert Payload.of({"title": "\ud800"}).whole
    deep: object = "x"
    for _ in range(100_000):
        deep = [deep]
    payload = Payload.of({"content": deep})
    assert "content" in payload.text
    while isinstance(deep, list):  # taken apart by hand: freeing it at once would recurse
        deep = deep[0]


def test_dates_of_python_producers_become_iso_text() -> None:
    article = RawArticle(published=datetime(2026, 11, 1, 8, tzinfo=UTC))  # type: ignore[arg-type]
    assert article.published == "2026-11-01T08:00:00+00:00"


def test_a_forged_hash_does_not_lead_to_the_letter_of_another() -> None:
    victim = Payload.of({"title": ["no"]})
    head = {"text": "x", "sha256": victim.sha256, "bytes": LIMITS.article_bytes + 1, "whole": False}
    forged = {"schema": "raw-article-excerpt/1", "excerpt": head, "detail": "x" * 9000}
    assert Payload.of(forged).sha256 != victim.sha256
    with pytest.raises(Rejected) as refused:
        admitted(forged)
    assert len(refused.value.detail) <= 500


@pytest.mark.parametrize(
    "odd",
    [
        {"bytes": 2**80},
        {"bytes": -1},
        {"bytes": 10},  # of so short an article nobody sends an excerpt
        {"whole": True},
        {"text": "x" * (LIMITS.kept_bytes + 1)},
    ],
)
def test_an_excerpt_that_can_not_be_one_is_refused_and_kept_as_it_is(odd: dict[str, Any]) -> None:
    head = {"text": "x", "sha256": "0", "bytes": LIMITS.article_bytes + 1, "whole": False, **odd}
    forged = {"schema": "raw-article-excerpt/1", "excerpt": head, "detail": "too large"}
    assert Payload.of(forged).whole
    with pytest.raises(Rejected, match="unknown-schema"):
        admitted(forged)


def test_ids_that_differ_in_a_lone_surrogate_only_give_different_receipts() -> None:
    assert delivered_receipt({}, 0, "q\ud800", None) != delivered_receipt({}, 0, "q\ud801", None)


def test_an_article_that_is_not_opened_is_kept_as_text() -> None:
    unopened = Unopened(text='{"title": [[[]]]}', detail="nested more than 2 levels deep")
    payload = Payload.of(unopened)
    assert (payload.text, payload.whole) == (unopened.text, True)
    with pytest.raises(Rejected, match="malformed: nested more than 2"):
        admit(unopened, payload.bytes)


@pytest.mark.parametrize("part", ["source", "feed"])
@pytest.mark.parametrize(
    ("name", "text", "kept"),
    [
        ("title", "N" * 5000, "N" * LIMITS.name_bytes),
        ("title", "é" * 5000, "é" * (LIMITS.name_bytes // 2)),
        ("title", "漢" * 5000, "漢" * (LIMITS.name_bytes // 3)),
        ("title", "N" * LIMITS.name_bytes, "N" * LIMITS.name_bytes),
        ("url", "https://a.example/" + "x" * 5000, "https://a.example/" + "x" * 2030),
    ],
)
def test_titles_and_addresses_of_a_source_are_cut(
    part: str, name: str, text: str, kept: str
) -> None:
    raw = {"title": "A", "id": "1", part: {name: text}}
    assert getattr(getattr(admitted(raw), part), name) == kept
    assert text in Payload.of(raw).text, "the payload keeps all of it"


@pytest.mark.parametrize("size", [300, 5000, 500_000])
def test_a_host_that_no_server_can_have_names_no_source(size: int) -> None:
    raw = {"title": "A", "feed": {"url": f"https://{'a' * size}/"}, "link": "https://b.example/1"}
    assert source_of(raw) == "b.example"
    assert admitted(raw).source_id == "b.example"


def test_the_host_of_a_long_address_still_names_the_source() -> None:
    raw = {"title": "A", "feed": {"url": f"https://www.a.example/{'x' * 500_000}"}}
    assert source_of(raw) == admitted(raw).source_id == "a.example"
