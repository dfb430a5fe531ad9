"""What is read of a message, field by field, and what Celery gets to see of it."""

import bz2
import json
import lzma
import zlib
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.broker import INGEST
from worker.broker.bodies import MOST_ARTICLES, articles, receipts_in, redo_arguments
from worker.broker.built_messages import for_celery, given_back
from worker.broker.messages import LONGEST, ClaimedMessage, InvalidMessage, read
from worker.model.admission import LIMITS, Unopened
from worker.model.receipts import is_receipt
from worker.model.zstd_frames import zstd

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def message(body: Any = None, **changes: Any) -> dict[str, Any]:
    """A message as Celery writes it; `changes` are fields by their names, with _ for . and -."""
    body = [[[{"title": "Harbour reopens"}]], {}, {}] if body is None else body
    whole = {
        "body": body if isinstance(body, str) else json.dumps(body),
        "headers": {"task": "articles.ingest", "id": "m-1", **changes.pop("headers", {})},
        "properties": {"delivery_info": {}, **changes.pop("properties", {})},
        "content-type": "application/json",
        "content-encoding": "utf-8",
    }
    return whole | changes


_HUNDRED_RUNS = tuple((f"r-{n}", 1) for n in range(100))


def reading(whole: object) -> ClaimedMessage:
    return read(json.dumps(whole).encode())


@pytest.mark.parametrize(
    ("headers", "field", "value"),
    [
        ({"x-delivery-count": 2}, "deliveries", 2),
        ({"x-delivery-count": "abc"}, "deliveries", 0),
        ({"x-delivery-count": -1}, "deliveries", 0),
        ({"x-delivery-count": 1.5}, "deliveries", 0),
        ({"x-delivery-count": 10**30}, "deliveries", 1000),
        ({"x-quarantine": True}, "quarantined", 1),
        ({"x-quarantine": [1]}, "quarantined", 0),
        ({"x-last-error": "one\ntwo\x00"}, "last_error", "one two"),
        ({"x-last-error": {}}, "last_error", ""),
        ({"x-stalled-runs": {"r-1": 2, "r-2": 0, "\n": 3}}, "stalled_runs", (("r-1", 2),)),
        ({"x-stalled-runs": {f"r-{n}": 1 for n in range(999)}}, "stalled_runs", _HUNDRED_RUNS),
        ({"x-stalled-runs": ["r-1", 2]}, "stalled_runs", ()),
        ({"redelivered": True}, "redelivered", True),
        ({"redelivered": "yes"}, "redelivered", False),
        ({"compression": "application/x-gzip"}, "compression", "zlib"),
        ({"compression": None}, "compression", ""),
        (
            {"origin": "gen1@host", "lang": "py"},
            "traces",
            (("origin", "gen1@host"), ("lang", "py")),
        ),
        ({"origin": "a\nb", "lang": 1, "root_id": "x" * 201, "parent_id": ""}, "traces", ()),
    ],
)
def test_a_header_is_taken_when_it_is_what_it_should_be(
    headers: dict[str, Any], field: str, value: object
) -> None:
    assert getattr(reading(message(headers=headers)), field) == value


@pytest.mark.parametrize(
    ("whole", "reason"),
    [
        ([], "malformed: not an object"),
        (None, "malformed: not an object"),
        ("text", "malformed: not an object"),
        ({"body": "[]"}, "malformed: headers is missing"),
        ({"headers": [1]}, "malformed: headers is no object"),
        (message(headers={"task": None}), "malformed: headers.task is missing"),
        (message(headers={"task": ["articles.ingest"]}), "malformed: headers.task is no text"),
        (message(headers={"id": 7}), "malformed: headers.id is no text"),
        (message(headers={"id": ""}), "malformed: headers.id is missing"),
        (message(body=""), "malformed: body is missing"),
        ({**message(), "body": [[], {}, {}]}, "malformed: body is no text"),
        ({**message(), "properties": [1]}, "malformed: properties is no object"),
        (message(headers={"task": "articles.ingest_group"}), "unknown-task: articles.ingest_group"),
        (
            message(headers={"task": "celery.group"}),
            "unknown-task: celery.group is a task of Celery",
        ),
        (message(headers={"task": "a\nb"}), "unknown-task: a b"),
        (
            {**message(), "content-type": "application/x-python-serialize"},
            "content-type: expected application/json, got application/x-python-serialize",
        ),
        ({**message(), "content-type": 3}, "content-type: expected application/json, got int"),
        ({**message(), "content-encoding": "zip"}, "content-encoding: expected one of"),
        (message(properties={"body_encoding": "rot13"}), "body-encoding: expected one of"),
        (message(headers={"compression": "brotli"}), "compression: expected one of"),
        (message(headers={"compression": {}}), "compression: expected one of"),
    ],
)
def test_what_no_worker_can_take_says_why(whole: object, reason: str) -> None:
    with pytest.raises(InvalidMessage) as refused:
        reading(whole)
    assert str(refused.value).startswith(reason)


