"""One worker of all judges; reports are neither forgotten nor repeated, whatever is away."""

import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import redis

from tests.support.alert_receivers import Hook, webhook
from worker.broker.connection import BrokerConnection
from worker.celery import make_app
from worker.config.alert_rules import AlertRules
from worker.config.monitoring_rules import ScaleRules
from worker.config.worker_rules import load_worker_rules
from worker.errors import Unavailable
from worker.monitoring.alert_boards import AlertBoard, BrokerBoard, StoreBoard
from worker.monitoring.alert_judge import AlertJudge
from worker.monitoring.incidents import AlertState
from worker.monitoring.scale import unknown_scale
from worker.monitoring.status_values import Attention, Severity, SourceNumbers, Status
from worker.monitoring.webhook import post
from worker.store.sql_store import SqlStore

START = datetime(2026, 11, 30, 8, tzinfo=UTC)
RULES = AlertRules(every_s=30, group_s=0, recovery_s=60, repeat_s=0)
FULL = Attention(name="broker-full", severity=Severity.PAGE, sentence="full", remedy="more")
STORE_AWAY = Attention(
    name="unreachable", about="store", severity=Severity.PAGE, sentence="away", remedy="look"
)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def status(*attention: Attention, unreachable: tuple[str, ...] = ()) -> Status:
    return Status(
        at=START,
        attention=attention,
        unreachable=unreachable,
        lanes=(),
        leased=0,
        overdue=0,
        undeliverable=0,
        held=0,
        journal=0,
        scale=unknown_scale(ScaleRules()),
        workers=(),
        breakers={},
        advice=None,
        counters={},
        outcomes=None,
        dead_letters={},
        sources=SourceNumbers(),
        ledger=None,
        broker_bytes=0,
        broker_limit_bytes=0,
    )


class Away:
    """A board whose server may be away; what it answers otherwise is that of the real board."""

    def __init__(self, board: AlertBoard, what: str) -> None:
        self._board, self._what, self.away = board, what, False

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            if self.away:
                raise Unavailable(self._what, "away")
            return getattr(self._board, name)(*arguments)

        return call


class Scene:
    """Workers that judge by the same boards, and what the webhook was told."""

    def __init__(self, broker: Away, store: Away, hook: Hook) -> None:
        self.broker, self.store, self.hook = broker, store, hook
        self.found = status()
        self.workers = dict[str, AlertJudge]()

    def turn(self, seconds: float, worker: str = "a") -> bool:
        """A turn of a worker, which is started first if it is not at work."""
        boards: tuple[Any, ...] = (self.broker, self.store)
        targets = {"webhook": partial(post, self.hook.url, "")}
        new = AlertJudge(worker, boards, lambda _: self.found, targets)
        return self.workers.setdefault(worker, new).turn(at(seconds), RULES)

    def told(self) -> list[str]:
        bodies = [json.loads(body) for _, body in self.hook.requests]
        return [f"{i['state']} {i['name']}" for body in bodies for i in body["incidents"]]


@pytest.fixture
def scene(valkey: redis.Redis, valkey_url: str, sqlite_store_url: str) -> Iterator[Scene]:
    connection = BrokerConnection(make_app(valkey_url, load_worker_rules()))
    store = SqlStore(sqlite_store_url)
    with webhook() as hook:
        broker = Away(BrokerBoard(connection, "articles"), "broker")
        yield Scene(broker, Away(StoreBoard(store, nullcontext), "store"), hook)
    connection.close()
    store.close()


def test_a_clock_that_was_far_ahead_keeps_no_alert_back(scene: Scene, valkey: redis.Redis) -> None:
    """What it wrote is dated in the future: otherwise no incident would end and none begin until
    that time has come."""
    year = 365 * 86_400
    scene.found = status(FULL)
    assert scene.turn(year, "ahead")
    assert scene.told() == ["firing broker-full"]
    valkey.delete("articles.alerts.turn")
    scene.found = status(STORE_AWAY)
    for seconds in (0, 30, 60, 90):
        assert scene.turn(seconds)
    assert scene.told()[1:] == ["firing unreachable", "resolved broker-full"]
    # Both boards have the state of now, also the one that is only asked when the other is away.
    scene.broker.away = True
    assert scene.turn(120)
    scene.found = status()
    for seconds in (150, 180, 240):
        assert scene.turn(seconds)
    assert scene.told()[3:] == ["resolved unreachable"]


def test_one_of_all_workers_judges_and_another_when_it_is_gone(
    scene: Scene, valkey: redis.Redis
) -> None:
    assert scene.turn(0, "a")
    assert not scene.turn(1, "b")
    assert scene.turn(30, "a")
    valkey.delete("articles.alerts.turn")  # as if its time were over
    assert scene.turn(200, "b")
    assert not scene.turn(201, "a")


def test_a_change_of_worker_neither_repeats_nor_forgets(scene: Scene, valkey: redis.Redis) -> None:
    scene.found = status(FULL)
    for number in range(6):
        valkey.delete("articles.alerts.turn")
        assert scene.turn(30 * number, f"worker-{number}")
    assert scene.told() == ["firing broker-full"]
    scene.found = status()
    for number in range(6, 12):
        valkey.delete("articles.alerts.turn")
        assert scene.turn(30 * number, f"worker-{number}")
    assert scene.told() == ["firing broker-full", "resolved broker-full"]


def test_a_broker_that_lost_its_data_gets_the_state_from_the_store(
    scene: Scene, valkey: redis.Redis
) -> None:
    scene.found = status(FULL)
    scene.turn(0)
    valkey.flushall()
    scene.turn(30, "b")
    scene.found = status()
    scene.turn(60, "b")
    scene.turn(150, "b")
    assert scene.told() == ["firing broker-full", "resolved broker-full"]


