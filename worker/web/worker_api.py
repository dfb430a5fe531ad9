"""Operations of the API on the workers at work, and on the lanes, which are their queues."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import Field

from worker.broker.pauses import Pause, new_pause, pause_lane, read_pauses, resume_lane
from worker.broker.presence import PresentWorker
from worker.errors import Unavailable
from worker.monitoring.status_values import LaneStatus
from worker.web.api_operations import Arguments, Operation, action
from worker.web.caller import Caller
from worker.web.console_context import Console


class LaneToResume(Arguments):
    """Which lane (a queue of the workers) is meant."""

    lane: Literal["live", "bulk", "quarantine"] = Field(description="A queue of the workers.")


class LaneToPause(LaneToResume):
    """Which lane (a queue of the workers) is to be paused, and why."""

    reason: str = Field("", max_length=500, description="Why; it is kept and shown.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PausableLane:
    """A lane (a queue of the workers) with what waits in it, and who paused it when and why.

    `pause` is None for a lane that is not paused. It is also None if the broker does not say.
    """

    state: LaneStatus
    pause: Pause | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerList:
    """The workers at work on all hosts, and their lanes (queues), as they were at the time `at`.

    `unreachable` names what does not answer: "broker", "store". Without the broker, both lists are
    empty although workers may run.
    """

    at: datetime
    workers: tuple[PresentWorker, ...]
    lanes: tuple[PausableLane, ...]
    unreachable: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneChange:
    """What was done to a lane (a queue of the workers): whether it is paused now, and the pause
    that was in force before, None if there was none."""

    lane: str
    paused: bool
    before: Pause | None


def list_workers(console: Console, _: Caller, __: Arguments) -> WorkerList:
    """Return the workers at work and their lanes (queues), with the pauses of the lanes."""
    status = console.read_status()
    pauses = {} if "broker" in status.unreachable else _lane_pauses(console)
    return WorkerList(
        at=status.at,
        workers=status.workers,
        lanes=tuple(PausableLane(state=s, pause=pauses.get(s.lane)) for s in status.lanes),
        unreachable=status.unreachable,
    )


def pause_one_lane(console: Console, caller: Caller, wanted: LaneToPause) -> LaneChange:
    """Let workers on all hosts take no more messages of a lane (a queue), and note who did so
    and why."""
    asked = new_pause(caller.name, wanted.reason, console.now())
    with console.broker.channel() as (channel, queue):
        before = pause_lane(channel, queue, wanted.lane, asked)
    console.note(caller, "lane.paused", wanted.lane, reason=asked.reason)
    return LaneChange(lane=wanted.lane, paused=True, before=before)


def resume_one_lane(console: Console, caller: Caller, wanted: LaneToResume) -> LaneChange:
    """Let workers take messages of a lane (a queue) again, and note who did so."""
    with console.broker.channel() as (channel, queue):
        before = resume_lane(channel, queue, wanted.lane)
    if before is not None:
        console.note(
            caller, "lane.resumed", wanted.lane, paused_by=before.by, since=before.at.isoformat()
        )
    return LaneChange(lane=wanted.lane, paused=False, before=before)


def _lane_pauses(console: Console) -> Mapping[str, Pause]:
    try:
        with console.broker.channel() as (channel, queue):
            return read_pauses(channel, queue).lanes
    except Unavailable:  # the state of the system says so
        return {}


OPERATIONS = (
    Operation(
        path="/api/workers",
        summary="List the workers at work, and their lanes with pauses.",
        arguments=Arguments,
        answer=WorkerList,
        run=list_workers,
    ),
    action(
        "/api/lanes/{lane}/pause",
        "Let workers take no more messages of a lane.",
        LaneToPause,
        LaneChange,
        pause_one_lane,
    ),
    action(
        "/api/lanes/{lane}/resume",
        "Let workers take messages of a lane again.",
        LaneToResume,
        LaneChange,
        resume_one_lane,
    ),
)
