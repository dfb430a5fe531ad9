"""Background loops: one exception must end none of them, and no other module may run its own."""

import ast
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
from celery.worker import state

from tests.support.pipelines import CONFIG
from tests.support.requests import requested
from tests.support.transport import message, peer
from worker import background
from worker.background import DONE, BackgroundLoop, LoopSignal
from worker.broker import heartbeat, journal, leases
from worker.broker.circuit_breaker import CircuitBreaker
from worker.broker.deferred_acks import added, deferred_acks
from worker.celery import make_app
from worker.config.worker_rules import load_worker_rules
from worker.index.redis_index import RedisIndex
from worker.runtime import dead_letter_loop, repair_loop
from worker.store.sql_store import SqlStore

ROOT = Path(__file__).parent.parent / "worker"
PATIENCE_S = 60
# Errors that nobody expects: a bug, a loop that grew too deep, a library that calls sys.exit.
FAULTS = [ValueError("no"), KeyError("k"), RecursionError(), MemoryError(), SystemExit(3)]


class Faulty:
    """A function that raises an error in its first calls, then does what it should."""

    def __init__(self, function: Callable[..., Any], error: BaseException, times: int = 2) -> None:
        self._function = function
        self._error = error
        self._left = times
        self.recovered = threading.Event()

    def __call__(self, *args: Any, **options: Any) -> Any:
        if self._left:
            self._left -= 1
            raise self._error
        result = self._function(*args, **options)
        self.recovered.set()
        return result


class FaultyApp:
    """A Celery application whose first connections fail with an error."""

    def __init__(self, url: str, error: BaseException) -> None:
        self._app = make_app(url, load_worker_rules())
        self.connection_for_write = Faulty(self._app.connection_for_write, error)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._app, name)


@contextmanager
def running(loop: BackgroundLoop | None) -> Iterator[BackgroundLoop]:
    assert loop is not None
    try:
        yield loop
    finally:
        assert loop.stop(PATIENCE_S)


