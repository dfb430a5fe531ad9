"""Decide what a batch changes in the store, from its records and from what is stored.

The functions here do not use the database; write.py and locks.py call them.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from worker.model.records import (
    DeadLetter,
    Outcome,
    OutcomeKind,
    Record,
    StoredIdentity,
    Verdict,
    Withdrawal,
    article_id_of,
)
from worker.store.database.columns import stored_name
from worker.store.database.statements import StoredKey, stored_keys


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteBatch:
    """The results of one batch that are to be written: records, withdrawals and dead letters."""

    records: tuple[Record, ...]
    withdrawals: tuple[Withdrawal, ...]
    dead: tuple[DeadLetter, ...]

    def results(self) -> tuple[Record | Withdrawal | DeadLetter, ...]:
        """Return all values that give a receipt an outcome: records, withdrawals, dead letters."""
        return (*self.records, *self.withdrawals, *self.dead)

    def fresh(self, receipts: Collection[str]) -> Self:
        """Return the batch with only the results for these receipts, one result for each receipt.

        If several results have the same receipt, the first is kept.
        """
        remaining = set(receipts)

        def take(result: Record | Withdrawal | DeadLetter) -> bool:
            taken = stored_name(result.receipt) in remaining
            remaining.discard(stored_name(result.receipt))
            return taken

        return type(self)(
            records=tuple(filter(take, self.records)),
            withdrawals=tuple(filter(take, self.withdrawals)),
            dead=tuple(filter(take, self.dead)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The final verdict on one record, made under the lock of its article.

    `verdict` is None when the article is withdrawn; then nothing of the record is stored.
    """

    record: Record
    verdict: Verdict | None

    @property
    def article_id(self) -> str:
        return self.record.verdict.article_id

    @property
    def adds_revision(self) -> bool:
        return self.verdict is not None and self.verdict.kind is not OutcomeKind.UNCHANGED

    @property
    def refreshes(self) -> bool:
        return self.record.reprocessed and self.verdict is not None and not self.adds_revision


def decide(records: Iterable[Record], stored: Mapping[str, StoredIdentity]) -> list[Decision]:
    """Return the final verdict on each record, from what is stored about its article.

    If a batch has several records of one article, each counts as stored for the next one.
    """
    from worker.dedup import recheck_under_lock  # numpy: 90 ms that reading can do without

    identities = dict(stored)
    decisions = []
    for record in records:
        article_id = record.verdict.article_id
        before = identities.get(article_id)
        if before and before.withdrawn:
            decisions.append(Decision(record=record, verdict=None))
            continue
        content_hash = record.fingerprint.content_hash
        rechecked = recheck_under_lock(record.verdict, content_hash, before)
        verdict = _numbered(rechecked, content_hash, before)
        if verdict.kind is not OutcomeKind.UNCHANGED:
            identities[article_id] = _after(verdict, content_hash, before)
        decisions.append(Decision(record=record, verdict=verdict))
    return decisions


def _numbered(verdict: Verdict, content_hash: str, stored: StoredIdentity | None) -> Verdict:
    number = stored.revision if stored else 0
    if stored is None and verdict.kind in (OutcomeKind.UNCHANGED, OutcomeKind.REVISION):
        # The article it was compared with is not stored: an earlier copy in the batch was skipped.
        return replace(verdict, kind=OutcomeKind.NEW, revision=1)
    covered = stored is None or content_hash in stored.hashes or verdict.extent < stored.extent
    if stored and verdict.kind is OutcomeKind.UNCHANGED and not covered:
        return replace(verdict, kind=OutcomeKind.REVISION, revision=number + 1)
    if verdict.kind is not OutcomeKind.UNCHANGED and verdict.revision != number + 1:
        raise ValueError(f"{verdict.article_id}: revision {verdict.revision} after {number}")
    return verdict


