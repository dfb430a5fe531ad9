"""Make a dead letter, which keeps the payload and the reason, of each article that fails."""

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
"""A function that gets a stage's name and returns a context, to be entered around that stage.

The context limits the time that the stage takes for one article.
"""


def no_deadline(stage: str) -> AbstractContextManager[object]:
    """A stage deadline that sets no limit of time, for tests and dry runs: it returns an empty
    context."""
    return nullcontext()


def dead_letter(
    store: DeadLetterWriter,
    letters: Sequence[DeadLetter],
    now: datetime,
    handling: Attempt = NO_ATTEMPT,
) -> None:
    """Write dead letters into the store. If the store refuses them, write each as ASCII text
    instead.

    `handling` names the worker that processed the batch, and how often its message was delivered.
    Raises Unavailable when the store does not answer.
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
    """A copy of the dead letter in ASCII, which every store accepts.

    Its payload is a JSON object with the text and size of the original payload. So its letter id,
    which depends on the payload, differs from that of the original.
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
    """The key and the date of receipt that a stored article keeps when its stored payload is
    processed again."""

    key: str  # also if newer rules would make another key of the payload
    received: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The receipt, source and payload of the delivery that an article came from, for a dead letter.

    `reprocessed` is set if the delivery is the stored payload of an article that is processed
    again.
    """

    receipt: str
    source: str
    payload: Payload
    reprocessed: Reprocessed | None = None


class DeadLetters:
    """Collects the dead letters of one batch, while its articles pass the stages."""

    def __init__(self, stage_deadline: StageDeadline = no_deadline) -> None:
        self.letters: list[DeadLetter] = []
        self._stage_deadline = stage_deadline

    @contextmanager
    def catch(self, origin: Origin, stage: str) -> Iterator[None]:
        """A context for the work of one stage on one article, with the stage's time limit.

        It suppresses an exception that is raised inside, and makes a dead letter of the article.
        """
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
