"""Held articles go back to their queues: in order, bounded, and none is lost or doubled."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import redis

from devtools.waiting import limit_s
from tests.make import NOW
from tests.support.transport import Peer, claimed, peer
from tests.worker_rules import own_rules
from worker.broker.bodies import articles
from worker.broker.connection import BrokerConnection
from worker.broker.pauses import (
    Pause,
    begin_resuming,
    end_resuming,
    new_pause,
    pause_source,
    read_pauses,
)
from worker.celery import make_app
from worker.client.producer import Producer
from worker.config.worker_rules import load_worker_rules
from worker.maintenance.resumption import resume_source, sources_to_resume
from worker.model.queue_place import QueuePlace
from worker.pipeline.deliveries import Delivery
from worker.pipeline.holding import hold_paused
from worker.runtime.held_articles_return import returning_held
from worker.store.sql_store import SqlStore

ROOT = Path(__file__).parents[1]
LANES = ("articles", "articles.replay", "articles.quarantine")
LIVE = QueuePlace(queue="articles")
# Resumes a source, and is killed after so many messages were sent, before the last one's articles
# are deleted from the store.
_RESUME_AND_DIE = """
import os, signal, sys
from worker.broker.connection import BrokerConnection
from worker.celery import make_app
from worker.client.producer import Producer
from worker.config.worker_rules import load_worker_rules
from worker.maintenance.resumption import resume_source
from worker.store.sql_store import SqlStore

broker, store_url, messages = sys.argv[1:]

class Dying(Producer):
    sent = 0
    def return_held(self, *arguments):
        for count in super().return_held(*arguments):
            self.sent += 1
            if self.sent == int(messages):
                os.kill(os.getpid(), signal.SIGKILL)
            yield count

connection = BrokerConnection(make_app(broker, load_worker_rules(None)))
with connection.channel() as channel, Dying(broker) as producer:
    list(resume_source(channel, "articles", SqlStore(store_url), producer, "a"))