@pytest.mark.parametrize("data", [b"{broken", b"\xff\xfe\x00", b"[" * 5000, b'{"a":' * 5000, b""])
def test_what_is_not_json_is_malformed(data: bytes) -> None:
    with pytest.raises(InvalidMessage, match="malformed: not JSON"):
        read(data)


@given(st.dictionaries(st.text(), _JSON), st.dictionaries(st.text(), _JSON))
def test_celery_sees_no_header_and_no_property_that_is_not_on_the_list(
    headers: dict[str, Any], properties: dict[str, Any]
) -> None:
    dangerous = (
        "timelimit",
        "eta",
        "expires",
        "retries",
        "shadow",
        "stamps",
        "chord",
        "compression",
    )
    headers = dict.fromkeys(dangerous[:-1], "abc") | headers
    headers = {k: v for k, v in headers.items() if k not in ("task", "id", "compression")}
    properties.pop("body_encoding", None)
    whole = message(headers=headers, properties={"reply_to": "x", **properties})
    seen = for_celery([reading(whole)], "tag:0", "articles")
    assert set(seen["headers"]) <= {
        *("task", "id", "root_id", "parent_id", "argsrepr", "kwargsrepr"),
        *("origin", "lang", "source", "traceparent"),
    }
    assert set(seen["properties"]) == {
        *("body_encoding", "correlation_id", "priority", "delivery_info", "delivery_tag"),
    }
    assert seen["headers"]["id"] == "m-1"
    assert seen["properties"]["priority"] in range(10)


def test_an_id_that_can_not_be_shown_is_shown_as_its_hash_and_still_names_the_receipts() -> None:
    odd = reading(message(headers={"id": "a\x00b" * 500}))
    shown = for_celery([odd], "tag:0", "articles")["headers"]["id"]
    assert len(shown) == 32
    other = reading(message(headers={"id": "a\x00c" * 500}))
    assert articles(odd)[0][0] != articles(other)[0][0]


@given(st.dictionaries(st.text(), _JSON), st.dictionaries(st.text(), _JSON) | _JSON)
def test_what_goes_back_keeps_its_fields_and_counts(
    headers: dict[str, Any], properties: object
) -> None:
    headers = {**headers, "task": "articles.ingest", "id": "m-1"}
    whole = {"body": "[]", "headers": headers, "properties": properties}
    for number in (1, 2, 3):
        whole = given_back(whole, delivered=True, quarantined=True, error="E\n" * 400)
        counted = read(json.dumps({**whole, "content-encoding": None}).encode())
        assert counted.deliveries >= number
        assert counted.quarantined >= number
        assert counted.redelivered
        assert len(counted.last_error) <= 300
    assert whole["headers"].keys() >= headers.keys()


@pytest.mark.parametrize(
    ("compression", "compress"),
    [
        ("application/x-gzip", zlib.compress),
        ("bzip2", bz2.compress),
        ("lzma", lzma.compress),
        ("application/zstd", zstd.compress),
        ("zstd", zstd.compress),
    ],
)
def test_a_compressed_body_is_opened_under_a_limit(compression: str, compress: Any) -> None:
    def packed(data: bytes) -> ClaimedMessage:
        text = b64encode(compress(data)).decode()
        properties = {"body_encoding": "base64"}
        headers = {"compression": compression}
        return reading(message(text, headers=headers, properties=properties))

    body = json.dumps([[[{"title": "é"}]], {}, {}]).encode()
    assert articles(packed(body))[0][1] == {"title": "é"}
    assert packed(body).stands_alone
    with pytest.raises(InvalidMessage, match="too-large"):
        articles(packed(b" " * (LONGEST + 1)))
    with pytest.raises(InvalidMessage, match="undecodable"):
        articles(packed(body)._replace(body=b64encode(compress(body)[:-5]).decode()))
    with pytest.raises(InvalidMessage, match="undecodable"):
        articles(packed(body)._replace(body="AAAA"))


@pytest.mark.parametrize("charset", ["utf-16", "utf-16le", "utf-32", "latin-1", "cp1252", "utf-8"])
def test_a_body_in_another_charset_is_read(charset: str) -> None:
    text = json.dumps([[[{"title": "Café"}]], {}, {}], ensure_ascii=False)
    whole = message(
        b64encode(text.encode(charset)).decode(), properties={"body_encoding": "base64"}
    )
    assert articles(reading({**whole, "content-encoding": charset}))[0][1] == {"title": "Café"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("{", "undecodable: "),
        ("null", "undecodable: the body is no list"),
        ("[[], {}]", "undecodable: the body is no list"),
        ('["ab", {}, {}]', "arguments: expected a list of args"),
        ("[[[]], [], {}]", "arguments: expected a list of args"),
        ("[[], {}, {}]", "arguments: missing 1 required"),
        ('[[[]], {"self": 1}, {}]', "arguments: got an unexpected keyword argument 'self'"),
        ("[[[], [], []], {}, {}]", "arguments: takes from 1 to 2"),
        (f"[[{[0] * (MOST_ARTICLES + 1)}], {{}}, {{}}]", "too-large: 5,001 articles"),
    ],
)
def test_a_body_of_another_shape_says_what_was_expected(body: str, reason: str) -> None:
    with pytest.raises(InvalidMessage) as refused:
        articles(reading(message(body)))
    assert str(refused.value).startswith(reason)
    assert receipts_in(json.dumps(message(body)).encode()) == []


