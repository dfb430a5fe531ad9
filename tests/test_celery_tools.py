"""Stock Celery beside a worker: its canvas, its remote control, its events and its purge.

One worker with one process and all of Celery's defaults, so mingle and gossip are on.
"""

import json
import subprocess
import sys
import time
from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Any

import pytest
from celery import Celery, chain, chord, group
from celery.canvas import chunks, xmap, xstarmap

from devtools.waiting import limit_s
from tests import commands
from tests.foreign import GOOD, article, envelope
from tests.running import ROOT, Running, running_worker
from tests.store.stored import rows
from worker.broker.batch_counters import (
    LaneCounters,
    MessageEnd,
    counters_key,
    lane_counters,
    stage_histograms,
)
from worker.broker.connection import BrokerConnection
from worker.broker.presence import WorkerState, present_workers
from worker.broker.recent_work import recent_work
from worker.celery import make_app
from worker.client.producer import Producer
from worker.config.worker_rules import load_worker_rules
from worker.maintenance.receipt_audit import balance
from worker.maintenance.undeliverable import drain
from worker.model.receipts import derived_receipt
from worker.model.records import OutcomeKind
from worker.store.dead_letter_values import DeadLetterQuery

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    yield from running_worker(options=())


@pytest.fixture(scope="module")
def stock(running: Running) -> Iterator[Celery]:
    """A client's application that has nothing of this package but the name of the task."""
    with Celery(
        "client", broker=running.url, backend="cache+memory://", set_as_current=False
    ) as app:
        app.conf.update(task_default_queue="articles")
        yield app


@pytest.fixture(scope="module")
def control(running: Running) -> Iterator[Any]:
    with make_app(running.url, load_worker_rules(None)) as app:
        yield app.control


def named(name: str) -> dict[str, Any]:
    return article(name, content=f"{GOOD['content']} This one is called {name}.")


def push(running: Running, name: str, count: int = 5, **headers: Any) -> list[str]:
    """Messages of one article each, pushed at once; returns their receipts."""
    receipts = [f"{name}-{n}" for n in range(count)]
    running.broker.lpush(
        "articles",
        *(
            json.dumps(
                envelope(r, json.dumps([[[named(r)]], {"receipts": [r]}, {}]), dict(headers))
            )
            for r in receipts
        ),
    )
    return receipts


def stored(running: Running) -> set[str]:
    """The external ids of all stored articles."""
    return {row["key"].removeprefix("id:") for row in rows(running.store_url, "articles")}


def await_stored(running: Running, *names: str) -> None:
    running.until(
        lambda: set(names) <= stored(running), f"{set(names) - stored(running)} to be stored"
    )


def await_outcomes(running: Running, receipts: list[str]) -> None:
    for receipt in receipts:
        assert running.outcome(receipt).kind is not OutcomeKind.DEAD, receipt


def dead_letters(running: Running) -> Counter[str]:
    return Counter(running.store.count_letters(DeadLetterQuery()))


def sent_by(app: Celery, how: str) -> object:
    """Send articles named `how`-0, `how`-1 … with Celery's canvas, and return what it returns."""

    def made(number: int) -> dict[str, Any]:
        return named(f"{how}-{number}")

    def call(*args: Any, **kwargs: Any) -> Any:
        return app.signature("articles.ingest", args=args, kwargs=kwargs, immutable=True)

    ingest = call()
    one, two, three = ([made(n)] for n in range(3))
    sent: dict[str, Callable[[], object]] = {
        "map": lambda: xmap(ingest, [made(n) for n in range(20)], app=app).apply_async(),
        "batches": lambda: xmap(ingest, [one, two + three], app=app).apply_async(),
        "starmap": lambda: xstarmap(
            ingest, [(one,), (two, ["r"]), (three,)], app=app
        ).apply_async(),
        "chunks": lambda: chunks(ingest, [(made(n),) for n in range(20)], 7, app=app).apply_async(),
        "partial": lambda: xmap(call(one), [two, three], app=app).apply_async(),
        "group": lambda: group(call(one), call(two), call(articles=three)).apply_async(),
        "chain": lambda: chain(call(one), call(two), call(three)).apply_async(),
        "chord": lambda: chord([call(one), call(two)], call(three)).apply_async(),
        "link": lambda: call(one).apply_async(link=[call(two), call(three)]),
        "nested": lambda: chain(call(one), xmap(ingest, [two, three], app=app)).apply_async(),
        "kwargs": lambda: call(articles=one + two + three).apply_async(),
        "late": lambda: call(one + two + three).apply_async(expires=-60, countdown=3600, retries=9),
    }
    return sent[how]()


