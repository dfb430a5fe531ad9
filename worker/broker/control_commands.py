"""Replace Celery's remote control commands by which a worker would lose or delay articles.

`celery control` sends these commands to all workers. Most are answered with an error that says why
they have no effect, and logged in one line. `shutdown` ends the worker as SIGTERM does. All other
commands of Celery work.
"""

import logging
import os
import signal
from typing import Any

from worker.broker.celery_internals import control

log = logging.getLogger("worker.broker")

ControlReply = dict[str, str]

_REVOKED = "an article on the queue is always processed; withdraw it to take it down"
_LIMITED = "tasks have the limits of config/worker.toml"
_ONE_PROCESS = "at least one process must remain"


def register() -> None:
    """Register the commands of this module in the place of Celery's commands of the same names."""
    ids = {"variadic": "task_id", "signature": "[id1 [id2 [... [idN]]]]"}
    stamps = {"variadic": "headers", "signature": "[key1=value1 [... [keyN=valueN]]]"}
    rate = {"args": [("task_name", str), ("rate_limit", str)], "signature": "<task> <rate>"}
    time = {"args": [("task_name", str), ("soft", float), ("hard", float)]}
    control.control_command(**ids)(revoke)
    control.control_command(**ids | {"args": [("signal", str)]})(terminate)
    control.control_command(**stamps)(revoke_by_stamped_headers)
    control.control_command(**rate)(rate_limit)
    control.control_command(**time, signature="<task> <soft_secs> [hard_secs]")(time_limit)
    control.control_command(args=[("n", int)], signature="[N=1]")(pool_shrink)
    control.control_command(args=[("max", int), ("min", int)], signature="<max> <min>")(autoscale)
    control.control_command(args=[("queue", str)], signature="<queue>")(add_consumer)
    control.control_command()(shutdown)


def revoke(state: Any, **arguments: Any) -> ControlReply:
    """Refuse to revoke tasks by their ids."""
    return _refused("revoke", _REVOKED)


def terminate(state: Any, **arguments: Any) -> ControlReply:
    """Refuse to end the processes that run tasks."""
    return _refused("terminate", _REVOKED)


def revoke_by_stamped_headers(state: Any, **arguments: Any) -> ControlReply:
    """Refuse to revoke tasks by their stamps, headers by which Celery can mark messages."""
    return _refused("revoke_by_stamped_headers", _REVOKED)


def rate_limit(state: Any, **arguments: Any) -> ControlReply:
    """Refuse to limit how many tasks run per second; claimed messages would wait in the worker."""
    return _refused("rate_limit", _LIMITED)


def time_limit(state: Any, **arguments: Any) -> ControlReply:
    """Refuse to change the time limits of tasks."""
    return _refused("time_limit", _LIMITED)


def pool_shrink(state: Any, n: int = 1, **arguments: Any) -> ControlReply:
    """End `n` idle processes of the pool, but never the last one."""
    if not 0 < n < state.consumer.pool.num_processes:
        return _refused("pool_shrink", _ONE_PROCESS)
    try:
        answer: ControlReply = control.pool_shrink(state, n)
    except ValueError as e:  # the pool's processes are busy
        return _refused("pool_shrink", str(e))
    return answer


def autoscale(
    state: Any, max: int | None = None, min: int | None = None, **arguments: Any
) -> ControlReply:
    """Change the limits `max` and `min` of a pool that grows and shrinks with the load.

    A limit below 1 is refused, because at least one process must remain to handle messages.
    """
    if state.consumer.controller.autoscaler is None:
        return _refused("autoscale", "the worker was started without --autoscale")
    if any(limit is not None and limit < 1 for limit in (max, min)):
        return _refused("autoscale", _ONE_PROCESS)
    answer: ControlReply = control.autoscale(state, max, min)
    return answer


def add_consumer(state: Any, queue: str, **arguments: Any) -> ControlReply:
    """Let this worker consume one of its own queues again, after the command `cancel_consumer`.

    Any other queue is refused: it has no quarantine queue for messages that fail, and nothing reads
    its dead list, where messages that can't be processed are kept.
    """
    own = list(state.app.amqp.queues)
    if queue not in own:
        return _refused("add_consumer", f"a worker consumes only {', '.join(own)}")
    answer: ControlReply = control.add_consumer(state, queue)
    return answer


def shutdown(state: Any, **arguments: Any) -> ControlReply:
    """End this worker as SIGTERM does: it takes no more messages, and finishes those it has.

    Celery's command would forget a message that a pool process has been given and not begun with.
    """
    log.info("control.shutdown")
    os.kill(os.getpid(), signal.SIGTERM)
    return {"ok": "it takes no more messages, and ends when it has finished those it has"}


def _refused(command: str, reason: str) -> ControlReply:
    log.warning("control.refused command=%s reason=%s", command, reason)
    return {"error": f"{command} has no effect: {reason}"}