def _after(verdict: Verdict, content_hash: str, stored: StoredIdentity | None) -> StoredIdentity:
    return StoredIdentity(
        article_id=verdict.article_id,
        hashes=(stored.hashes if stored else frozenset()) | {content_hash},
        revision=verdict.revision,
        cluster_id=verdict.cluster_id,
        extent=verdict.extent,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Takedown:
    """A withdrawal, and the ids of the articles that it removes.

    The outcome of the withdrawal names the first of them.
    """

    withdrawal: Withdrawal
    article_ids: tuple[str, ...]


def take_down(
    withdrawal: Withdrawal, owners: Mapping[StoredKey, str], existing: Collection[str]
) -> Takedown:
    """Return the articles that a withdrawal removes.

    They are the first article in `existing` that owns one of its keys, and, if some of its keys
    were unknown, the tombstone that owns those. `owners` maps keys to article ids.
    """
    owner_ids = [owners[key] for key in stored_keys(withdrawal.source, withdrawal.keys)]
    owned = [article_id for article_id in owner_ids if article_id in existing][:1]
    own_tombstone = tombstone_id(withdrawal)
    tombstone = [article_id for article_id in owner_ids if article_id == own_tombstone][:1]
    return Takedown(withdrawal=withdrawal, article_ids=tuple(dict.fromkeys(owned + tombstone)))


def tombstone_id(withdrawal: Withdrawal) -> str:
    """Return the article id of the tombstone for a withdrawal whose keys are not stored.

    A tombstone is an article row without content, so that an article with such a key that is
    received later is withdrawn too.
    """
    return article_id_of(withdrawal.source, withdrawal.keys[0])


def claimed_keys(
    batch: WriteBatch, distrusted: Collection[str] = (), full: Collection[str] = ()
) -> dict[StoredKey, str]:
    """Return key -> article id for the keys in this batch; the first article with a key gets it.

    An article of a source in `distrusted`, whose external ids are often wrong, also gets the key of
    its opening words. An article in `full` has the maximum number of keys and gets no more.
    """
    keys: dict[StoredKey, str] = {}
    for record in batch.records:
        article, article_id = record.article, record.verdict.article_id
        keys_of_record = () if article_id in full else (article.key, *article.aliases)
        if stored_name(article.source) in distrusted and article.opening_key:
            keys_of_record = (*keys_of_record, article.opening_key)
        for key in stored_keys(article.source, keys_of_record):
            keys.setdefault(key, article_id)
    for withdrawal in batch.withdrawals:
        for key in stored_keys(withdrawal.source, withdrawal.keys):
            keys.setdefault(key, tombstone_id(withdrawal))
    return keys


def intended(result: Record | Withdrawal | DeadLetter, now: datetime) -> Outcome:
    """Return the outcome that a result should have, before its article is locked.

    What is read under the lock may change the outcome; then the stored receipt is corrected.
    """
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


def payload_hash(result: Record | Withdrawal | DeadLetter) -> str:
    """Return the hash of the payload that a result came from, or "" if it is not known."""
    return result.payload_hash if isinstance(result, Withdrawal) else result.payload.digest


def record_outcome(decision: Decision, now: datetime) -> Outcome:
    """Return the final outcome of the receipt of a record."""
    return Outcome(
        receipt=decision.record.receipt,
        kind=decision.verdict.kind if decision.verdict else OutcomeKind.WITHDRAWN,
        source=decision.record.article.source,
        at=now,
        article_id=decision.article_id,
        revision=decision.verdict.revision if decision.verdict else 0,
    )


def withdrawal_outcome(takedown: Takedown, now: datetime) -> Outcome:
    """Return the final outcome of the receipt of a withdrawal."""
    return Outcome(
        receipt=takedown.withdrawal.receipt,
        kind=OutcomeKind.WITHDRAWN,
        source=takedown.withdrawal.source,
        at=now,
        article_id=next(iter(takedown.article_ids), ""),
    )
