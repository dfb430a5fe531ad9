"""A thread of the worker that one exception must not end."""

import logging
import threading

import pytest

from devtools.waiting import limit_s
from worker import background


def test_a_loop_that_raises_is_begun_anew(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(background, "_FIRST_PAUSE_S", 0.01)
    begun: list[int] = []
    done, ended = threading.Event(), threading.Event()

    def work() -> None:
        begun.append(1)
        if len(begun) < 3:
            raise KeyError("unforeseen")
        done.set()
        ended.wait()

    with caplog.at_level(logging.ERROR, "worker"):
        background.keep("test-loop", work)
        assert done.wait(limit_s())
    said = [r.getMessage() for r in caplog.records]
    assert [line.startswith("background.failed thread=test-loop") for line in said] == [True, True]
    ended.set()