"""


class Desk(NamedTuple):
    """What an operator works with."""

    url: str
    store_url: str
    channel: Any
    store: SqlStore
    producer: Producer

    def hold(self, *numbers: int, source: str = "a", place: QueuePlace = LIVE) -> None:
        """What a worker does with articles of a paused source."""
        batch = [
            Delivery(receipt=f"{source}{n}", raw={"id": f"{n}", "source": {"id": source}})
            for n in numbers
        ]
        assert hold_paused(self.store, batch, {source}, place, now=NOW) == []

    def pause(self, source: str = "a") -> Pause:
        pause = new_pause("ann@desk", "", NOW)
        pause_source(self.channel, "articles", source, pause)
        return pause

    def resuming(self, source: str = "a") -> Iterator[int]:
        return resume_source(self.channel, "articles", self.store, self.producer, source)

    def resume(self, source: str = "a") -> int:
        return sum(self.resuming(source))

    def paused(self) -> set[str]:
        return set(read_pauses(self.channel, "articles").sources)

    def held(self, source: str = "a") -> list[str]:
        return [x.article.receipt for x in self.store.held.page(source, 1000)]


@pytest.fixture
def small_messages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKER_CONFIG_DIR", str(own_rules(tmp_path, articles=7)))


@pytest.fixture
def desk(valkey_url: str, valkey: redis.Redis, sqlite_store_url: str) -> Iterator[Desk]:
    store, rules = SqlStore(sqlite_store_url), load_worker_rules(None)
    with make_app(valkey_url, rules) as app, Producer(valkey_url) as producer:
        connection = BrokerConnection(app)
        with connection.channel() as channel:
            yield Desk(valkey_url, sqlite_store_url, channel, store, producer)
        connection.close()
    store.close()


def receipts_of(taken: Any) -> list[str]:
    return [receipt for message in claimed(taken) for receipt, _ in articles(message)]


def waiting(desk: Desk, broker: redis.Redis) -> list[str]:
    """The receipts that wait on the live queue, in the order in which workers take them."""
    with peer(desk.url, own_queues=LANES) as worker:
        taken = worker.take(broker.llen("articles"))
        return [receipt for each in taken for receipt in receipts_of(each)]


def test_held_articles_return_in_order_and_the_pause_ends(desk: Desk, valkey: redis.Redis) -> None:
    desk.pause()
    desk.hold(*range(230))
    desk.hold(1, source="other")
    assert list(desk.resuming()) == [100, 100, 30]
    assert waiting(desk, valkey) == [f"a{n}" for n in range(230)]
    assert (desk.held(), desk.paused(), desk.held("other")) == ([], set(), ["other1"])


def test_a_page_of_held_articles_that_returns_in_several_messages_is_complete(
    small_messages: None, desk: Desk, valkey: redis.Redis
) -> None:
    desk.pause()
    desk.hold(*range(120))
    steps = desk.resuming()
    assert [next(steps) for _ in range(3)] == [7, 7, 7]
    assert desk.held() == [f"a{n}" for n in range(21, 120)]
    assert sum(steps) == 99
    assert waiting(desk, valkey) == [f"a{n}" for n in range(120)]


def test_articles_return_to_the_lane_and_priority_that_they_came_from(
    desk: Desk, valkey: redis.Redis
) -> None:
    desk.pause()
    desk.hold(1, place=QueuePlace(queue="articles.replay"))
    desk.hold(2, place=QueuePlace(queue="articles", priority=9))
    desk.hold(3, place=QueuePlace(queue="articles.quarantine", quarantined=2))
    assert desk.resume() == 3
    lists = ("articles.replay", "articles\x06\x169", "articles.quarantine")
    assert [valkey.llen(list_) for list_ in lists] == [1, 1, 1]
    with peer(desk.url, *LANES, own_queues=LANES) as worker:
        taken = {receipts_of(each)[0]: claimed(each)[0] for each in worker.take(3)}
    assert taken["a2"].priority == 9
    assert taken["a3"].quarantined == 2  # it is tried alone, as before
    assert taken["a1"].quarantined == 0


def test_what_arrives_while_a_source_is_resumed_is_held_behind_the_older_articles(
    desk: Desk, valkey: redis.Redis
) -> None:
    desk.pause()
    desk.hold(*range(150))
    steps = desk.resuming()
    assert next(steps) == 100
    with peer(desk.url, own_queues=LANES) as worker:
        [returned] = worker.take()
        assert not claimed(returned)[0].paused_sources
        desk.producer.enqueue([{"id": "new", "title": "t", "source": {"id": "a"}}])
        [arrived] = worker.take()
        assert claimed(arrived)[0].paused_sources == {"a"}
        desk.hold(150)
    assert list(steps) == [51]
    assert waiting(desk, valkey)[-1] == "a150"
    assert desk.paused() == set()


@pytest.mark.processes
@pytest.mark.parametrize(
    "messages", [2, *(pytest.param(number, marks=pytest.mark.long) for number in (1, 3))]
)
def test_a_resumption_that_is_killed_loses_nothing_and_can_be_repeated(
    messages: int, desk: Desk, valkey: redis.Redis
) -> None:
    desk.pause()
    desk.hold(*range(250))
    command = [sys.executable, "-c", _RESUME_AND_DIE, desk.url, desk.store_url, str(messages)]
    killed = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, timeout=limit_s())
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert desk.paused() == {"a"}  # the rest stays held
    assert len(desk.held()) == 250 - 100 * (messages - 1)
    assert sources_to_resume(desk.channel, "articles", desk.store) == {"a": len(desk.held())}
    desk.resume()
    # One message was sent twice, under the same receipts, for which the store takes one outcome.
    found = waiting(desk, valkey)
    assert list(dict.fromkeys(found)) == [f"a{n}" for n in range(250)]
    assert len(found) - 250 == (50 if messages == 3 else 100)
    assert (desk.held(), desk.paused()) == ([], set())


def test_a_pause_in_the_middle_of_a_resumption_stops_it(desk: Desk, valkey: redis.Redis) -> None:
    desk.pause()
    desk.hold(*range(300))
    steps = desk.resuming()
    assert next(steps) == 100
    desk.pause()
    assert list(steps) == []
    assert len(desk.held()) == 200
    with peer(desk.url, own_queues=LANES) as worker:  # what went back is held again
        [taken] = worker.take()
        assert claimed(taken)[0].paused_sources == {"a"}
    assert desk.paused() == {"a"}
    assert sources_to_resume(desk.channel, "articles", desk.store) == {}


def test_an_article_that_is_held_again_before_it_is_released_stays(desk: Desk) -> None:
    """The worker was faster than the operator's command, and the source is paused again."""
    desk.pause()
    desk.hold(1)

    class Slow(Producer):
        def return_held(self, *arguments: Any) -> Iterator[int]:
            for count in super().return_held(*arguments):
                desk.pause()
                desk.hold(1)
                yield count

    with Slow(desk.url) as producer:
        list(resume_source(desk.channel, "articles", desk.store, producer, "a"))
    assert desk.held() == ["a1"]
    assert desk.paused() == {"a"}


