"""What a worker says of itself: in which share of the time its processes worked."""

import time
from types import SimpleNamespace

import pytest

from worker.broker import celery_internals
from worker.broker.request import FinishedMessages
from worker.runtime.worker_state import BusyShare


class Clock:
    """The clock of this process, and the requests that run by it."""

    now = 1000.0

    def __init__(self) -> None:
        self.running: list[SimpleNamespace] = []

    def begins(self) -> None:
        self.running.append(SimpleNamespace(running_since=self.now))

    def ends(self) -> None:
        request = self.running.pop()
        FinishedMessages.busy_s += self.now - request.running_since


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", lambda: clock.now)
    monkeypatch.setattr(celery_internals.state, "active_requests", clock.running)
    monkeypatch.setattr(FinishedMessages, "busy_s", 0.0)
    return clock


def test_the_share_of_time_is_that_since_the_last_word(clock: Clock) -> None:
    share = BusyShare()
    assert share.since_before(2) is None  # nothing is known yet
    clock.begins()
    clock.now += 5
    clock.ends()
    clock.now += 5
    assert share.since_before(2) == 0.25  # one of two processes, half of the time
    clock.now += 10
    assert share.since_before(2) == 0.0


def test_what_still_runs_counts_until_now_and_not_twice(clock: Clock) -> None:
    share = BusyShare()
    share.since_before(1)
    clock.begins()
    clock.now += 10
    assert share.since_before(1) == 1.0
    clock.now += 10
    clock.ends()
    assert share.since_before(1) == 1.0
    clock.now += 10
    assert share.since_before(1) == 0.0


def test_a_worker_without_processes_or_time_has_no_share(clock: Clock) -> None:
    share = BusyShare()
    share.since_before(1)
    assert share.since_before(1) is None  # no time has gone by
    clock.now += 10
    assert share.since_before(0) is None


def test_a_message_that_was_taken_and_does_not_run_counts_nothing(clock: Clock) -> None:
    share = BusyShare()
    share.since_before(1)
    clock.running.append(SimpleNamespace(running_since=None))
    clock.now += 10
    assert share.since_before(1) == 0.0
