"""Make dead letters of the articles that can't be processed: one for each, with its payload."""

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from worker.errors import Reason, Rejected, Unavailable
from worker.model.admission import Payload
from worker.model.records import NO_ATTEMPT, Attempt, DeadLetter
from worker.store.ports import DeadLetterWriter

log = logging.getLogger("worker")

StageDeadline = Callable[[str], AbstractContextManager[object]]
"""Returns the context that limits one stage of one article; the argument is the stage's name."""


def no_deadline(stage: str) -> AbstractContextManager[object]:
    """Limit nothing."""
    return nullcontext()


def dead_letter(
    store: DeadLetterWriter,
    letters: Sequence[DeadLetter],
    now: datetime,
    handling: Attempt = NO_ATTEMPT,
) -> None:
    """Write dead letters. If the store refuses them, write each again as ASCII text.

    Raises only Unavailable.
    """
    try:
        store.write_dead_letters(letters, now=now, handling=handling)
    except Unavailable:
        raise
    except Exception as e:  # noqa: BLE001 - any other error would bring its message back for ever
        log.error("letters.refused count=%d error=%s", len(letters), type(e).__name__)
        for letter in letters:
            store.write_dead_letters([in_ascii(letter)], now=now, handling=handling)


def in_ascii(letter: DeadLetter) -> DeadLetter:
    """A copy of the dead letter that every store accepts.

    Its payload is JSON of the original payload's text and size, so its letter id differs.
    """
    text = json.dumps({"payload": letter.payload.text, "bytes": str(letter.payload.bytes)})
    payload = Payload(
        text=text, sha256=sha256(text.encode()).hexdigest(), bytes=len(text), whole=False
    )
    return replace(
        letter,
        payload=payload,
        source=_ascii(letter.source),
        detail=_ascii(letter.detail),
        queue=_ascii(letter.queue),
    )


def _ascii(text: str) -> str:
    return ascii(text)[1:-1][:200]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reprocessed:
    """Set on a delivery that reprocesses a stored payload: key and date stay as they are stored."""

    key: str  # also if newer rules would make another key of the payload
    received: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The delivery that an article of the batch came from: all that a dead letter is made of."""

    receipt: str
    source: str
    payload: Payload
    reprocessed: Reprocessed | None = None


class DeadLetters:
    """Collects the dead letters of one batch."""

    def __init__(self, stage_deadline: StageDeadline = no_deadline) -> None:
        self.letters: list[DeadLetter] = []
        self._stage_deadline = stage_deadline

    @contextmanager
    def catch(self, origin: Origin, stage: str) -> Iterator[None]:
        """Make a dead letter of any exception that is raised inside, and suppress it."""
        try:
            with self._stage_deadline(stage):
                yield
        except Rejected as e:
            self._add(origin, stage, e.reason, e.detail)
        except Exception as e:
            log.exception("article.crashed source=%s stage=%s", origin.source, stage)
            self._add(origin, stage, Reason.CRASHED, f"{type(e).__name__}: {e}"[:500])

    def _add(self, origin: Origin, stage: str, reason: Reason, detail: str) -> None:
        letter = DeadLetter(
            receipt=origin.receipt,
            reason=reason,
            detail=detail,
            stage=stage,
            source=origin.source,
            payload=origin.payload,
        )
        self.letters.append(letter)
