"""Check for `worker doctor` what is paused, and which workers do not heed it."""

import shlex
from collections.abc import Iterator
from typing import Any

from worker.broker.pauses import Pause, read_pauses
from worker.broker.presence import present_workers
from worker.cli.check_results import CheckResult, CheckState
from worker.cli.terminal import moment

_ANSWER_S = 1.0


def check_pauses(app: Any, channel: Any, queue: str) -> Iterator[CheckResult]:
    """Yield a result for each lane (a queue of the workers) and each source that is paused.

    While something is paused, workers of 0.2.0 and before, which take messages all the same, are
    named. `app` is the Celery app, and `queue` the name of the live queue. Raises RedisError or
    OSError when the broker does not answer.
    """
    found = read_pauses(channel, queue)
    for lane, pause in found.lanes.items():
        yield _result(f"lane {lane}", pause, f"to end it: worker resume {lane}")
    for source, pause in found.sources.items():
        mend = f"to end it: worker resume --source {shlex.quote(source)}"
        yield _result(f"source {source}", pause, mend)
    old = _silent_workers(app, channel, queue) if found.lanes or found.sources else []
    if old:
        yield CheckResult(
            what="pauses",
            state=CheckState.MEND,
            found=f"workers of version 0.2.0 or before do not heed them: {', '.join(old)}",
            mend="end these workers or upgrade them",
        )


def _result(what: str, pause: Pause, mend: str) -> CheckResult:
    reason = f": {pause.reason}" if pause.reason else ""
    state = "being resumed, paused" if pause.resuming else "paused"
    found = f"{state} by {pause.by or 'somebody'} {moment(pause.at)}{reason}"
    return CheckResult(what=what, state=CheckState.NOTE, found=found, mend=mend)


def _silent_workers(app: Any, channel: Any, queue: str) -> list[str]:
    """The workers that answer to Celery's remote control, but do not say in the broker that they
    run, as all versions after 0.2.0 do."""
    answers = app.control.ping(timeout=_ANSWER_S) or []
    nodes = {node for answer in answers for node in answer}
    return sorted(nodes - {worker.state.node for worker in present_workers(channel, queue)})
