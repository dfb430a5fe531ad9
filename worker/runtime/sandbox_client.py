"""Start and ask the server that runs batches of articles in sandbox processes, from a pool process.

The server is worker.runtime.sandbox, which says why articles run so. It is started by the first
batch, and gets one run as a line of JSON on its standard input; its answer is one SandboxEnd as a
line of JSON.
"""

import json
import logging
import os
import select
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from worker.errors import Unavailable
from worker.maintenance.reprocess import Reprocessing
from worker.model.records import NO_ATTEMPT, Attempt
from worker.pipeline.deliveries import Delivery

log = logging.getLogger("worker")

_ANSWER_MARGIN_S = 10.0  # after the wall-clock limit of a run: to kill its process and to answer


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxEnd:
    """How a sandbox process ended, which ran one batch of articles and may have died.

    `code` is its exit code, or the negative number of the signal that killed it. `stage` is the
    last stage of the pipeline that it entered, and `cpu_s` the CPU time spent there. `took_s` is
    how many seconds it ran in all, and `peak_mb` the most memory it used. `unavailable`: store or
    index did not answer. `stalled`: it ran too long by the clock, though its CPU time was within
    the limit.
    """

    code: int  # exit code, or the negative number of the signal that killed it
    stage: str  # the last stage it entered
    took_s: float
    peak_mb: int
    cpu_s: float = 0.0  # CPU time of the last stage
    unavailable: bool = False  # store or index did not answer, or not in time
    stalled: bool = False  # the wall-clock limit ended it, and its CPU time was in order

    @property
    def failed(self) -> bool:
        """Whether the sandbox process was killed, or exited with another code than 0."""
        return self.code != 0

    def __str__(self) -> str:
        how = (
            f"killed by {signal.Signals(-self.code).name}" if self.code < 0 else f"exit {self.code}"
        )
        spent = f"after {self.took_s:.1f} s with {self.cpu_s:.1f} s of CPU"
        return f"{how} in stage {self.stage} {spent}, peak {self.peak_mb} MB"


class SandboxLost(Exception):
    """Raised when the server that forks sandbox processes died twice while it had the same batch.

    After the first time, a new server was started and given the same batch of articles.
    """


class SandboxServer:
    """Runs batches of articles in sandbox processes, whose death does no harm, for a pool process.

    On first use it starts a server as a child of the pool process; that server forks the sandboxes.
    """

    def __init__(self) -> None:
        self._server: subprocess.Popen[bytes] | None = None
        self._ready = False

    def run(
        self, deliveries: Sequence[Delivery], limit_s: float, handling: Attempt = NO_ATTEMPT
    ) -> SandboxEnd:
        """Process raw articles as one batch in one new sandbox process, and return how it ended.

        That process may take `limit_s` seconds, and its death raises nothing. `handling` names the
        worker, and is stored with the outcomes. Raises SandboxLost when the server that forks these
        processes dies twice, and Unavailable when it is not ready or does not answer in time; a
        later call may then succeed.
        """
        raws = [[d.receipt, d.raw, d.traceparent] for d in deliveries]
        attempt = {"worker": handling.worker, "deliveries": handling.deliveries}
        return self._request({"deliveries": raws, "handling": attempt}, limit_s)

    def redo(self, what: Reprocessing, article_id: str, limit_s: float) -> SandboxEnd:
        """Process a stored article again in one sandbox process, and return how that process ended.

        `what` says whether it is cleaned and tagged, or only tagged. That process may take
        `limit_s` seconds. Raises SandboxLost when the server that forks it dies twice, and
        Unavailable when that server is not ready or does not answer in time.
        """
        return self._request({"redo": what.value, "article_id": article_id}, limit_s)

    def _request(self, run: dict[str, Any], limit_s: float) -> SandboxEnd:
        line = json.dumps(run).encode() + b"\n"
        for restart in (False, True):
            server = self._running_server(restart=restart)
            self._await_ready(server, limit_s)
            try:
                server.stdin.write(line)  # type: ignore[union-attr]
                server.stdin.flush()  # type: ignore[union-attr]
                if answer := self._read_answer(server, limit_s + _ANSWER_MARGIN_S):
                    return SandboxEnd(**json.loads(answer))
            except OSError as e:
                log.debug("trial.restart error=%s", e)  # it exited while idle: start another
        raise SandboxLost("the sandbox server ended")

    def _running_server(self, *, restart: bool) -> "subprocess.Popen[bytes]":
        if self._server and (restart or self._server.poll() is not None):
            self.close()
        if self._server is None:
            # -P: the current folder may hold another worker.py
            command = [sys.executable, "-P", "-m", "worker.runtime.sandbox"]
            self._server = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                process_group=0,  # so that the server can be killed together with its sandbox
            )
            self._ready = False
        return self._server

    def _read_answer(self, server: "subprocess.Popen[bytes]", limit_s: float) -> bytes:
        """Read the server's answer to one run, b"" when the server has ended.

        A server that is silent for `limit_s` seconds was stopped by the machine. It is killed, or
        this process would wait for it until Celery's hard limit.
        """
        readable, _, _ = select.select([server.stdout], [], [], limit_s)  # type: ignore[type-var]
        if not readable:
            with suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)
            self.close()
            raise Unavailable("sandbox", "its server does not answer")
        return bytes(server.stdout.readline())  # type: ignore[union-attr]

    def _await_ready(self, server: "subprocess.Popen[bytes]", limit_s: float) -> None:
        if not self._ready:
            readable, _, _ = select.select([server.stdout], [], [], limit_s)  # type: ignore[type-var]
            if not readable:
                raise Unavailable("sandbox", "its server is still starting")
            self._ready = bool(server.stdout.readline())  # type: ignore[union-attr]

    def close(self) -> None:
        """Stop the server that forks sandbox processes, if it runs, and wait until it has ended."""
        if self._server is None:
            return
        with suppress(OSError):  # unread input of a server that ended
            self._server.stdin.close()  # type: ignore[union-attr]
        self._server.stdout.close()  # type: ignore[union-attr]
        self._server.wait()
        self._server = None
