"""Operation of the API that says where title, dates, authors and so on of an article come from."""

import json
from dataclasses import dataclass
from threading import BoundedSemaphore

from starlette.exceptions import HTTPException

from worker.clean import examine
from worker.clean.explain_cleaning import CleaningDecision, explain_cleaning
from worker.errors import BadConfig, Rejected
from worker.model.admission import Payload, admit
from worker.store.listing_values import RawPayload
from worker.web.api_operations import Operation
from worker.web.article_api import OneRevision, show_raw
from worker.web.caller import Caller
from worker.web.console_context import Console

_MOST_PAYLOAD = 500_000  # characters; 22,000 took 21 ms of CPU, 133,000 of dense text 140 ms
_WAIT_S = 10.0
_running = BoundedSemaphore(1)  # cleaning needs the processor: one at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldOrigins:
    """Where the fields of one revision of an article come from, and which other values were found
    and not chosen.

    For this the raw article is cleaned again by the rules in force here; `cleaner` is their
    version. If that is not possible, `decisions` is empty, and `problem` says why.
    """

    article_id: str
    revision: int
    cleaner: str
    decisions: tuple[CleaningDecision, ...]
    problem: str


def show_origins(console: Console, caller: Caller, wanted: OneRevision) -> FieldOrigins:
    """Clean the raw article of a revision again, and return where each field comes from."""
    raw = show_raw(console, caller, wanted)
    problem = cleaner = ""
    decisions: tuple[CleaningDecision, ...] = ()
    try:
        cleaner = console.rules.get().cleaner
        decisions = _decisions(console, raw)
    except BadConfig:
        problem = "a rule file of this server is invalid"
    except Rejected as e:
        problem = f"the rules in force reject it now: {e.reason}, {e.detail}"
    except _Unexplained as e:
        problem = str(e)
    return FieldOrigins(
        article_id=raw.article_id,
        revision=raw.revision,
        cleaner=cleaner,
        decisions=decisions,
        problem=problem,
    )


class _Unexplained(Exception):
    """Raised when it can't be found out where the fields of an article come from. Its text says
    why."""


def _decisions(console: Console, raw: RawPayload) -> tuple[CleaningDecision, ...]:
    if not raw.payload:
        raise _Unexplained("the raw article was removed because of its age")
    if len(raw.payload) > _MOST_PAYLOAD:
        raise _Unexplained(
            f"the raw article has more than {_MOST_PAYLOAD:,} characters, too many to clean here; "
            "save it, and use `worker clean FILE --explain`"
        )
    try:
        value = json.loads(raw.payload)
    except (ValueError, RecursionError) as e:
        raise _Unexplained("the raw article is not valid JSON") from e
    rules = console.rules.get().cleaning
    if not _running.acquire(timeout=_WAIT_S):
        raise HTTPException(503, "too many articles are explained at this moment")
    try:
        examined = examine(admit(value, Payload.of(value).bytes), rules, raw.received)
        return explain_cleaning(examined, rules)
    finally:
        _running.release()


OPERATIONS = (
    Operation(
        path="/api/articles/{article_id}/origins",
        summary="Show where each field of a revision comes from, and what it was chosen before.",
        arguments=OneRevision,
        answer=FieldOrigins,
        run=show_origins,
    ),
)
