"""Back-pressure: advise producers to send, slow down or stop, by how full the broker is.

Two things are measured: the number of messages that wait on queues or are held by workers, and, if
the broker has a memory limit, the share of it in use. A producer that asks for advice before each
message, and follows it, does not fill the broker's memory.
"""

from dataclasses import dataclass
from enum import StrEnum

from pydantic import Field, model_validator

from worker.model.admission import Frozen
from worker.model.plurals import several


class Pressure(Frozen):
    """How full the broker may be before producers must slow down (`slow_…`), and before they must
    stop (`stop_…`).

    `slow_messages` and `stop_messages` limit the number of messages on the queues and in work.
    `slow_memory` and `stop_memory` limit the used share of the broker's memory, from 0 to 1. A
    slowed producer waits up to `slow_s` seconds before its next message. A stopped producer sends
    nothing and asks again after `stop_s` seconds.

    Messages of the bulk lane, a second queue for floods, count only for a producer that sends to
    that queue.
    """

    slow_messages: int = Field(ge=1)
    stop_messages: int = Field(ge=2)
    slow_memory: float = Field(gt=0, lt=1)
    stop_memory: float = Field(gt=0, lt=1)
    slow_s: float = Field(gt=0)
    stop_s: float = Field(gt=0)

    @model_validator(mode="after")
    def _slow_comes_before_stop(self) -> "Pressure":
        if self.slow_messages >= self.stop_messages or self.slow_memory >= self.stop_memory:
            raise ValueError("expected slow_messages < stop_messages and slow_memory < stop_memory")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How much the broker holds now, in messages and in bytes of memory.

    `waiting` is the number of messages on all queues of the workers. `bulk` is how many of these
    are in the bulk lane, the queue for floods, which workers serve last. `leased` is the number of
    messages that workers have taken and not finished. `used_bytes` is the memory in use, and
    `limit_bytes` the broker's memory limit, 0 if it has none.
    """

    waiting: int = 0  # messages, all queues and priorities
    bulk: int = 0  # messages, those of `waiting` in the bulk lane
    leased: int = 0  # messages
    used_bytes: int = 0
    limit_bytes: int = 0  # 0: no limit is set

    @property
    def memory(self) -> float | None:
        """The share of the broker's memory limit in use, 0 to 1; None when no limit is set."""
        return self.used_bytes / self.limit_bytes if self.limit_bytes else None


class Answer(StrEnum):
    """What a producer should do next: send a message, wait first, or send nothing for now."""

    ACCEPT = "accept"  # send
    SLOW = "slow"  # wait retry_after_s before the next message
    STOP = "stop"  # send nothing, ask again after retry_after_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """The advice to one producer: what to do next, for how long, and why.

    `answer` says whether to send now, to wait `retry_after_s` seconds before sending, or to ask
    again after that time; `reason` is a sentence, "" if the producer may send. `waiting` and
    `leased` count the messages on queues and in workers' hands; `memory` is the share of the
    broker's memory limit in use, None without a limit.
    """

    answer: Answer
    reason: str = ""
    retry_after_s: float = 0.0
    waiting: int = 0
    leased: int = 0
    memory: float | None = None


def advise(load: Load, limits: Pressure, *, bulk: bool = False) -> Advice:
    """Decide whether a producer should send, slow down or stop while the broker holds this load.

    `limits` has a slow limit and a stop limit, for messages and for memory. Below both slow limits
    the producer may send. Above a slow limit it should wait before each message, up to `slow_s`
    seconds; the wait grows towards the stop limit. From a stop limit on it should send nothing.

    `bulk` says that the producer sends to the bulk lane, a second queue for floods. Messages in the
    bulk lane are counted only then, so a flood does not slow down the other producers.
    """
    messages = _counted(load, bulk=bulk)
    by_messages, by_memory = _fractions(load, limits, bulk=bulk)
    worst = max(by_messages, by_memory)
    answer, reason, retry_after_s = Answer.ACCEPT, "", 0.0
    if worst > 0:
        by_memory_only = by_memory > by_messages
        reason = _memory_reason(load, limits) if by_memory_only else _reason(messages, limits, bulk)
        answer, retry_after_s = Answer.SLOW, round(worst * limits.slow_s, 3)
    if worst >= 1:
        answer, retry_after_s = Answer.STOP, limits.stop_s
    return Advice(
        answer=answer,
        reason=reason,
        retry_after_s=retry_after_s,
        waiting=load.waiting,
        leased=load.leased,
        memory=load.memory,
    )


def pressure(load: Load, limits: Pressure) -> float:
    """Return how full the broker is, from 0 to 1, by what it holds (`load`) and how much it
    should hold at most (`limits`). Producers that send to the live queue slow down above 0, and
    stop at 1."""
    return min(max(0.0, *_fractions(load, limits, bulk=False)), 1.0)


def _fractions(load: Load, limits: Pressure, *, bulk: bool) -> tuple[float, float]:
    """How far the messages, and the memory, are on the way from their slow to their stop limit."""
    messages = _counted(load, bulk=bulk)
    by_messages = _fraction(messages, limits.slow_messages, limits.stop_messages)
    return by_messages, _fraction(load.memory or 0.0, limits.slow_memory, limits.stop_memory)


def _counted(load: Load, *, bulk: bool) -> int:
    return load.waiting + load.leased - (0 if bulk else load.bulk)


def _reason(messages: int, limits: Pressure, bulk: bool) -> str:
    lane = ", those of the bulk lane included" if bulk else ""
    waiting = f"{several(messages, 'message')} of {limits.stop_messages:,}"
    return f"{waiting} {'waits or is' if messages == 1 else 'wait or are'} worked on{lane}"


def _memory_reason(load: Load, limits: Pressure) -> str:
    return f"{load.memory:.0%} of the broker's memory is used, {limits.stop_memory:.0%} may be"


def _fraction(value: float, low: float, high: float) -> float:
    """How far `value` is on the way from `low` to `high`: 0.0 at `low`, 1.0 at `high`."""
    return (value - low) / (high - low)
