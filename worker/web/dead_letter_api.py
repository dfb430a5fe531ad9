"""Operations of the API on dead letters, raw articles that could not be processed: list, show,
replay and drop."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from pydantic import AwareDatetime, Field
from starlette.exceptions import HTTPException

from worker.broker import embedded
from worker.errors import Reason
from worker.maintenance.letter_actions import (
    MOST_AT_ONCE,
    ChangedMeanwhile,
    drop_selected,
    replay_selected,
    select_letters,
)
from worker.maintenance.replay import refusal
from worker.store.dead_letter_values import DeadLetterQuery, DeadLetterState, StoredDeadLetter
from worker.store.listing_values import LetterCounts, LetterPosition
from worker.web.api_operations import Arguments, Operation, action, asked_position
from worker.web.caller import Caller
from worker.web.console_context import Console
from worker.web.cursors import FIRST_TIME, LAST_TIME, cursor_of
from worker.web.replay_job import ReplayProgress

MOST_COUNTED = 10_000  # letters; more are not counted for a list
_REPLAYED_PER_S = 50.0  # letters, as by `worker dead replay`
_MOST_EXAMINED = 300  # letters whose payloads are read for a plan, in about 15 ms
_TICK = timedelta(microseconds=1)


class LetterFilter(Arguments):
    """The properties by which a list of dead letters (raw articles that could not be processed)
    can be restricted."""

    reason: Reason | None = Field(None, description="Why it could not be processed.")
    source: str = Field("", max_length=2000, description="Source id.")
    stage: str = Field("", max_length=100, description="Stage that failed: clean, tag, broker …")
    day: date | None = Field(None, description="UTC day of the last failure.")
    state: DeadLetterState = Field(
        DeadLetterState.DEAD, description="dead, replaying (sent again, no outcome yet), replayed."
    )

    def query(self, limit: int | None = None, until: datetime | None = None) -> DeadLetterQuery:
        """The query by which the store finds the dead letters with these properties, at most
        `limit`.

        If `until` is given, letters that failed after that time are left out.
        """
        since = datetime.combine(self.day, time(), UTC) if self.day else None
        ends = [until + _TICK] if until else []
        if since and since.year < 9999:
            ends.append(since + timedelta(days=1))
        return DeadLetterQuery(
            since=since,
            reason=self.reason.value if self.reason else "",
            source=self.source,
            stage=self.stage,
            states=(self.state,),
            before=min(ends, default=None),
            limit=limit,
        )


class LetterListing(LetterFilter):
    """Which page of a list of dead letters is wanted: the filter of the list, the `cursor` that
    the page before gave ("" for the first page), and the greatest number of letters, `limit`."""

    cursor: str = Field("", max_length=500, description="`next_cursor` of the page before.")
    limit: int = Field(25, ge=1, le=100, description="Number of letters of a page.")


class OneLetter(Arguments):
    """The id of the dead letter (an article that could not be processed) that is wanted."""

    letter_id: str = Field(max_length=100, description="Id, or its beginning if that is unique.")


class LetterPlan(LetterFilter):
    """The properties of the dead letters (articles that could not be processed) that would be
    replayed or dropped. The state is always "dead": letters that were replayed before are left
    alone."""

    state: Literal[DeadLetterState.DEAD] = Field(
        DeadLetterState.DEAD, description="Only letters that are dead can be acted on."
    )


class LetterAction(LetterPlan):
    """Which dead letters to replay or to drop, as they were shown before.

    `expected` is the number that was shown, and `until` the time at which: letters that failed
    later are left alone. If another number matches now, nothing is done (error 409).
    """

    expected: int = Field(ge=1, le=MOST_AT_ONCE, description="`count` of the plan.")
    until: AwareDatetime = Field(ge=FIRST_TIME, le=LAST_TIME, description="`until` of the plan.")


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterList:
    """A page of a list of dead letters without payloads, those that failed last first.

    `counts` has their numbers by reason, and `next_cursor` asks for the next page; null at the end.
    """

    letters: tuple[StoredDeadLetter, ...]
    next_cursor: str | None
    counts: LetterCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterDetails:
    """A dead letter with its payload. `refusal` says why it can't be replayed, "" if it can."""

    letter: StoredDeadLetter
    refusal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedAction:
    """What a replay or a removal of dead letters would touch if it were done now: `count` letters.

    `examples` are the first of them. The payloads of the first `examined` were read to see whether
    they can be replayed, and `left_out` counts those that can't, by reason. If `is_complete` is
    False, more letters match than can be replayed or dropped at once. `until` is the time of the
    count; send both with the action, so that it touches no letters that failed later.
    """

    count: int
    is_complete: bool
    until: datetime
    examples: tuple[StoredDeadLetter, ...]
    left_out: dict[str, int]
    examined: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionResult:
    """What an action on dead letters (articles that could not be processed) has done: how many
    were dropped, or are being replayed in the background."""

    letters: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayState:
    """How far the replay that this server started last has come; null if there was none."""

    progress: ReplayProgress | None


