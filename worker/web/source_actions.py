"""Operations of the API that change how a source, a publisher of articles, is treated.

A snoozed source raises no alerts for a while. The articles of a paused source are held in the store
until it is resumed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import Field
from starlette.exceptions import HTTPException

from worker.broker.pauses import new_pause
from worker.web.api_operations import action
from worker.web.caller import Caller
from worker.web.console_context import Console
from worker.web.source_api import OneSource, stored_source


class SourceSnooze(OneSource):
    """Which source is to raise no alerts, and for how long."""

    hours: int = Field(24, ge=1, le=24 * 90, description="Hours from now.")


class SourcePause(OneSource):
    """Which source is paused, and why."""

    reason: str = Field("", max_length=500, description="Why; it is kept and shown.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceChange:
    """What was done with a source, and until when that holds; null if it holds until it is
    undone."""

    source: str
    done: str
    until: datetime | None = None


def snooze_source(console: Console, caller: Caller, wanted: SourceSnooze) -> SourceChange:
    """Let a source raise no alerts for a while. It is still judged and shown."""
    name = stored_source(console, wanted.source).source.source
    until = console.now() + timedelta(hours=wanted.hours)
    console.store.snooze_source(name, until)
    console.note(caller, "source.snoozed", name, until=until.isoformat(timespec="minutes"))
    console.sources.forget()
    return SourceChange(source=name, done="snoozed", until=until)


def wake_source(console: Console, caller: Caller, wanted: OneSource) -> SourceChange:
    """End the snooze of a source, so that it raises alerts again."""
    name = stored_source(console, wanted.source).source.source
    if not console.store.wake_source(name):
        raise HTTPException(409, "the source was not snoozed; nothing was done")
    console.note(caller, "source.woken", name)
    console.sources.forget()
    return SourceChange(source=name, done="woken")


def pause_source(console: Console, caller: Caller, wanted: SourcePause) -> SourceChange:
    """Let workers hold the articles of a source back until it is resumed. None is lost."""
    name = stored_source(console, wanted.source).source.source
    console.pauses.pause(name, new_pause(caller.name, wanted.reason, console.now()))
    console.note(caller, "source.paused", name, reason=wanted.reason)
    console.sources.forget()
    return SourceChange(source=name, done="paused")


def resume_source(console: Console, caller: Caller, wanted: OneSource) -> SourceChange:
    """Send the held articles of a source back to their queues, oldest first, and end its pause.

    It happens in the background.
    """
    name = stored_source(console, wanted.source).source.source
    held = console.store.held.counts().get(name)
    if name not in console.pauses.read() and held is None:
        raise HTTPException(409, "the source is not paused; nothing was done")
    console.pauses.resume(name, console.store, console.open_producer)
    console.note(caller, "source.resumed", name, held=held.articles if held else 0)
    console.sources.forget()
    return SourceChange(source=name, done="resumed")


OPERATIONS = (
    action(
        "/api/sources/{source}/snooze",
        "Let nobody be told about a source for a while.",
        SourceSnooze,
        SourceChange,
        snooze_source,
    ),
    action(
        "/api/sources/{source}/wake",
        "End the snooze of a source.",
        OneSource,
        SourceChange,
        wake_source,
    ),
    action(
        "/api/sources/{source}/pause",
        "Hold the articles of a source back.",
        SourcePause,
        SourceChange,
        pause_source,
    ),
    action(
        "/api/sources/{source}/resume",
        "Process the articles of a source again, those that were held back first.",
        OneSource,
        SourceChange,
        resume_source,
    ),
)
