"""Back-pressure: advise producers by how full the broker is.

The measures are the number of messages, waiting or leased, and the memory used, where the broker
has a limit. A producer that asks before each message never reaches that limit by itself.
"""

from dataclasses import dataclass
from enum import StrEnum

from pydantic import Field, model_validator

from worker.model.admission import Frozen


class Pressure(Frozen):
    """The limits from which producers slow down, and from which they stop."""

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
    """How much the broker holds."""

    waiting: int = 0  # messages, all queues and priorities
    leased: int = 0  # messages
    used_bytes: int = 0
    limit_bytes: int = 0  # 0: no limit is set

    @property
    def memory(self) -> float | None:
        """The share of the memory limit that is used; None without a limit."""
        return self.used_bytes / self.limit_bytes if self.limit_bytes else None


class Answer(StrEnum):
    """The advice to a producer: send, slow down, or stop."""

    ACCEPT = "accept"  # send
    SLOW = "slow"  # wait retry_after_s before the next message
    STOP = "stop"  # send nothing, ask again after retry_after_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """The answer to a producer, with its reason and the figures that decided it."""

    answer: Answer
    reason: str = ""
    retry_after_s: float = 0.0
    waiting: int = 0
    leased: int = 0
    memory: float | None = None


def advise(load: Load, limits: Pressure) -> Advice:
    """Judge by messages or memory, whichever is worse. The wait grows from `slow` to `stop`."""
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
    """The position of `value` between `low`, which is 0, and `high`, which is 1."""
    return (value - low) / (high - low)
