"""The producer, against a real broker: what was sent is what any Celery worker would read."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
import redis

from worker import InvalidArticles, Producer
from worker.errors import Reason, Unavailable
from worker.model.admission import LIMITS, RawArticle


def messages(valkey: redis.Redis) -> list[tuple[list[Any], dict[str, Any]]]:
    """What waits on the queue, oldest first: (articles, keyword arguments)."""
    found = []
    for message in reversed(valkey.lrange("articles", 0, -1)):
        args, kwargs, _ = json.loads(base64.b64decode(json.loads(message)["body"]))
        found.append((args[0], kwargs))
    return found


def test_articles_are_packed_by_count_with_one_receipt_each(
    producer: Producer, valkey: redis.Redis
) -> None:
    receipts = producer.enqueue({"title": f"t{n}"} for n in range(250))
    sent = messages(valkey)
    assert [len(articles) for articles, _ in sent] == [100, 100, 50]
    assert [r for _, kwargs in sent for r in kwargs["receipts"]] == receipts
    assert len(set(receipts)) == 250
    stamps = [receipt[:13] for receipt in receipts]  # of a UUIDv7: the millisecond it was made
    assert stamps == sorted(stamps)


def test_articles_are_packed_by_bytes_and_a_large_one_travels_alone(
    producer: Producer, valkey: redis.Redis
) -> None:
    small, large = {"content": "x" * 400_000}, {"content": "y" * 2_000_000}
    producer.enqueue([small, small, small, large, small])
    assert [len(articles) for articles, _ in messages(valkey)] == [2, 1, 1, 1]


def test_an_invalid_article_is_raised_in_the_end_and_the_others_are_sent(
    producer: Producer, valkey: redis.Redis
) -> None:
    with pytest.raises(InvalidArticles) as caught:
        producer.enqueue([{"title": "a"}, {"title": ["no"]}, {"title": "b"}, 7])
    assert [(bad.position, bad.reason) for bad in caught.value.invalid] == [
        (1, Reason.MALFORMED),
        (3, Reason.MALFORMED),
    ]
    assert "article 1: malformed: title" in str(caught.value)
    [(articles, kwargs)] = messages(valkey)
    assert articles == [{"title": "a"}, {"title": "b"}]
    assert kwargs["receipts"] == caught.value.receipts


@pytest.mark.parametrize(
    ("raw", "key", "advice"),
    [
        ({"title": "t", "text": "x"}, "text", 'did you mean "content"?'),
        ({"title": "t", "Headline": "x"}, "Headline", 'own keys go in "extra"'),
        ({"titel": "x"}, "titel", 'did you mean "title"?'),
        ({"title": "t", "feed": {"uri": "x"}}, "feed.uri", 'did you mean "url"?'),
        ({"title": "t", "content": [{"text": "x"}]}, "content.text", "own keys"),
        ({"title": "t", "a\nb\x1b": 1}, r'"a\nb\u001b"', "own keys"),
    ],
)
def test_an_unknown_key_is_sent_and_logged_once_for_a_producer(
    producer: Producer,
    valkey: redis.Redis,
    caplog: pytest.LogCaptureFixture,
    raw: dict[str, Any],
    key: str,
    advice: str,
) -> None:
    for _ in range(3):
        producer.enqueue([raw, raw])
    assert [articles for articles, _ in messages(valkey)] == [[raw, raw]] * 3
    [line] = [r.getMessage() for r in caplog.records if "article.unknown-key" in r.getMessage()]
    assert f"key={key}; " in line
    assert advice in line


def test_known_keys_and_articles_of_the_library_are_no_unknown_keys(
    producer: Producer, caplog: pytest.LogCaptureFixture
) -> None:
    known = {"id": "1", "title": "t", "content": "x", "extra": {"text": 1}, "media": None}
    producer.enqueue([known, RawArticle.model_validate({**known, "text": "kept in extra"})])
    producer.enqueue(["no object", ["text"]], invalid="bury")
    assert "unknown-key" not in caplog.text


def test_values_that_are_no_json_are_refused_with_a_sentence(producer: Producer) -> None:
    loop: dict[str, Any] = {"title": "t"}
    loop["extra"] = loop
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    producer.enqueue([{"id": 10**5000}, loop, {"extra": {"x": deep}}], invalid="collect")
    assert [bad.detail for bad in producer.invalid] == [
        "a number has more than 4,300 digits",
        "an object contains itself",
        "nested too deep",
    ]


def test_keys_that_are_made_up_anew_fill_neither_log_nor_memory(
    producer: Producer, caplog: pytest.LogCaptureFixture
) -> None:
    producer.enqueue({"title": "t", f"{number}" * 300: 1} for number in range(200))
    lines = [r.getMessage() for r in caplog.records if "unknown-key" in r.getMessage()]
    assert len(lines) == 20
    assert max(map(len, lines)) < 200


def test_invalid_articles_are_collected_on_request(producer: Producer) -> None:
    assert len(producer.enqueue([{"title": "a"}, "no"], invalid="collect")) == 1
    assert [bad.position for bad in producer.invalid] == [1]


def test_invalid_articles_travel_on_to_be_buried_and_a_huge_one_only_as_an_excerpt(
    producer: Producer, valkey: redis.Redis
) -> None:
    huge = {"title": "t", "content": "x" * (LIMITS.article_bytes + 1)}
    assert len(producer.enqueue(["no", huge, {1, 2}], invalid="bury")) == 3
    [(articles, _)] = messages(valkey)
    assert articles[0] == "no"
    assert articles[1]["schema"] == "raw-article-excerpt/1"
    assert len(articles[1]["excerpt"]["text"]) <= LIMITS.kept_bytes
    assert valkey.memory_usage("articles") < 4 * LIMITS.kept_bytes


def test_a_given_receipt_is_kept(producer: Producer) -> None:
    assert producer.enqueue([{"title": "a", "receipt": "poll-17/3"}]) == ["poll-17/3"]


def test_a_default_source_names_only_what_has_no_source(
    valkey_url: str, valkey: redis.Redis
) -> None:
    with Producer(valkey_url, source="desk") as producer:
        producer.enqueue([{"title": "a"}, {"title": "b", "link": "https://a.example/1"}])
    [(articles, _)] = messages(valkey)
    assert articles[0]["source"] == {"id": "desk"}
    assert "source" not in articles[1]


def test_values_of_the_contract_and_python_dates_travel_as_plain_json(
    producer: Producer, valkey: redis.Redis
) -> None:
    when = datetime(2026, 11, 1, tzinfo=UTC)
    producer.enqueue([RawArticle(title="a"), {"title": "b", "published": when}])
    [(articles, _)] = messages(valkey)
    assert articles == [{"title": "a"}, {"title": "b", "published": "2026-11-01T00:00:00+00:00"}]


def test_a_broker_that_does_not_answer_is_a_typed_error_without_its_password() -> None:
    with (
        Producer("redis://:secret@127.0.0.1:1/0") as producer,
        pytest.raises(Unavailable, match="broker is unavailable") as caught,
    ):
        producer.enqueue([{"title": "a"}])
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("article", [{"title": "a"}, "a title", b"a title"])
def test_one_article_in_place_of_a_list_is_a_type_error(producer: Producer, article: Any) -> None:
    with pytest.raises(TypeError, match="expected a list of raw articles"):
        producer.enqueue(article)
