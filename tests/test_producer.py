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
