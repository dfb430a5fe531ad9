"""Make dead letters of articles that fail. A dead letter is a stored copy of the raw article, with
the reason of the failure."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchTime:
    """When an article was fetched, to decide whether it may bring back an article that was
    withdrawn.

    `at` is None if the time is not known. `live` is True if its source has just delivered it, and
    False if it is a dead letter that is processed again or a stored article that is cleaned again.
    """

    live: bool
    at: datetime | None


NEVER_FETCHED = FetchTime(live=False, at=None)


def no_deadline(stage: str) -> AbstractContextManager[object]:
    """Return a context that does nothing, for tests and dry runs. Workers have another one in its
    place, which limits the time of a stage of processing (clean, tag …)."""
    return nullcontext()


def dead_letter(
    store: DeadLetterWriter,
    letters: Sequence[DeadLetter],
    now: datetime,
    handling: Attempt = NO_ATTEMPT,
) -> None:
    """Store dead letters: raw articles that failed, each with the reason.

    If the store refuses them for their contents, all are stored in plain ASCII instead. `handling`
    names the worker that processed the batch, and how often its message was delivered. Raises
    Unavailable when the store does not answer.
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
    """Return a version of a dead letter (a failed raw article) in plain ASCII, which every store
    accepts; for a store that refuses the original.

    Its payload is a JSON object with the text and the size of the original payload.
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
    """What must not change when a stored article is made again from its raw JSON by newer rules.

    `key` identifies the article within its source; it stays even if the newer rules would make
    another key. `received` is the date when the article was first delivered.
    """

    key: str  # also if newer rules would make another key of the payload
    received: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where an article in processing came from: its source, its raw JSON (`payload`) and the id of
    its delivery (`receipt`). If it fails, a dead letter is made of these.

    `reprocessed` is None if the article was just delivered; if it is a stored article that is
    cleaned again, it has what must stay the same. `raw_digest` is a hash by which the same raw
    article is found unchanged when it comes again; b"" if it must always be cleaned. `fetched`
    tells when the article was fetched from its source.
    """

    receipt: str
    source: str
    payload: Payload
    reprocessed: Reprocessed | None = None
    raw_digest: bytes = b""
    fetched: FetchTime = NEVER_FETCHED


class DeadLetters:
    """Collects the articles of one batch that fail while they are processed, as dead letters (raw
    articles with the reason), to store them together later."""

    def __init__(self, stage_deadline: StageDeadline = no_deadline) -> None:
        self.letters: list[DeadLetter] = []
        self._stage_deadline = stage_deadline

    @contextmanager
    def catch(self, origin: Origin, stage: str) -> Iterator[None]:
        """Make a context for the work of one stage (clean, tag …) on one article; it limits the
        time of that work.

        If an exception is raised in it, the article becomes a dead letter, and the exception is
        suppressed, so that the other articles of the batch are processed.
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
