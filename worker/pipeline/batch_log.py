"""Write to the log what became of the articles of a batch."""

import logging
from collections import Counter
from collections.abc import Sequence

from worker.model.records import DeadLetter, Outcome, OutcomeKind
from worker.model.short_ids import short_id

log = logging.getLogger("worker")

_LETTERS_LOGGED = 100  # dead letters of a batch that get a log line each: the largest batch


def log_batch(
    outcomes: Sequence[Outcome], letters: Sequence[DeadLetter], done: int, took_s: float
) -> None:
    """Log how many articles of a batch had each outcome, and a line for each dead letter.

    `done` counts the articles that were delivered and processed before; `took_s` is the time in
    seconds that the batch took.
    """
    counts = Counter(outcome.kind for outcome in outcomes)
    numbers = {kind.value: counts[kind] for kind in OutcomeKind if counts[kind]}
    numbers |= {"redelivered": done} if done else {}
    keys = "".join(f"{key}=%d " for key in numbers)
    log.info(f"batch.ingested {keys}ms=%d", *numbers.values(), took_s * 1000)
    for letter in letters[:_LETTERS_LOGGED]:
        log.warning(
            "article.rejected source=%s reason=%s stage=%s receipt=%s letter=%s",
            letter.source,
            letter.reason,
            letter.stage,
            letter.receipt,
            short_id(letter.letter_id),
        )
    if more := Counter(letter.reason.value for letter in letters[_LETTERS_LOGGED:]):
        keys = "".join(f" {reason}=%d" for reason in more)
        log.warning(f"article.rejected more=%d{keys}", more.total(), *more.values())
