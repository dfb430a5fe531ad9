"""A worker that was told to end does end, whatever goes wrong on the way."""

import os
import signal
import subprocess
import sys
from threading import Event

import pytest

from devtools.waiting import limit_s
from worker import background
from worker.broker import shutdown

END = """
from types import SimpleNamespace
from worker.broker import shutdown
worker = SimpleNamespace(app={app}, pool=None)
shutdown._end(worker)
"""


@pytest.mark.parametrize("app", ["None", "SimpleNamespace(connection_for_write=lambda: 1 / 0)"])
@pytest.mark.processes
def test_an_error_while_messages_are_put_back_does_not_keep_the_process_alive(app: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", END.format(app=app)],
        capture_output=True,
        timeout=limit_s(),
        check=False,
    )
    assert run.returncode == 0
    assert b"drain.failed" in run.stderr


def test_sigterm_stops_the_claiming_then_reaches_the_handler_that_was_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shutdown, "circuit_breaker", shutdown.circuit_breaker.__class__())
    monkeypatch.setattr(shutdown, "_CLAIM_REPLY_S", 0.01)
    ended = Event()
    before = signal.signal(signal.SIGTERM, lambda *_: ended.set())
    try:
        shutdown.delay_sigterm()
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)  # an impatient supervisor
        assert background.wait_until(ended.is_set, 60)
        assert shutdown.circuit_breaker.paused_for
    finally:
        signal.signal(signal.SIGTERM, before)