def test_without_the_store_the_broker_keeps_the_state_and_the_store_gets_it_later(
    scene: Scene, valkey: redis.Redis
) -> None:
    scene.turn(0)
    scene.store.away = True
    scene.found = status(STORE_AWAY, unreachable=("store",))
    scene.turn(30)
    assert scene.told() == ["firing unreachable"]
    scene.store.away = False
    scene.found = status()
    for second in (60, 90, 120):
        scene.turn(second)
    valkey.flushall()
    scene.turn(150, "b")
    assert scene.told() == ["firing unreachable", "resolved unreachable"]


def test_without_the_broker_one_worker_judges_by_the_store(
    scene: Scene, valkey: redis.Redis
) -> None:
    scene.found = status(FULL)
    scene.turn(0)
    scene.broker.away = True
    away = Attention(
        name="unreachable", about="broker", severity=Severity.PAGE, sentence="", remedy=""
    )
    scene.found = status(away, unreachable=("broker",))
    assert not scene.turn(30, "b")  # the turn is that of "a"
    assert scene.turn(31, "a")
    assert not scene.turn(60, "b")
    assert scene.turn(200, "b")  # "a" is gone
    scene.broker.away = False
    valkey.delete("articles.alerts.turn")
    scene.found = status(FULL)
    for second in (230, 260, 290, 320):
        scene.turn(second, "b")
    assert scene.told() == ["firing broker-full", "firing unreachable", "resolved unreachable"]


def test_a_worker_that_reaches_nothing_says_so_and_the_rest_is_not_forgotten(scene: Scene) -> None:
    scene.found = status(FULL)
    scene.turn(0)
    scene.broker.away = scene.store.away = True
    scene.found = status(STORE_AWAY, unreachable=("broker", "store"))
    for second in (30, 60, 90):
        assert scene.turn(second)
    scene.broker.away = scene.store.away = False
    scene.found = status(FULL)
    for second in (120, 150, 180, 210):
        scene.turn(second)
    assert scene.told() == ["firing broker-full", "firing unreachable", "resolved unreachable"]


def test_a_worker_that_stood_still_does_not_overwrite_what_others_found(
    scene: Scene, valkey: redis.Redis
) -> None:
    def stands_still(_: datetime) -> Status:
        valkey.delete("articles.alerts.turn")
        scene.found = status(FULL)
        assert scene.turn(500, "b")
        return status()

    boards: tuple[Any, ...] = (scene.broker, scene.store)
    assert not AlertJudge("slow", boards, stands_still, {}).turn(at(0), RULES)
    scene.turn(530, "b")
    assert scene.told() == ["firing broker-full"]


def test_what_a_target_did_not_take_is_sent_later_under_the_same_id(scene: Scene) -> None:
    scene.hook.statuses = [503, 503, 200]
    scene.found = status(FULL)
    for second in range(0, 300, 30):
        scene.turn(second)
    ids = [headers["webhook-id"] for headers, _ in scene.hook.requests]
    assert len(ids) == 3
    assert len(set(ids)) == 1


def test_a_target_that_is_down_is_asked_ever_more_rarely_and_gets_one_message(scene: Scene) -> None:
    scene.hook.statuses = [500]
    scene.found = status(FULL)
    for second in range(0, 7200, 120):
        scene.turn(second)
    assert 6 <= len(scene.hook.requests) <= 12
    scene.hook.statuses = [200]
    scene.hook.requests.clear()
    for second in range(7200, 10_800, 120):
        scene.turn(second)
    assert scene.told() == ["firing broker-full"]


def test_a_worker_that_died_while_it_sent_is_followed_by_one_that_sends(
    scene: Scene, valkey: redis.Redis
) -> None:
    def dies(*_: object) -> None:
        raise SystemExit

    boards: tuple[Any, ...] = (scene.broker, scene.store)
    scene.found = status(FULL)
    with pytest.raises(SystemExit):
        AlertJudge("a", boards, lambda _: scene.found, {"webhook": dies}).turn(at(0), RULES)
    valkey.delete("articles.alerts.turn")
    scene.turn(90, "b")
    assert scene.told() == ["firing broker-full"]


def test_without_targets_incidents_are_known_and_nothing_waits(scene: Scene) -> None:
    boards: tuple[Any, ...] = (scene.broker, scene.store)
    assert AlertJudge("a", boards, lambda _: status(FULL), {}).turn(at(0), RULES)
    state: AlertState = scene.broker.read()
    assert [incident.name for incident in state.incidents] == ["broker-full"]
    assert state.outboxes == {}


def test_a_broker_out_of_memory_still_keeps_the_state(scene: Scene, valkey: redis.Redis) -> None:
    valkey.config_set("maxmemory-policy", "noeviction")
    valkey.config_set("maxmemory", "1")
    try:
        scene.found = status(FULL)
        scene.store.away = True
        assert scene.turn(0)
        assert scene.turn(30)
        assert not scene.turn(31, "b")
    finally:
        valkey.config_set("maxmemory", "0")
    assert scene.told() == ["firing broker-full"]


def test_clocks_of_two_hosts_may_differ(scene: Scene, valkey: redis.Redis) -> None:
    scene.found = status(FULL)
    scene.turn(300, "ahead")
    for second in (0, 30, 60):
        valkey.delete("articles.alerts.turn")
        scene.turn(second, "behind")
    assert scene.told() == ["firing broker-full"]