COUNTS = Counter(dict.fromkeys(["batches", "starmap", "partial", "group", "chain"], 3))
COUNTS.update(dict.fromkeys(["chord", "link", "nested", "kwargs", "late"], 3))
COUNTS.update(map=20, chunks=20)


def test_each_article_that_a_clients_canvas_sends_is_stored_once(
    running: Running, stock: Celery
) -> None:
    before = dead_letters(running)
    for how, count in COUNTS.items():
        for _ in range(2):  # the second one finds them unchanged
            sent_by(stock, how)
        await_stored(running, *(f"{how}-{n}" for n in range(count)))
    running.until(running.idle, "the broker to hold nothing")
    assert dead_letters(running) == before


def test_a_call_after_an_error_is_not_made_and_the_log_says_so_once(
    running: Running, stock: Celery
) -> None:

    def ingest(name: str) -> Any:
        return stock.signature("articles.ingest", args=[[named(name)]], immutable=True)

    for number in range(3):
        ingest(f"good-{number}").apply_async(link_error=ingest(f"on-error-{number}"))
    await_stored(running, "good-0", "good-1", "good-2")
    assert not {key for key in stored(running) if key.startswith("on-error")}
    said = [line for line in running.lines() if "message.link-error" in line]
    assert len(said) == 1
    assert "becomes a dead letter" in said[0]


@pytest.mark.parametrize("task", ["celery.map", "celery.starmap"])
def test_an_article_of_a_map_is_found_by_the_id_of_the_message_and_its_index(
    running: Running, task: str
) -> None:
    items = [named(f"{task}-{n}") for n in range(3)]
    calls = items if task == "celery.map" else [[item] for item in items]
    inner = {"task": "articles.ingest", "args": [], "kwargs": {}}
    body = json.dumps([[], {"task": inner, "it": calls}, {}])
    running.broker.lpush("articles", json.dumps(envelope(task, body, {"task": task})))
    await_outcomes(running, [derived_receipt(f"id-{task}", n) for n in range(3)])


def test_each_item_of_a_map_that_is_no_article_is_a_dead_letter_and_the_others_are_stored(
    running: Running,
) -> None:
    before = dead_letters(running)
    deep = "[" * 500 + "]" * 500
    items = json.dumps([[[named("among-0")]], [[], [], []], 7, "text", [[named("among-1")]], "@"])
    inner = json.dumps({"task": "articles.ingest", "args": [], "kwargs": {}})
    body = f'[[], {{"task": {inner}, "it": {items}}}, {{}}]'.replace('"@"', deep)
    message = envelope("among", body, {"task": "celery.starmap"})
    running.broker.lpush("articles", json.dumps(message))
    await_stored(running, "among-0", "among-1")
    assert dead_letters(running) - before == Counter(malformed=4)


def test_a_task_of_celery_itself_is_not_run_and_its_message_is_kept_with_the_reason(
    running: Running, control: Any
) -> None:
    tasks = ["group", "chain", "chord", "chord_unlock", "accumulate", "backend_cleanup"]
    messages = {
        json.dumps(envelope(task, "[[], {}, {}]", {"task": f"celery.{task}"})): task
        for task in tasks
    }
    running.broker.lpush("articles", *messages)
    with BrokerConnection(control.app).channel() as channel:

        def dead() -> bool:
            drain(channel, list(control.app.amqp.queues), running.store)
            return messages.keys() <= running.undeliverable().keys()

        running.until(dead, "the dead letters")
    for message, task in messages.items():
        reason = f"unknown-task: celery.{task} is a task of Celery itself"
        assert running.undeliverable()[message].startswith(reason)


