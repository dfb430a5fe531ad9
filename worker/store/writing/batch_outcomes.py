"""Build the outcomes to store for a batch: what became of each raw article of a message."""

from datetime import datetime

from worker.model.records import Outcome, OutcomeKind, Record, Withdrawal
from worker.model.unchanged import UnchangedArticle
from worker.store.writing.batch_decisions import BatchResult, Decision, Takedown


def intended(result: BatchResult, now: datetime) -> Outcome:
    """Return the outcome that a processed, withdrawn or failed article will probably have.

    It is stored before the article's row is locked. If the article has changed meanwhile (say, it
    was withdrawn), the stored outcome is corrected later. `now` is the time of the outcome.
    """
    if isinstance(result, UnchangedArticle):
        return Outcome(
            receipt=result.receipt,
            kind=OutcomeKind.UNCHANGED,
            source=result.source,
            at=now,
            article_id=result.article_id,
            revision=result.known.revision,
        )
    if isinstance(result, Record):
        return record_outcome(Decision(record=result, verdict=result.verdict), now)
    if isinstance(result, Withdrawal):
        return withdrawal_outcome(Takedown(withdrawal=result, article_ids=()), now)
    return Outcome(
        receipt=result.receipt,
        kind=OutcomeKind.DEAD,
        source=result.source,
        at=now,
        letter_id=result.letter_id,
        reason=result.reason,
    )


def record_outcome(decision: Decision, now: datetime) -> Outcome:
    """Return the outcome to store for a processed article, from the final decision about it.

    It is the kind of the verdict (`new`, `revision` …), or `withdrawn` if there is no verdict,
    because the article was taken down. `now` is the time of the outcome.
    """
    return Outcome(
        receipt=decision.record.receipt,
        kind=decision.verdict.kind if decision.verdict else OutcomeKind.WITHDRAWN,
        source=decision.record.article.source,
        at=now,
        article_id=decision.article_id,
        revision=decision.verdict.revision if decision.verdict else 0,
    )


def withdrawal_outcome(takedown: Takedown, now: datetime) -> Outcome:
    """Return the outcome to store for a publisher's request to take an article down: `withdrawn`.

    It names the first article that the request removes; its article id is "" if there is none.
    `now` is the time of the outcome.
    """
    return Outcome(
        receipt=takedown.withdrawal.receipt,
        kind=OutcomeKind.WITHDRAWN,
        source=takedown.withdrawal.source,
        at=now,
        article_id=next(iter(takedown.article_ids), ""),
    )
