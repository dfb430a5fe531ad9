"""The transport against a real server: what is claimed, leased, acked, restored and buried."""

import json
import time
from contextlib import suppress
from queue import Empty
from typing import Any

import kombu.transport.redis as stock
import pytest
import redis

from devtools.waiting import until
from tests.support.transport import LEASE_S, body, claimed, message, peer
from worker import broker
from worker.broker import leases, lua_scripts
from worker.broker.deferred_acks import deferred_acks
from worker.broker.messages import LONGEST, InvalidMessage, read

broker.register()


def test_what_is_delivered_is_leased_until_it_is_acked(
    valkey_url: str, valkey: redis.Redis
) -> None:
    valkey.lpush("articles", message(1))
    with peer(valkey_url) as worker:
        [taken] = worker.take()
        assert valkey.llen("articles") == 0
        assert valkey.hlen("unacked") == 1
        assert json.loads(next(iter(valkey.hgetall("unacked").values())))[1:] == ["", "articles"]
        taken.ack()
        assert (valkey.hlen("unacked"), valkey.zcard("unacked_index")) == (0, 0)


def test_leases_carry_the_servers_time_not_the_workers(
    valkey_url: str, valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stock, "time", lambda: 17.0)
    valkey.lpush("articles", message())
    with peer(valkey_url) as worker:
        worker.take()
        [(_, leased)] = valkey.zrange("unacked_index", 0, -1, withscores=True)
        assert abs(leased - valkey.time()[0]) < 5


def test_a_waiting_worker_takes_nothing_off_the_queue(valkey_url: str, valkey: redis.Redis) -> None:
    with peer(valkey_url) as worker:
        assert worker.stays_empty()
        assert worker.channel._in_poll or worker.channel._next in ("claim", "wait")
        valkey.lpush("articles", message(1), message(2))
        assert [body(m)[0]["n"] for m in worker.take(2)] == [1, 2]


def test_messages_of_all_four_priorities_are_taken_most_urgent_first(
    valkey_url: str, valkey: redis.Redis
) -> None:
    for number, list_ in enumerate(("articles\x06\x169", "articles\x06\x163", "articles")):
        valkey.lpush(list_, message(number))
    with peer(valkey_url) as worker:
        assert [body(m)[0]["n"] for m in worker.take(3)] == [2, 1, 0]


def test_a_vanished_workers_messages_are_restored_once_after_their_lease(
    valkey_url: str, valkey: redis.Redis
) -> None:
    valkey.lpush("articles", message(7))
    with peer(valkey_url) as vanished, peer(valkey_url) as other, peer(valkey_url) as third:
        vanished.take()
        assert other.stays_empty()
        until(
            lambda: other.got != [] or third.got != [],
            "the lease runs out",
            pause=lambda: (other._drain(), third._drain()),
        )
        [taken] = other.got + third.got
        assert claimed(taken)[0].redelivered
        assert claimed(taken)[0].deliveries == 1
        taken.ack()
        assert valkey.llen("articles") == valkey.hlen("unacked") == 0


def test_who_lost_the_lease_can_not_ack_for_who_has_it_now(
    valkey_url: str, valkey: redis.Redis
) -> None:
    valkey.lpush("articles", message())
    with peer(valkey_url) as slow, peer(valkey_url) as other:
        [first] = slow.take()
        [second] = other.take()
        first.ack()
        assert valkey.hlen("unacked") == 1
        second.ack()
        assert valkey.hlen("unacked") == 0


def test_a_renewed_lease_is_not_taken_away_and_a_lost_one_not_brought_back(
    valkey_url: str, valkey: redis.Redis
) -> None:
    valkey.lpush("articles", message())
    with peer(valkey_url) as worker, peer(valkey_url) as other:
        [taken] = worker.take()
        end = time.monotonic() + 2.5 * LEASE_S
        while time.monotonic() < end:
            assert (
                worker.channel.eval(lua_scripts.RENEW, ["unacked_index"], [taken.delivery_tag]) == 1
            )
            other._drain()
        assert other.got == []
        taken.ack()
        assert worker.channel.eval(lua_scripts.RENEW, ["unacked_index"], [taken.delivery_tag]) == 0
        assert valkey.zcard("unacked_index") == 0


@pytest.mark.parametrize(
    "bad", ["{broken", "[]", "null", '"text"', '{"headers": {}}', message().replace("task", "tusk")]
)
def test_what_is_no_message_moves_to_the_dead_list_and_its_neighbours_go_on(
    valkey_url: str, valkey: redis.Redis, bad: str
) -> None:
    valkey.lpush("articles", message(1), bad, message(2))
    with peer(valkey_url) as worker:
        assert [body(m)[0]["n"] for m in worker.take(2)] == [1, 2]
        why, _, kept = valkey.lindex("articles.dead", 0).partition(b"\n")
        assert kept == bad.encode()
        assert json.loads(why)["reason"].startswith("malformed: ")
        assert valkey.hlen("unacked") == 2