def test_no_task_of_celery_itself_is_registered(control: Any) -> None:
    arguments = {"builtins": True, "taskinfoitems": ["name"]}
    [answer] = control.broadcast("registered", arguments=arguments, reply=True, limit=1)
    [tasks] = answer.values()
    assert [line.split()[0] for line in tasks] == ["articles.ingest", "articles.redo"]


REFUSED = {
    "revoke": ({"task_id": ["id-refused-0", "id-refused-3"]}, "revoke has no effect"),
    "terminate": ({"task_id": ["id-refused-1"], "signal": "KILL"}, "terminate has no effect"),
    "revoke_by_stamped_headers": ({"headers": {"a": ["b"]}}, "has no effect"),
    "rate_limit": ({"task_name": "articles.ingest", "rate_limit": "1/h"}, "has no effect"),
    "time_limit": ({"task_name": "articles.ingest", "hard": 0.001, "soft": 0.001}, "no effect"),
    "pool_shrink": ({"n": 1}, "at least one process"),
    "autoscale": ({"max": 0, "min": 0}, "--autoscale"),
    "add_consumer": ({"queue": "another"}, "a worker consumes only articles, articles.replay"),
}


def asked(control: Any, command: str, **arguments: Any) -> Any:
    """The answer of the only worker to a remote control command."""
    [answer] = control.broadcast(command, arguments=arguments, reply=True, limit=1, timeout=30)
    [reply] = answer.values()
    return reply


def test_a_control_command_that_would_lose_or_delay_articles_is_refused_with_one_line(
    running: Running, control: Any
) -> None:
    before = len(running.lines())
    for command, (arguments, reason) in REFUSED.items():
        assert reason in asked(control, command, **arguments)["error"]
    await_outcomes(running, push(running, "refused"))
    refusals = [line for line in running.lines()[before:] if "control.refused" in line]
    assert len(refusals) == len(REFUSED)


def test_ids_that_a_neighbour_revoked_are_processed_all_the_same(
    running: Running, control: Any
) -> None:
    asked(control, "hello", from_node="celery@other", revoked=[f"id-hello-{n}" for n in range(5)])
    await_outcomes(running, push(running, "hello", redelivered=True))  # so each runs by itself


def test_a_pool_that_grows_and_shrinks_goes_on(running: Running, control: Any) -> None:
    receipts = push(running, "pool-0")
    for number in (1, 2):
        assert "ok" in asked(control, "pool_grow", n=1)
        receipts += push(running, f"pool-{number}")
    for number in (3, 4):
        running.until(lambda: "ok" in asked(control, "pool_shrink", n=1), "an idle process")
        receipts += push(running, f"pool-{number}")
    await_outcomes(running, receipts)
    await_outcomes(running, push(running, "pool-last"))


def test_a_queue_that_is_cancelled_and_added_again_loses_nothing(
    running: Running, control: Any
) -> None:
    receipts = []
    for number in range(5):
        receipts += push(running, f"cancelled-{number}", 20)
        assert "ok" in asked(control, "cancel_consumer", queue="articles")
        receipts += push(running, f"waiting-{number}")
        assert "ok" in asked(control, "add_consumer", queue="articles")
    await_outcomes(running, receipts)
    assert not running.broker.exists("articles.dead")


TOOLS = ["ping", "active", "reserved", "stats", "registered", "report", "active_queues", "conf"]


def test_celerys_inspections_are_answered_within_two_seconds_and_leave_no_key(
    running: Running, control: Any
) -> None:
    for command in TOOLS:
        began = time.monotonic()
        assert asked(control, command) is not None
        assert time.monotonic() - began < limit_s() / 10, command  # usually 20 ms
    assert not [key for key in running.broker.keys("*") if b"reply" in key]


def broadcast(control: Any, command: str = "ping", **options: Any) -> list[Any]:
    """All replies to a command that is sent to every worker, as `celery inspect` sends it."""
    replies: list[Any] = control.broadcast(command, reply=True, **options)
    return replies


def test_a_command_to_all_workers_returns_when_each_of_them_has_answered(control: Any) -> None:
    began = time.monotonic()
    for command in TOOLS:
        [reply] = broadcast(control, command, timeout=limit_s())
        assert reply
    assert time.monotonic() - began < limit_s() / 2


