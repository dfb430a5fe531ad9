"""Back-pressure: advise producers to send, slow down or stop, by how full the broker is.

Two things are measured: the number of messages, waiting or leased to workers, and the share of the
broker's memory limit that is used, if a limit is set. A producer that asks before each message
never fills the broker up to that limit by itself.
"""

from dataclasses import dataclass
from enum import StrEnum

from pydantic import Field, model_validator

from worker.model.admission import Frozen


class Pressure(Frozen):
    """How full the broker may be before producers are told to slow down, and to stop.

    Messages are counted, waiting and leased together; memory is a share of the broker's limit, 0 to
    1. A slowed producer waits up to `slow_s` seconds before its next message; a stopped one asks
    again after `stop_s` seconds.
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
    """How much the broker holds now: messages of the worker's queues, and bytes of memory."""

    waiting: int = 0  # messages, all queues and priorities
    leased: int = 0  # messages
    used_bytes: int = 0
    limit_bytes: int = 0  # 0: no limit is set

    @property
    def memory(self) -> float | None:
        """The share of the broker's memory limit in use, 0 to 1; None when no limit is set."""
        return self.used_bytes / self.limit_bytes if self.limit_bytes else None


class Answer(StrEnum):
    """What a producer should do with its next message: send it, send it later, or not send it."""

    ACCEPT = "accept"  # send
    SLOW = "slow"  # wait retry_after_s before the next message
    STOP = "stop"  # send nothing, ask again after retry_after_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """The advice to one producer: what to do, for how long, why, and the load that decided it."""

    answer: Answer
    reason: str = ""
    retry_after_s: float = 0.0
    waiting: int = 0
    leased: int = 0
    memory: float | None = None


def advise(load: Load, limits: Pressure) -> Advice:
    """Decide what a producer should do while the broker holds this load.

    Messages and memory are both compared with their limits, and the one nearer to its stop limit
    decides. While a producer is to slow down, the advised wait grows with the load, up to `slow_s`.
    """
    messages = load.waiting + load.leased
    by_messages = _fraction(messages, limits.slow_messages, limits.stop_messages)
    by_memory = _fraction(load.memory or 0.0, limits.slow_memory, limits.stop_memory)
    worst = max(by_messages, by_memory)
    answer, reason, retry_after_s = Answer.ACCEPT, "", 0.0
    if worst > 0:
        reason = _reason(load, limits, by_messages=by_messages >= by_memory)
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


def _reason(load: Load, limits: Pressure, *, by_messages: bool) -> str:
    if by_messages:
        messages = load.waiting + load.leased
        return f"{messages:,} messages of {limits.stop_messages:,} wait or are worked on"
    return f"{load.memory:.0%} of the broker's memory is used, {limits.stop_memory:.0%} may be"


def _fraction(value: float, low: float, high: float) -> float:
    """How far `value` is on the way from `low` to `high`: 0.0 at `low`, 1.0 at `high`."""
    return (value - low) / (high - low)