@pytest.mark.parametrize("embed", [[1], None, "x", {"callbacks": [{"x": 1}], "chain": 3}])
def test_what_celery_would_embed_is_not_looked_at(embed: object) -> None:
    assert articles(reading(message([[[{"title": "A"}]], {}, embed])))[0][1] == {"title": "A"}


def test_an_article_that_is_too_deep_is_refused_alone_and_whole() -> None:
    deep = '{"title": "deep", "extra": ' + "[" * 640 + "]" * 640 + "}"
    body = (
        f'[[[{{"title": "A"}}, {deep}, {{"title": "B"}}]], {{"receipts": ["a", "b", "c"]}}, {{}}]'
    )
    found = articles(reading(message(body)))
    assert [receipt for receipt, _ in found] == ["a", "b", "c"]
    refused = found[1][1]
    assert isinstance(refused, Unopened)
    assert refused.text == deep
    assert refused.detail == f"nested more than {LIMITS.depth} levels deep"
    assert [raw for _, raw in found[::2]] == [{"title": "A"}, {"title": "B"}]


@pytest.mark.parametrize("levels", [LIMITS.depth + 1, 5_000, 100_000])
def test_depth_around_the_articles_hurts_nobody(levels: int) -> None:
    deep = "[" * levels + "]" * levels
    for body in (deep, f'[[[{{"title": "A"}}]], {{"receipts": [{deep}]}}, {deep}]'):
        first = articles_or_reason(reading(message(body)))
        assert articles_or_reason(reading(message(body))) == first


def articles_or_reason(claimed: ClaimedMessage) -> object:
    try:
        return articles(claimed)
    except InvalidMessage as e:
        return e.reason


def test_a_number_too_long_to_compute_with_stays_text() -> None:
    body = f'[[[{{"title": "A", "extra": {{"n": {"9" * 5000}, "m": 7}}}}]], {{}}, {{}}]'
    assert articles(reading(message(body)))[0][1] == {
        "title": "A",
        "extra": {"n": "9" * 5000, "m": 7},
    }


@given(_JSON)
def test_whatever_a_body_holds_it_has_articles_or_a_reason(value: object) -> None:
    found = articles_or_reason(reading(message(json.dumps(value))))
    if isinstance(found, list):
        assert all(0 < len(receipt) <= 200 for receipt, _ in found)
    else:
        assert found in ("undecodable", "arguments", "too-large")


@pytest.mark.parametrize(
    "body", [[[1, 2], {}, {}], [["retag", "a"], {}, {}], [[], {"what": "retag"}, {}], [[], {}, {}]]
)
def test_redo_takes_a_kind_of_work_and_a_list_of_ids(body: object) -> None:
    with pytest.raises(InvalidMessage, match="arguments"):
        redo_arguments(reading(message(body, headers={"task": "articles.redo"})))
    good = message(
        [[], {"what": "retag", "article_ids": ["a"]}, {}], headers={"task": "articles.redo"}
    )
    assert redo_arguments(reading(good)) == ("retag", ["a"])


_TASKS = ["articles.ingest", "celery.map", "celery.group", "celery.chord", "celery.chunks"]
_OTHER = st.none() | st.integers() | st.lists(st.integers()) | st.dictionaries(st.text(), st.text())
_SIGNATURES = st.recursive(
    _OTHER,
    lambda inner: st.fixed_dictionaries(
        {"task": st.sampled_from(_TASKS) | _OTHER},
        optional={
            "args": st.lists(inner) | inner,
            "kwargs": st.dictionaries(
                st.sampled_from(["task", "it", "tasks", "header", "body", "articles"]),
                st.lists(inner) | inner,
            ),
            "options": st.dictionaries(
                st.sampled_from(["task_id", "link", "chord"]), st.lists(inner) | inner
            ),
        },
    ),
    max_leaves=20,
)
_CALLS = st.fixed_dictionaries(
    {},
    optional={
        "task": _SIGNATURES,
        **{key: st.lists(_SIGNATURES) | _OTHER for key in ("it", "callbacks", "chain")},
        "chord": _SIGNATURES,
    },
)


@given(_CALLS, _CALLS, st.sampled_from([INGEST, "celery.map", "celery.starmap"]))
def test_whatever_calls_a_message_holds_it_is_read_or_refused(
    kwargs: object, embed: object, task: str
) -> None:
    body = json.dumps([[], kwargs, embed])
    try:
        decoded = articles(reading(message(body, headers={"task": task})))
    except InvalidMessage:
        return
    receipts = [receipt for receipt, _ in decoded]
    assert all(map(is_receipt, receipts))
    assert decoded == articles(reading(message(body, headers={"task": task})))