def test_a_command_returns_at_once_when_no_worker_listens(running: Running) -> None:
    other_database = running.url.removesuffix("/0") + "/1"
    with make_app(other_database, load_worker_rules(None)) as app:
        began = time.monotonic()
        assert broadcast(app.control, timeout=limit_s()) == []
        assert app.control.inspect(timeout=limit_s()).active() is None
    assert time.monotonic() - began < limit_s() / 2


def test_a_worker_that_does_not_answer_is_waited_for_until_the_timeout(
    running: Running, control: Any
) -> None:
    with running.broker.pubsub() as silent:
        silent.psubscribe("/0.celery.pidbox")
        silent.get_message(timeout=limit_s())
        began = time.monotonic()
        assert len(broadcast(control, timeout=0.5)) == 1
        assert time.monotonic() - began >= 0.5
    assert broadcast(control, timeout=0.1, destination=["celery@nowhere"]) == []


def test_a_late_reply_to_an_earlier_command_is_not_taken_for_a_reply_to_this_one(
    control: Any,
) -> None:
    for _ in range(5):
        broadcast(control, timeout=0.000_1)
    for command in TOOLS:
        [reply] = broadcast(control, command, timeout=limit_s())
        assert reply


def task_events(running: Running, ids: list[str]) -> dict[str, list[str]]:
    """The events of these tasks, until each has ended; messages are pushed once we listen."""
    seen: dict[str, list[str]] = {task_id: [] for task_id in ids}
    with running.broker.pubsub(ignore_subscribe_messages=True) as listener:
        listener.psubscribe("*celeryev*")
        listener.get_message(timeout=limit_s())
        push(running, "event", len(ids))

        def ended() -> bool:
            published = listener.get_message(timeout=0.1)
            if published:
                body = json.loads(b64decode(json.loads(published["data"])["body"]))
                for event in body if isinstance(body, list) else [body]:
                    seen.get(event.get("uuid", ""), []).append(event["type"])
            return all(len(types) >= 3 for types in seen.values())

        running.until(ended, "three events of each task")
    return seen


def test_monitoring_sees_one_task_a_message_even_if_many_run_as_one(
    running: Running, control: Any
) -> None:
    asked(control, "enable_events")
    seen = task_events(running, [f"id-event-{n}" for n in range(20)])
    asked(control, "disable_events")
    expected = ["task-received", "task-started", "task-succeeded"]
    assert all(types == expected for types in seen.values())


@pytest.mark.long
def test_a_worker_that_starts_hears_its_neighbours(running: Running) -> None:
    command = [sys.executable, "-m", "celery", "-A", "worker", "worker", "-c", "1"]
    command += ["-n", "second@test", "--loglevel", "DEBUG"]
    log = running.log.with_name("second.log")
    with log.open("wb") as output:
        second = subprocess.Popen(
            command, env=running.environment, stdout=output, stderr=output, cwd=ROOT
        )
    try:
        heard = ["mingle: sync with 1 nodes", "mingle: sync complete", "joined the party"]
        running.until(
            lambda: all(line in log.read_text() for line in heard), "the neighbour to be heard"
        )
        running.until(lambda: "second@test" in running.log.read_text(), "the neighbour to hear")
        running.until(lambda: "second@test" in nodes(running), "the neighbour to be present")
    finally:
        second.terminate()
        second.wait(limit_s())
    assert "second@test" not in nodes(running)
    lines = log.read_text().splitlines()
    assert not [line for line in lines if ": ERROR/" in line or "control.ignored" in line]


def nodes(running: Running) -> list[str]:
    with make_app(running.url, load_worker_rules(None)) as app:
        connection = BrokerConnection(app)
        with connection.channel() as channel:
            return [worker.state.node for worker in present_workers(channel, "articles")]