def test_of_workers_that_find_a_dead_message_at_once_the_one_that_moves_it_logs_it(
    valkey_url: str,
    valkey: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    valkey.hset("unacked", "gone:0", '[7,"","articles"]')
    with peer(valkey_url) as worker, peer(valkey_url) as other:
        moments = iter([lambda: other.channel.qos.dead_letter("gone:0", "malformed"), None])

        def clock() -> float:
            """The other worker moves the message after this one has read its lease."""
            if first := next(moments, None):
                first()
            return 0.0

        monkeypatch.setattr("worker.broker.qos.time", clock)
        worker.channel.qos.dead_letter("gone:0", "malformed")
        worker.channel.qos.dead_letter("gone:0", "malformed")
    assert valkey.llen("articles.dead") == 1
    assert caplog.text.count("message.dead ") == 1


def test_a_message_too_large_to_be_one_is_not_even_parsed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    huge = message(1).replace("[[[", "[[[" + " " * LONGEST)
    monkeypatch.setattr(json, "loads", lambda text: pytest.fail("parsed"))
    with pytest.raises(InvalidMessage, match="too-large"):
        read(huge.encode())


def test_bytes_that_are_no_text_are_kept_as_they_are(valkey_url: str, valkey: redis.Redis) -> None:
    valkey.lpush("articles", b"\xff\xfe\x00", message(1))
    with peer(valkey_url) as worker:
        worker.take()
        assert valkey.lindex("articles.dead", 0).endswith(b"\n\xff\xfe\x00")


def test_what_the_worker_rejects_is_dead_and_what_it_requeues_is_next(
    valkey_url: str, valkey: redis.Redis
) -> None:
    valkey.lpush("articles", message(1), message(2), message(3))
    with peer(valkey_url) as worker:
        first, second, _ = worker.take(3)
        first.reject()
        assert valkey.llen("articles.dead") == 1
        second.requeue()
        assert [body(m)[0]["n"] for m in worker.take()] == [2]


def test_an_ack_that_fails_gives_its_credit_back_and_is_sent_later(
    valkey_url: str, valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    valkey.lpush("articles", message(1), message(2))
    with peer(valkey_url) as worker:
        worker.channel.basic_qos(0, 1, False)
        [taken] = worker.take()

        def refused(*_: Any) -> None:
            raise redis.ConnectionError("gone")

        with monkeypatch.context() as patch:
            patch.setattr(worker.channel, "eval", refused)
            taken.ack()
        assert deferred_acks.tags() == [taken.delivery_tag]
        worker.take()  # there is credit for the next one
        leases.send_deferred(worker.channel)
        assert deferred_acks.tags() == []
        assert valkey.hlen("unacked") == 1


def test_small_messages_run_as_one_with_a_tag_each(valkey_url: str, valkey: redis.Redis) -> None:
    valkey.lpush("articles", *(message(n) for n in range(120)))
    valkey.lpush("articles", message(900, "articles.redo"), message(901, redelivered=True))
    with peer(valkey_url, coalesce_messages=50) as worker:
        taken = worker.take(5)
        assert [m.headers["argsrepr"] for m in taken] == [
            *("[50 messages]", "[50 messages]"),
            *("[1 message]", "[1 message]", "[20 messages]"),
        ]
        assert [m.headers["task"] for m in taken].count("articles.redo") == 1
        assert valkey.hlen("unacked") == 122
        taken[0].ack()
        assert valkey.hlen("unacked") == 72
        taken[1].requeue()
        assert valkey.llen("articles") == 50
        assert len(worker.take(50)) == 50  # what was given back runs alone


def test_the_pool_processes_share_what_waits(valkey_url: str, valkey: redis.Redis) -> None:
    valkey.lpush("articles", *(message(n) for n in range(9)))
    with peer(valkey_url, coalesce_messages=50, processes=3) as worker:
        taken = worker.take(5)
        assert [len(body(m)) for m in taken] == [3, 2, 2, 1, 1]


def test_a_group_ends_at_its_byte_limit(valkey_url: str, valkey: redis.Redis) -> None:
    valkey.lpush("articles", *(message(n) for n in range(10)))
    size = len(message())
    with peer(valkey_url, coalesce_messages=50, coalesce_bytes=3 * size - 1) as worker:
        assert len(body(worker.take()[0])) == 3


def test_several_queues_and_a_key_prefix_are_served(valkey_url: str, valkey: redis.Redis) -> None:
    with peer(valkey_url, "articles", "articles.replay", global_keyprefix="news:") as worker:
        assert worker.stays_empty()
        valkey.lpush("news:articles.replay", message(2))
        valkey.lpush("news:articles", message(1))
        taken = worker.take(2)
        assert sorted(body(m)[0]["n"] for m in taken) == [1, 2]
        assert valkey.hlen("news:unacked") == 2
        taken[0].reject()
        taken[1].ack()
        assert valkey.hlen("news:unacked") == 0
        assert sum(valkey.llen(f"news:{q}.dead") for q in ("articles", "articles.replay")) == 1


def test_a_broker_out_of_memory_is_drained_and_recovers_by_itself(
    valkey_url: str, valkey: redis.Redis
) -> None:
    valkey.lpush("articles", *(message(n) for n in range(5)))
    with peer(valkey_url) as worker:
        valkey.config_set("maxmemory-policy", "noeviction")
        valkey.config_set("maxmemory", "1mb")
        try:
            with pytest.raises(redis.ResponseError, match="used memory"):
                valkey.lpush("articles", message(9))
            for taken in worker.take(5):
                taken.ack()
            assert valkey.hlen("unacked") == 0
            assert worker.stays_empty()
        finally:
            valkey.config_set("maxmemory", "0")
        valkey.lpush("articles", message(6))
        assert [body(m)[0]["n"] for m in worker.take()] == [6]


def test_a_dropped_connection_loses_nothing(valkey_url: str, valkey: redis.Redis) -> None:
    valkey.lpush("articles", *(message(n) for n in range(30)))
    seen = set()
    with peer(valkey_url) as worker:

        def step() -> None:
            for connection in valkey.client_list():
                if connection["cmd"] != "client|list":
                    valkey.client_kill_filter(_id=connection["id"])
            try:
                worker._drain()
            except worker.connection.connection_errors:
                worker.channel._next = "claim"
            for taken in worker.got:
                seen.add(body(taken)[0]["n"])
                taken.ack()
            worker.got.clear()

        until(lambda: len(seen) == 30, "all messages", pause=step)


REPLIES = "client-1.reply.celery.pidbox"
REPLY = {"body": "eyJvayI6ICJwb25nIn0=", "headers": {}, "content-type": "application/json"}
REPLY |= {"properties": {"delivery_info": {}, "delivery_tag": "x", "body_encoding": "base64"}}


@pytest.mark.parametrize("queues", [(), ("articles",)])
@pytest.mark.parametrize("prefix", ["", "news:"])
def test_messages_of_a_consumer_that_acks_nothing_are_delivered_unchanged_without_a_lease(
    valkey_url: str, valkey: redis.Redis, queues: tuple[str, ...], prefix: str
) -> None:
    with peer(valkey_url, *queues, global_keyprefix=prefix) as worker:
        if not queues:
            worker.channel.basic_cancel("articles")
        worker.channel.basic_consume(REPLIES, True, worker.got.append, "replies")
        valkey.lpush(prefix + REPLIES, json.dumps(REPLY), "{broken", "7", json.dumps(REPLY))
        assert [taken.payload for taken in worker.take(2)] == [{"ok": "pong"}] * 2
        assert not valkey.exists(f"{prefix}unacked", f"{prefix}{REPLIES}.dead")
        if queues:
            valkey.lpush(prefix + "articles", message(1))
            [taken] = worker.take()
            assert body(taken)[0]["n"] == 1


@pytest.mark.parametrize("prefix", ["", "news:"])
def test_a_reply_to_a_control_command_expires_and_an_article_does_not(
    valkey_url: str, valkey: redis.Redis, prefix: str
) -> None:
    with peer(valkey_url, global_keyprefix=prefix) as worker:
        worker.channel.push_message(REPLIES, REPLY)
        worker.channel.basic_cancel("articles")
        worker.channel.push_message("articles", json.loads(message(1)))
    assert 0 < valkey.ttl(prefix + REPLIES) <= 60
    assert valkey.ttl(prefix + "articles") == -1


def test_messages_claimed_for_a_consumer_that_was_cancelled_go_back_in_their_order(
    valkey_url: str, valkey: redis.Redis
) -> None:
    with peer(valkey_url, "articles", "articles.replay", coalesce_messages=50) as worker:
        assert worker.stays_empty(1)
        if worker.channel._in_poll:
            with suppress(Empty):
                worker.channel._brpop_read()
        valkey.lpush("articles", *(message(n) for n in range(3)))
        worker.channel._next = "claim"
        worker.channel._brpop_start()
        worker.channel.basic_cancel("articles")
        worker.channel._brpop_read()
        assert worker.got == []
        waiting = [json.loads(m)["headers"]["id"] for m in valkey.lrange("articles", 0, -1)]
        assert waiting == ["id-2", "id-1", "id-0"]
        assert not valkey.exists("unacked", "articles.dead")