@pytest.mark.parametrize("error", FAULTS, ids=repr)
def test_whatever_a_turn_raises_is_logged_with_its_traceback_counted_and_the_loop_goes_on(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    name = f"loop-{error!r}"
    turn = Faulty(lambda: DONE, error, times=3)
    with caplog.at_level(logging.ERROR, "worker"):
        loop = background.start_loop(name, turn, pause_s=0.001)
        assert loop.join(PATIENCE_S)
    assert turn.recovered.is_set()
    assert background.error_count(name) == background.error_counts()[name] == 3
    records = [r for r in caplog.records if r.getMessage().startswith("background.failed")]
    assert [r.getMessage() for r in records] == [
        f"background.failed loop={name} count={count}" for count in (1, 2, 3)
    ]
    assert all(r.exc_info and r.exc_info[1] is error for r in records)


def test_a_loop_that_never_raised_has_no_errors() -> None:
    assert background.start_loop("good", lambda: DONE, pause_s=1).join(PATIENCE_S)
    assert background.error_count("good") == 0
    assert "good" not in background.error_counts()


def test_a_turn_decides_how_long_the_next_pause_is() -> None:
    pauses: Iterator[float | LoopSignal | None] = iter((0.0, 0.001, DONE))
    assert background.start_loop("paced", lambda: next(pauses), pause_s=3600).join(PATIENCE_S)


def test_a_wake_event_ends_the_pause_and_is_ready_for_the_next() -> None:
    wake, turns = threading.Event(), threading.Semaphore(0)
    loop = background.start_loop("woken", turns.release, pause_s=3600, wake=wake)
    with running(loop):
        assert turns.acquire(timeout=PATIENCE_S)  # the first turn needs none
        for _ in range(3):
            assert not turns.acquire(blocking=False)
            wake.set()
            assert turns.acquire(timeout=PATIENCE_S)


def test_a_job_runs_once_and_its_error_is_counted() -> None:
    calls: list[int] = []

    def job() -> None:
        calls.append(1)
        raise ValueError("no")

    assert background.run_once("job", job).join(PATIENCE_S)
    assert (len(calls), background.error_count("job")) == (1, 1)


def test_waiting_ends_with_the_condition_or_with_the_time() -> None:
    answers = iter((False, False, True))
    assert background.wait_until(lambda: next(answers), PATIENCE_S)
    assert not background.wait_until(lambda: False, 0.05)


@pytest.fixture
def store(sqlite_store_url: str) -> Iterator[SqlStore]:
    store = SqlStore(sqlite_store_url)
    yield store
    store.close()


# Each loop of a worker, with a fault at its input: what is started, and the pauses that are cut
# short for the test.
Start = Callable[[str, SqlStore, Path, BaseException], tuple[BackgroundLoop | None, Faulty]]


def _journal(url: str, store: SqlStore, folder: Path, error: BaseException) -> Any:
    app = FaultyApp(url, error)
    return journal.start(app, store.add_journal_entries), app.connection_for_write


def _dead_letters(url: str, store: SqlStore, folder: Path, error: BaseException) -> Any:
    app = FaultyApp(url, error)
    return dead_letter_loop.start(app, store, 30.0), app.connection_for_write


def _leases(url: str, store: SqlStore, folder: Path, error: BaseException) -> Any:
    app = FaultyApp(url, error)
    app.conf.broker_transport_options["visibility_timeout"] = 0.04
    return leases.start(app), app.connection_for_write


def _heartbeat(url: str, store: SqlStore, folder: Path, error: BaseException) -> Any:
    app = FaultyApp(url, error)
    heartbeat_file = folder / "heartbeat"
    loop = heartbeat.start(app, heartbeat_file)
    assert background.wait_until(heartbeat_file.exists, PATIENCE_S)  # its first turn asks nobody
    return loop, app.connection_for_write


def _repairs(url: str, store: SqlStore, folder: Path, error: BaseException) -> Any:
    open_index = Faulty(lambda: RedisIndex(url, CONFIG.dedup), error)
    return repair_loop.start(store, open_index, CONFIG.dedup), open_index


def _probe(url: str, store: SqlStore, folder: Path, error: BaseException) -> Any:
    breaker, probe = CircuitBreaker(), Faulty(lambda: None, error)
    return breaker.pause("store", probe), probe


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3)], ids=repr)
@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("journal", _journal),
        ("dead-lists", _dead_letters),
        ("leases", _leases),
        ("heartbeat", _heartbeat),
        ("reconcile", _repairs),
        ("probe", _probe),
    ],
)
def test_each_loop_of_a_worker_outlives_a_fault_and_does_its_work_again(
    name: str,
    start: Start,
    error: BaseException,
    valkey: redis.Redis,
    valkey_url: str,
    store: SqlStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in (journal, dead_letter_loop, heartbeat, repair_loop):
        monkeypatch.setattr(module, "EVERY_S", 0.01)
    monkeypatch.setattr("worker.broker.circuit_breaker._FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr("worker.broker.circuit_breaker._LONGEST_PAUSE_S", 0.01)
    before = background.error_count(name)
    loop, fault = start(valkey_url, store, tmp_path, error)
    with running(loop):
        assert loop is not None
        assert loop.name == name
        assert fault.recovered.wait(PATIENCE_S)
    assert background.error_count(name) == before + 2


def test_consuming_resumes_although_a_probe_failed_in_a_way_nobody_foresaw(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("worker.broker.circuit_breaker._FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr("worker.broker.circuit_breaker._LONGEST_PAUSE_S", 0.01)
    breaker = CircuitBreaker()
    loop = breaker.pause("store", Faulty(lambda: None, ValueError("no")))
    assert loop is not None
    assert breaker.paused_for == "store"
    assert breaker.pause("index", lambda: None) is None  # one probe at a time
    assert loop.join(PATIENCE_S)
    assert breaker.paused_for == ""


def test_a_deferred_ack_that_can_not_be_sent_does_not_keep_leases_from_being_renewed(
    valkey: redis.Redis, valkey_url: str
) -> None:
    valkey.lpush("articles", message(1))
    app = make_app(valkey_url, load_worker_rules())
    app.conf.broker_transport_options["visibility_timeout"] = 0.04
    with peer(valkey_url) as worker:
        request = requested(worker)
        state.task_reserved(request)
        tag = request.message.delivery_tag
        before = valkey.zscore("unacked_index", tag)
        deferred_acks.add(7)  # no tag
        try:
            with running(leases.start(app)):
                assert background.wait_until(
                    lambda: valkey.zscore("unacked_index", tag) > before, PATIENCE_S
                )
        finally:
            deferred_acks.remove([7])
            state.reset_state()


def test_a_deferred_ack_is_sent_at_once_and_not_after_the_pause(
    valkey: redis.Redis, valkey_url: str
) -> None:
    app = make_app(valkey_url, load_worker_rules())
    with running(leases.start(app)):
        deferred_acks.add("token:0")
        assert background.wait_until(lambda: deferred_acks.tags() == [], PATIENCE_S)
    added.clear()


# What only background.py may do. Commands and producers wait in the foreground, in the main thread
# of their own process; the thread pool of AsyncProducer runs calls, no loop.
_FOREGROUND = {"cli", "client", "maintenance"}
# Commands wait in them.
_FOREGROUND_FILES = {"broker/embedded.py", "broker/draining.py", "store/store_copy.py"}


def loops_of_its_own(source: str, *, foreground: bool = False) -> list[str]:
    """The lines of a module that start a thread, or sleep in one, without worker.background."""
    tree, found = ast.parse(source), []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.Attribute):
            names = [ast.unparse(node)]
        else:
            continue
        starts = {"threading.Thread", "threading.Timer", "_thread", "_thread.start_new_thread"}
        sleeps = set() if foreground else {"time.sleep", "sched.scheduler", "sched"}
        found += [f"{node.lineno}: {name}" for name in names if name in starts | sleeps]
        waits = isinstance(node, ast.Attribute) and node.attr == "wait" and not foreground
        if waits and _in_while(tree, node):
            found.append(f"{node.lineno}: {ast.unparse(node)} in a loop")
    return found


def _in_while(tree: ast.AST, wanted: ast.AST) -> bool:
    loops = (node for node in ast.walk(tree) if isinstance(node, ast.While))
    return any(inner is wanted for loop in loops for inner in ast.walk(loop))


def test_no_module_but_background_runs_a_loop_in_a_thread() -> None:
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if name == "background.py":
            continue
        foreground = name.partition("/")[0] in _FOREGROUND or name in _FOREGROUND_FILES
        if lines := loops_of_its_own(path.read_text("utf-8"), foreground=foreground):
            found[name] = lines
    assert found == {}, "start loops with worker.background.start_loop"


@pytest.mark.parametrize(
    "source",
    [
        "import threading\nthreading.Thread(target=print).start()",
        "from threading import Thread\nThread(target=print).start()",
        "import threading\nclass Loop(threading.Thread): pass",
        "from threading import Timer",
        "import _thread",
        "import time\ndef loop():\n  while True:\n    time.sleep(1)",
        "from time import sleep",
        "def loop(event):\n  while True:\n    event.wait(1)",
        "def loop(self):\n  while not self.stopped.wait(5):\n    self.turn()",
    ],
)
def test_another_loop_in_a_thread_is_noticed(source: str) -> None:
    assert loops_of_its_own(source)


@pytest.mark.parametrize(
    "source", ["import time\ntime.monotonic()", "import threading\nthreading.Lock()"]
)
def test_clocks_and_locks_are_no_loops(source: str) -> None:
    assert loops_of_its_own(source) == []
