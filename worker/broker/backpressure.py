"""Back-pressure: how full the broker is comes in, advice for producers goes out.

Messages count, waiting or leased, and memory counts where the broker has a limit. A producer
that asks before each message never reaches that limit by itself.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from pydantic import Field, model_validator

from worker.model.admission import Frozen


class Pressure(Frozen):
    """From where on producers pace themselves, and from where on they stop."""

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


class Load(Frozen):
    """What the broker holds."""

    waiting: int = 0  # messages, all lanes and priorities
    leased: int = 0  # messages
    used_bytes: int = 0
    limit_bytes: int = 0  # 0: none is set

    @property
    def memory(self) -> float | None:
        """The share of the limit that is used."""
        return self.used_bytes / self.limit_bytes if self.limit_bytes else None


class Answer(StrEnum):
    ACCEPT = "accept"  # send
    SLOW = "slow"  # wait retry_after_s before the next message
    STOP = "stop"  # send nothing, ask again after retry_after_s


class Advice(Frozen):
    """What a producer should do now, and what that is based on."""

    answer: Answer
    reason: str = ""
    retry_after_s: float = 0.0
    waiting: int = 0
    leased: int = 0
    memory: float | None = None


def advise(load: Load, limits: Pressure) -> Advice:
    """Messages or memory, whichever is worse. The wait grows from slow to stop."""
    messages = load.waiting + load.leased
    by_messages = _between(messages, limits.slow_messages, limits.stop_messages)
    by_memory = _between(load.memory or 0.0, limits.slow_memory, limits.stop_memory)
    worst = max(by_messages, by_memory)
    facts = {"waiting": load.waiting, "leased": load.leased, "memory": load.memory}
    if worst <= 0:
        return Advice(answer=Answer.ACCEPT, **facts)
    if by_messages >= by_memory:
        reason = f"{messages:,} messages of {limits.stop_messages:,} wait or are worked on"
    else:
        reason = (
            f"{load.memory:.0%} of the broker's memory is used, {limits.stop_memory:.0%} may be"
        )
    if worst >= 1:
        return Advice(answer=Answer.STOP, reason=reason, retry_after_s=limits.stop_s, **facts)
    pause_s = round(worst * limits.slow_s, 3)
    return Advice(answer=Answer.SLOW, reason=reason, retry_after_s=pause_s, **facts)


def _between(value: float, low: float, high: float) -> float:
    """0 or less below `low`, 1 or more from `high` on."""
    return (value - low) / (high - low)


def look(channel: Any, queues: Sequence[str]) -> Load:
    """How full the broker of this channel is; one round trip."""
    keys = [channel._q_for_pri(queue, step) for queue in queues for step in channel.priority_steps]
    with channel.conn_or_acquire() as client, client.pipeline(transaction=False) as pipe:
        pipe.info("memory")
        pipe.hlen(channel.unacked_key)
        for key in keys:
            pipe.llen(key)
        memory, leased, *waiting = pipe.execute()
    return Load(
        waiting=sum(waiting),
        leased=leased,
        used_bytes=memory["used_memory"],
        limit_bytes=memory.get("maxmemory", 0),
    )
