"""Calculate the drain time, in which the queues become empty, and how many workers are wanted.

The drain time is the number of messages times the time that one takes, divided by the number of
pool processes. What a message takes is the average of the last 15 minutes, so it follows the size
of the messages by itself, some minutes late.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from worker.broker.broker_state import BrokerState
from worker.broker.presence import PresentWorker
from worker.config.monitoring_rules import ScaleRules
from worker.monitoring.status_values import Scale


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenWork:
    """Work besides waiting messages, for which at least one worker must run.

    `held` is the number of articles that are held back because their source is paused, and
    `lacks_originals` says whether a copy is stored whose original is not. `store_answers` is false
    while the store can't be read.
    """

    held: int = 0
    lacks_originals: bool = False
    store_answers: bool = True


def scale_of(broker: BrokerState, work: OpenWork, rules: ScaleRules) -> Scale:
    """Calculate the drain time, in which the queues become empty, and how many workers would bring
    it down to the wanted one.

    Messages on a paused lane (queue) are left out, because workers take none of them. While the
    store does not answer, the present number of workers is returned: more of them could not help.
    The number is 0 only if nothing at all is left to do.
    """
    message_s = busy_s_per_message(broker, rules)
    messages = broker.load.leased + sum(sum(n.waiting) for n in broker.lanes if not n.paused)
    processes = sum(worker.state.processes for worker in broker.workers)
    work_s = messages * message_s
    per_worker = worker_processes(broker.workers, rules)
    replicas, reason = max(1, ceil(work_s / (rules.target_drain_s * per_worker))), "messages"
    if not work.store_answers:
        replicas, reason = max(1, len(broker.workers)), "the store does not answer"
    elif not messages:
        other = _other_work(broker, work)
        replicas, reason = (1, other) if other else (0, "nothing to do")
    return Scale(
        drain_s=work_s / processes if processes else (None if messages else 0.0),
        busy_s_per_message=message_s,
        replicas=replicas,
        target_drain_s=rules.target_drain_s,
        reason=reason,
    )


def unknown_scale(rules: ScaleRules) -> Scale:
    """Return the answer while the broker can't be read: no drain time, and one worker. It is not
    zero workers, because an autoscaler would then stop all of them."""
    return Scale(
        drain_s=None,
        busy_s_per_message=rules.message_s,
        replicas=1,
        target_drain_s=rules.target_drain_s,
        reason="the broker does not answer",
    )


def busy_s_per_message(broker: BrokerState, rules: ScaleRules) -> float:
    """Return how long a pool process worked on a message, on average over the last 15 minutes."""
    recent = broker.recent
    return recent.busy_s / recent.messages if recent.messages and recent.busy_s else rules.message_s


def worker_processes(workers: Sequence[PresentWorker], rules: ScaleRules) -> float:
    """Return the average number of pool processes of a worker."""
    processes = sum(worker.state.processes for worker in workers)
    return processes / len(workers) if processes else rules.worker_processes


def _other_work(broker: BrokerState, work: OpenWork) -> str:
    """Name work that is left although no message waits; "" if there is none."""
    left = {
        "messages on a paused lane": broker.load.waiting,
        "receipts in the journal": broker.journal,
        "undeliverable messages": broker.undeliverable,
        "held articles": work.held,
        "copies without their original": work.lacks_originals,
    }
    return next((what for what, count in left.items() if count), "")