def test_articles_that_were_held_after_the_pause_ended_can_be_resumed(
    desk: Desk, valkey: redis.Redis
) -> None:
    """A worker had claimed them before it could know."""
    end_resuming(desk.channel, "articles", "a", begin_resuming_now(desk))
    desk.hold(1, 2)
    assert sources_to_resume(desk.channel, "articles", desk.store) == {"a": 2}
    assert desk.resume() == 2
    assert waiting(desk, valkey) == ["a1", "a2"]


def begin_resuming_now(desk: Desk) -> Pause:
    return begin_resuming(desk.channel, "articles", "a", desk.pause())


def test_a_source_that_is_paused_and_holds_nothing_is_resumed_at_once(desk: Desk) -> None:
    desk.pause()
    assert sources_to_resume(desk.channel, "articles", desk.store) == {}
    assert desk.resume() == 0
    assert desk.paused() == set()


def test_a_worker_that_dies_between_holding_and_its_ack_doubles_nothing(
    desk: Desk, valkey: redis.Redis
) -> None:
    desk.pause()
    raws = [{"id": f"{n}", "title": "t", "source": {"id": "ab"[n % 2]}} for n in range(4)]
    receipts = desk.producer.enqueue(raws)

    def take_and_hold(worker: Peer) -> Any:
        [taken] = worker.take()
        [message] = claimed(taken)
        batch = [Delivery(receipt=receipt, raw=raw) for receipt, raw in articles(message)]
        rest = hold_paused(desk.store, batch, message.paused_sources, LIVE, now=NOW)
        assert [x.receipt for x in rest] == receipts[1::2]
        return taken

    with peer(desk.url, own_queues=LANES) as dying:
        take_and_hold(dying)
        with peer(desk.url, own_queues=LANES) as other:  # when the lease has expired
            take_and_hold(other).ack()
    assert not valkey.hlen("unacked")
    assert desk.held() == receipts[::2]
    assert desk.resume() == 2
    assert waiting(desk, valkey) == receipts[::2]


def test_workers_go_on_with_a_resumption_that_makes_no_progress(
    desk: Desk, valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKER_BROKER_URL", desk.url)
    desk.hold(*range(120), source="b")
    desk.pause("c")
    desk.hold(1, source="c")
    with make_app(desk.url, load_worker_rules(None)) as app:
        turn = returning_held(app, desk.store)
        turn()
        assert len(desk.held("b")) == 120  # a command may be at work
        desk.store.held.release(desk.store.held.page("b", 20))
        turn()
        assert len(desk.held("b")) == 100  # it is
        turn()
    assert (desk.held("b"), desk.held("c"), desk.paused()) == ([], ["c1"], {"c"})
    assert waiting(desk, valkey) == [f"b{n}" for n in range(20, 120)]
