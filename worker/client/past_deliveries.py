"""Look up what became of a delivered article, also when its outcome was removed because of its
age."""

from collections.abc import Sequence
from typing import Protocol

from worker.model.receipts import made_at
from worker.model.records import Outcome
from worker.store.ports import OutcomeReader, RetainedStore
from worker.store.retention_values import ExpiredOutcome


class PastOutcomeStore(OutcomeReader, RetainedStore, Protocol):
    """A store that tells by receipt (id of a delivery) what became of an article, and what is
    still known of deliveries whose outcomes were removed because of their age."""


def outcome_of(store: PastOutcomeStore, receipt: str) -> Outcome | ExpiredOutcome | None:
    """Return what became of a delivery, by its receipt (id); an ExpiredOutcome if that was removed
    because of its age; or None if its article may still be processed.

    None is also returned for some removed outcomes: those of articles that made no revision, if the
    producer chose the receipt itself, so that it does not tell its age.
    """
    return outcomes_of(store, [receipt]).get(receipt)


def outcomes_of(
    store: PastOutcomeStore, receipts: Sequence[str]
) -> dict[str, Outcome | ExpiredOutcome]:
    """Return receipt (id of a delivery) -> its outcome, or that it has expired.

    A receipt has no entry if its article may still be processed.
    """
    found: dict[str, Outcome | ExpiredOutcome] = {**store.outcomes(receipts)}
    unknown = {receipt: made_at(receipt) for receipt in receipts if receipt not in found}
    return {**found, **store.retention.past_outcomes(unknown)} if unknown else found
