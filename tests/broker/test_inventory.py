"""Each message in the broker is listed with its receipts, whoever wrote its lease."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from worker.broker.connection import BrokerConnection
from worker.broker.inventory import MessageState, list_messages
from worker.celery import make_app
from worker.config.worker_rules import load_worker_rules


def message(receipt: str) -> dict[str, Any]:
    return {
        "body": json.dumps([[[{"title": "t"}]], {"receipts": [receipt]}, {}]),
        "content-type": "application/json",
        "headers": {"task": "articles.ingest", "id": "m"},
        "properties": {},
    }


@pytest.fixture
def channel(valkey_url: str, valkey: redis.Redis) -> Iterator[Any]:
    connection = BrokerConnection(make_app(valkey_url, load_worker_rules()))
    with connection.channel() as channel:
        yield channel
    connection.close()


def test_messages_are_listed_by_what_the_broker_does_with_them(
    channel: Any, valkey: redis.Redis
) -> None:
    valkey.lpush("articles", json.dumps(message("waits")))
    valkey.lpush("articles\x06\x169", json.dumps(message("waits with priority 9")))
    ours = f'[{json.dumps(message("leased"))},"","articles"]'
    stock = json.dumps([message("leased by a stock worker"), "", "articles"])
    valkey.hset("unacked", mapping={"a:0": ours, "b": stock})
    valkey.lpush("articles.dead", '{"reason": "r"}\n' + json.dumps(message("dead")))
    assert sorted(list_messages(channel, ["articles"])) == [
        (MessageState.LEASED, ["leased"]),
        (MessageState.LEASED, ["leased by a stock worker"]),
        (MessageState.UNDELIVERABLE, ["dead"]),
        (MessageState.WAITING, ["waits"]),
        (MessageState.WAITING, ["waits with priority 9"]),
    ]


@pytest.mark.parametrize("lease", ["", "[", "[]", '["a","","articles"]', "7", "[" * 100_000])
def test_a_lease_that_is_none_has_no_receipts(
    channel: Any, valkey: redis.Redis, lease: str
) -> None:
    valkey.hset("unacked", "t", lease)
    assert list(list_messages(channel, ["articles"])) == [(MessageState.LEASED, [])]
