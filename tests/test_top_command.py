"""`worker top`: one screen in a terminal, with keys; without a terminal it prints once."""

import os
import pty
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import redis

from devtools.waiting import limit_s, until
from tests.commands import on
from tests.make import article, dead, record
from tests.support.transport import message
from worker.cli.top_command import by_outcome
from worker.model.records import OutcomeKind
from worker.store.hourly_values import HourlyCount, hour_of
from worker.store.sql_store import SqlStore

NOW = datetime.now(UTC)


def filled(store: SqlStore) -> None:
    for hours in (0, 3, 3):
        at = NOW - timedelta(hours=hours)
        store.write([record(article(f"id:{hours}"))], [], [dead(f"letter {hours}")], now=at)


def test_without_a_terminal_it_prints_once_and_ends(
    store: SqlStore, store_url: str, valkey_url: str, valkey: redis.Redis
) -> None:
    filled(store)
    run = on(store_url, valkey_url)
    said = run("top").output
    assert said.startswith("No worker is running, nothing waits.")
    [chart] = [line for line in said.splitlines() if line.strip().startswith("new ")]
    assert chart.split()[2:] == ["2", "in", "24", "h"]
    assert chart.split()[1] in ("·" * 20 + "█··█", "·" * 19 + "█··█·")  # a new hour may have begun
    assert "\x1b" not in said
    valkey.lpush("articles", message(1))
    assert run("top", code=1).output.startswith("urgent  no worker is at work")


class Terminal:
    """The screen and the keyboard of a command that runs in a terminal."""

    def __init__(self, keyboard: int) -> None:
        self._keyboard = keyboard
        self.screen = ""

    def press(self, key: str) -> None:
        os.write(self._keyboard, key.encode())

    def shows(self, *texts: str) -> None:
        """Wait until these are on the screen, which is then forgotten."""
        until(
            lambda: self._read() or all(text in self.screen for text in texts),
            lambda: f"{texts}\n{self.screen[-3000:]}",
            pause=lambda: None,
        )
        self.screen = ""

    def _read(self) -> None:
        if select.select([self._keyboard], [], [], 0.1)[0]:
            self.screen += os.read(self._keyboard, 65536).decode("utf-8", "replace")


@contextmanager
def in_terminal(
    environment: dict[str, str],
) -> Iterator[tuple[Terminal, "subprocess.Popen[bytes]"]]:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "worker", "top", "--every", "0.5"]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, env=os.environ | environment)
    os.close(theirs)
    try:
        yield Terminal(ours), process
    finally:
        process.kill()
        process.wait()
        os.close(ours)


@pytest.mark.processes
def test_in_a_terminal_it_follows_the_state_until_a_key_ends_it(
    sqlite_store_url: str, valkey_url: str, valkey: redis.Redis
) -> None:
    store = SqlStore(sqlite_store_url)
    filled(store)
    store.close()
    environment = {
        "WORKER_STORE_URL": sqlite_store_url, "WORKER_BROKER_URL": valkey_url, "TERM": "xterm",
        "COLUMNS": "120", "LINES": "60",
    }  # fmt: skip
    with in_terminal(environment) as (terminal, process):
        terminal.shows("No worker is running", "quarantine", "in 24 h", "d: dead letters")
        valkey.lpush("articles", message(1))
        terminal.shows("no worker is at work, and 1 message waits")
        terminal.press("x")  # no key of this command
        terminal.press("d")
        terminal.shows("newest dead letters", "malformed", "expected an object, got text")
        terminal.press("q")
        assert process.wait(limit_s()) == 0


@pytest.mark.processes
def test_a_lane_is_paused_and_resumed_by_keys(
    sqlite_store_url: str, valkey_url: str, valkey: redis.Redis
) -> None:
    SqlStore(sqlite_store_url).close()
    environment = {
        "WORKER_STORE_URL": sqlite_store_url, "WORKER_BROKER_URL": valkey_url, "TERM": "xterm",
        "COLUMNS": "120", "LINES": "60",
    }  # fmt: skip
    paused = b"lane:articles.replay"
    with in_terminal(environment) as (terminal, process):
        terminal.shows("p: pause or resume a lane")
        terminal.press("p")
        terminal.shows("1: live   2: bulk   3: quarantine")
        terminal.press("2")
        terminal.shows("pause bulk on all hosts?")
        terminal.press("n")
        terminal.shows("p: pause or resume a lane")
        assert not valkey.exists("articles.pauses")
        terminal.press("p")
        terminal.press("q")  # no answer, and not the end
        terminal.press("p")
        terminal.press("2")
        terminal.press("y")
        terminal.shows("bulk is paused", "paused by ")
        assert valkey.hexists("articles.pauses", paused)
        terminal.press("p")
        terminal.press("2")
        terminal.shows("resume bulk on all hosts?")
        terminal.press("y")
        terminal.shows("bulk is resumed")
        assert not valkey.exists("articles.pauses")
        terminal.press("q")
        assert process.wait(limit_s()) == 0


def test_hours_out_of_the_chart_and_unknown_outcomes_are_left_out() -> None:
    hour = hour_of(NOW)
    counts = [
        HourlyCount(hour - 24, "new", 9),
        HourlyCount(hour - 23, "new", 1),
        HourlyCount(hour, "dead", 2),
        HourlyCount(hour + 1, "dead", 9),
        HourlyCount(hour, "of a later version", 9),
    ]
    assert by_outcome(counts, NOW) == {
        OutcomeKind.NEW: [1, *[0] * 23],
        OutcomeKind.DEAD: [*[0] * 23, 2],
    }
