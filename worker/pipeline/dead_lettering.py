"""Where the articles of a batch go that can't be processed: each on its own, with its payload."""

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

Watch = Callable[[str], AbstractContextManager[object]]
"""Entered with the stage's name around every stage of every article: a deadline."""


def at_ease(stage: str) -> AbstractContextManager[object]:
    return nullcontext()


def dead_letter(
    store: DeadLetterWriter,
    letters: Sequence[DeadLetter],
    now: datetime,
    handling: Attempt = NO_ATTEMPT,
) -> None:
    """Write dead letters. If the store refuses them, write each again as ASCII text. Raises only
    Unavailable."""
    try:
        store.write_dead_letters(letters, now=now, handling=handling)
    except Unavailable:
        raise
    except Exception as e:  # noqa: BLE001 - any other error would bring its message back for ever
        log.error("letters.refused count=%d error=%s", len(letters), type(e).__name__)
        for letter in letters:
            store.write_dead_letters([in_ascii(letter)], now=now, handling=handling)


def in_ascii(letter: DeadLetter) -> DeadLetter:
    """A copy that every store takes. Its payload is JSON of the original payload's text and size,
    so it has another letter id."""
    held = json.dumps({"payload": letter.payload.text, "bytes": str(letter.payload.bytes)})
    payload = Payload(
        text=held, sha256=sha256(held.encode()).hexdigest(), bytes=len(held), whole=False
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
class Origin:
    """Where something in the batch came from: what a dead letter needs to be written."""

    receipt: str
    source: str
    payload: Payload


class DeadLetters:
    """Collects the dead letters of one batch."""

    def __init__(self, watch: Watch = at_ease) -> None:
        self.dead: list[DeadLetter] = []
        self._watch = watch

    @contextmanager
    def buries(self, origin: Origin, stage: str) -> Iterator[None]:
        """What is raised inside becomes the dead letter of this one article."""
        try:
            with self._watch(stage):
                yield
        except Rejected as e:
            self._bury(origin, stage, e.reason, e.detail)
        except Exception as e:
            log.exception("article.crashed source=%s stage=%s", origin.source, stage)
            self._bury(origin, stage, Reason.CRASHED, f"{type(e).__name__}: {e}"[:500])

    def _bury(self, origin: Origin, stage: str, reason: Reason, detail: str) -> None:
        letter = DeadLetter(
            receipt=origin.receipt,
            reason=reason,
            detail=detail,
            stage=stage,
            source=origin.source,
            payload=origin.payload,
        )
        self.dead.append(letter)