def test_the_worker_says_in_the_broker_that_it_is_at_work(running: Running, control: Any) -> None:
    with BrokerConnection(control.app).channel() as channel:

        def processes() -> list[int]:
            return [worker.state.processes for worker in present_workers(channel, "articles")]

        running.until(lambda: processes() == [1], "the worker is present")
        [worker] = present_workers(channel, "articles")
    assert worker.state.memory_bytes > 50_000_000
    assert worker.state.version
    assert len(worker.state.digest) > 4


def test_the_worker_says_when_it_is_ready_and_what_it_is(running: Running) -> None:
    [line] = [line for line in running.lines() if "worker.ready" in line]
    fields = dict(word.partition("=")[::2] for word in line.split() if "=" in word)
    assert fields["node"].startswith("celery@")
    assert fields["processes"] == "1"
    assert fields["queue"] == "articles"
    assert fields["store"].startswith("sqlite://")
    assert fields["version"] == version("article-worker")
    assert len(fields["rules"]) > 4


def test_the_worker_counts_its_batches_in_the_broker(running: Running, control: Any) -> None:
    def live_lane(channel: Any) -> LaneCounters:
        return lane_counters(channel.client.hgetall(counters_key("articles")))["live"]

    def done(channel: Any) -> int:
        return live_lane(channel).messages[MessageEnd.DONE]

    with BrokerConnection(control.app).channel() as channel:
        before = done(channel)
        with Producer(running.url) as producer:
            [receipt] = producer.enqueue([named("counted")])
        running.outcome(receipt)
        running.until(lambda: done(channel) > before, "the ack is counted")
        live = live_lane(channel)
    assert live.batch.sum_s > 0
    assert live.batch.counts[-1] > 0
    stages = stage_histograms(running.broker.hgetall("articles.counters"))
    assert live.wait.counts[-1] > 0  # the producer's id tells when it was pushed
    assert all(histogram.sum_s > 0 for histogram in stages.values()), stages
    recent = recent_work(running.broker.hgetall("articles.recent"), datetime.now(UTC))
    assert recent.messages > 0
    assert 0 < recent.busy_s <= live.batch.sum_s + 60  # other lanes count too


def test_the_worker_says_what_it_does(running: Running, control: Any) -> None:
    with BrokerConnection(control.app).channel() as channel:

        def state() -> WorkerState:
            [worker] = present_workers(channel, "articles")
            return worker.state

        with Producer(running.url) as producer:
            [receipt] = producer.enqueue([named("says")])
        running.outcome(receipt)
        running.until(lambda: state().busy_share is not None, "its second word")
        said = state()
    assert said.progress_at is not None
    assert abs(datetime.now(UTC) - said.progress_at) < timedelta(minutes=10)
    assert said.busy_share is not None
    assert 0 <= said.busy_share <= 1
    assert said.waits_for == ""


def test_purged_messages_of_a_producer_are_named_by_the_ledger(
    running: Running, control: Any
) -> None:
    asked(control, "cancel_consumer", queue="articles")
    with Producer(running.url) as producer:
        receipts = producer.enqueue([named(f"purged-{n}") for n in range(3)])
    purge = [sys.executable, "-m", "celery", "-A", "worker", "purge", "-f"]
    subprocess.run(purge, env=running.environment, cwd=ROOT, check=True, capture_output=True)
    asked(control, "add_consumer", queue="articles")
    with BrokerConnection(control.app).channel() as channel:
        audit = balance(
            *(channel, list(control.app.amqp.queues), running.store),
            *(datetime.now(UTC) - timedelta(days=1), datetime.now(UTC) + timedelta(days=1)),
            grace_s=0,
        )
    assert {entry.receipt for entry in audit.missing} == set(receipts)


@pytest.fixture
def leaving() -> Iterator[Running]:
    """A worker of one test, which ends it."""
    yield from running_worker()


def test_a_worker_that_is_shut_down_by_a_command_puts_its_messages_back(leaving: Running) -> None:
    receipts = push(leaving, "shutdown", 100)
    printed = commands.on(leaving.store_url, leaving.url)("drain", "--all").output
    assert "has ended after" in printed
    assert leaving.worker.wait(limit_s()) == 0
    ended = leaving.store.outcomes(receipts)
    assert len(ended) + leaving.broker.llen("articles") == len(receipts)
    assert not leaving.broker.hlen("unacked")