def list_letters(console: Console, _: Caller, wanted: LetterListing) -> LetterList:
    """Return a page of the dead letters that match, those that failed last first."""
    after = asked_position(wanted.cursor, LetterPosition)
    listings = console.store.listings
    page = listings.letter_page(wanted.query(wanted.limit), after)
    return LetterList(
        letters=page.letters,
        next_cursor=cursor_of(page.next),
        counts=listings.count_some_letters(wanted.query(), MOST_COUNTED),
    )


def show_letter(console: Console, _: Caller, wanted: OneLetter) -> LetterDetails:
    """Return a dead letter, an article that could not be processed, with its payload, which is
    the article as it was received."""
    beginning = wanted.letter_id.lower()
    query = DeadLetterQuery(id_prefixes=(beginning,), states=tuple(DeadLetterState), limit=2)
    found = console.store.letters(console.store.letter_ids(query)) if beginning else []
    if len(found) != 1:
        problem = "several dead letters have ids" if found else "no dead letter has an id"
        raise HTTPException(404, f"{problem} that begins so")
    return LetterDetails(letter=found[0], refusal=refusal(found[0]))


def plan_action(console: Console, _: Caller, wanted: LetterPlan) -> PlannedAction:
    """Return what a replay or a removal of the dead letters (articles that could not be
    processed) that match would touch. Nothing is changed."""
    until = console.now()
    selection = select_letters(console.store, wanted.query(until=until), _MOST_EXAMINED)
    left_out: dict[str, int] = {}
    for why in selection.left_out.values():
        left_out[why] = left_out.get(why, 0) + 1
    listed = console.store.listings.letter_page(wanted.query(10, until))
    return PlannedAction(
        count=len(selection.letter_ids),
        is_complete=selection.is_complete,
        until=until,
        examples=listed.letters,
        left_out=left_out,
        examined=selection.examined,
    )


def drop_letters(console: Console, caller: Caller, wanted: LetterAction) -> ActionResult:
    """Remove the dead letters (articles that could not be processed) that match for good, if
    they are as many as were shown."""
    query = wanted.query(until=wanted.until)
    try:
        dropped = drop_selected(console.store, query, wanted.expected)
    except ChangedMeanwhile as e:
        raise _conflict(wanted, e.found) from e
    console.note(caller, "letters.dropped", _about(wanted), count=dropped)
    return ActionResult(letters=dropped)


def replay_letters(console: Console, caller: Caller, wanted: LetterAction) -> ActionResult:
    """Send the dead letters (articles that could not be processed) that match to the workers
    again, in the background, if they are as many as were shown."""
    settings = console.settings
    if settings.embedded_broker and not embedded.is_running(settings.var_dir):
        raise HTTPException(503, "no broker is running: start a worker first")
    selection = select_letters(console.store, wanted.query(until=wanted.until))
    if len(selection.letter_ids) != wanted.expected or not selection.is_complete:
        raise _conflict(wanted, len(selection.letter_ids))
    letter_ids = [each for each in selection.letter_ids if each not in selection.left_out]
    if not console.replays.start(len(letter_ids), lambda: _replay(console, letter_ids)):
        raise HTTPException(409, "another replay is running; wait until it has ended")
    console.note(caller, "letters.replayed", _about(wanted), count=len(letter_ids))
    return ActionResult(letters=len(letter_ids))


def show_replay(console: Console, _: Caller, __: Arguments) -> ReplayState:
    """Return how far the replay that was started last has come."""
    return ReplayState(progress=console.replays.progress)


def _replay(console: Console, letter_ids: list[str]) -> Iterator[int]:
    with console.open_producer() as producer:
        yield from replay_selected(console.store, producer, letter_ids, per_s=_REPLAYED_PER_S)


def _conflict(wanted: LetterAction, found: int) -> HTTPException:
    problem = f"{wanted.expected:,} dead letters were shown, and {found:,} match now"
    return HTTPException(409, f"{problem}; nothing was done: look again")


def _about(wanted: LetterFilter) -> str:
    """The filter in words, for the audit log: `reason=malformed source=wire`, or `all`."""
    values = {
        "reason": wanted.reason,
        "source": wanted.source,
        "stage": wanted.stage,
        "day": wanted.day,
    }
    return " ".join(f"{name}={value}" for name, value in values.items() if value) or "all"


OPERATIONS = (
    Operation(
        path="/api/dead",
        summary="List dead letters, those that failed last first.",
        arguments=LetterListing,
        answer=LetterList,
        run=list_letters,
    ),
    Operation(
        path="/api/dead/plan",
        summary="Show what a replay or a removal would touch, and change nothing.",
        arguments=LetterPlan,
        answer=PlannedAction,
        run=plan_action,
    ),
    Operation(
        path="/api/dead/replay",
        summary="Show how far the replay has come that was started last.",
        arguments=Arguments,
        answer=ReplayState,
        run=show_replay,
    ),
    action(
        "/api/dead/replay",
        "Send dead letters to the workers again.",
        LetterAction,
        ActionResult,
        replay_letters,
    ),
    action(
        "/api/dead/drop",
        "Remove dead letters for good.",
        LetterAction,
        ActionResult,
        drop_letters,
    ),
    Operation(
        path="/api/dead/{letter_id}",
        summary="Show one dead letter with its payload.",
        arguments=OneLetter,
        answer=LetterDetails,
        run=show_letter,
    ),
)
