"""Replay dead letters (send articles that failed to the workers again) in the background of the
web server, one job at a time."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from threading import Lock

from worker import background
from worker.errors import WorkerError


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayProgress:
    """How far the replay of dead letters (articles that could not be processed) has come.

    `sent` of `total` letters have been sent to the workers again. `error` says why it ended early,
    "" if it did not.
    """

    total: int
    sent: int = 0
    running: bool = True
    error: str = ""


class ReplayJobs:
    """Sends dead letters (articles that could not be processed) to the workers again, in a
    thread, one job at a time, and tells how far the last job has come."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._progress: ReplayProgress | None = None

    @property
    def progress(self) -> ReplayProgress | None:
        """How far the replay that was started last has come; None if there was none."""
        return self._progress

    def start(self, total: int, send: Callable[[], Iterable[int]]) -> bool:
        """Begin a replay of `total` letters, unless one is running; returns whether it was begun.

        `send` sends letters and yields the number of those it has sent, one group at a time.
        """
        with self._lock:
            if self._progress is not None and self._progress.running:
                return False
            self._progress = ReplayProgress(total=total)
        background.run_once("web-replay", lambda: self._run(send))
        return True

    def _run(self, send: Callable[[], Iterable[int]]) -> None:
        error = "it failed by a bug; the log has the details"
        try:
            for sent in send():
                self._change(sent=self._sent + sent)
            error = ""
        except WorkerError as e:
            error = str(e)
        finally:
            self._change(running=False, error=error)

    @property
    def _sent(self) -> int:
        return self._progress.sent if self._progress else 0

    def _change(self, **changes: object) -> None:
        with self._lock:
            if self._progress is not None:
                self._progress = replace(self._progress, **changes)  # type: ignore[arg-type]
