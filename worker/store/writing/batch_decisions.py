"""What a batch changes, decided purely: fresh records and what is known come in, rulings go out."""

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
from worker.store.database.columns import name
from worker.store.database.statements import Key, stored_keys


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteBatch:
    """One call of `write`, or what is fresh of it."""

    records: tuple[Record, ...]
    withdrawals: tuple[Withdrawal, ...]
    dead: tuple[DeadLetter, ...]

    def ends(self) -> tuple[Record | Withdrawal | DeadLetter, ...]:
        """Everything that ends a receipt, in the order of the outcomes."""
        return (*self.records, *self.withdrawals, *self.dead)

    def fresh(self, receipts: Collection[str]) -> Self:
        """What ends these receipts; of two that end the same receipt, the first."""
        left = set(receipts)

        def take(end: Record | Withdrawal | DeadLetter) -> bool:
            taken = name(end.receipt) in left
            left.discard(name(end.receipt))
            return taken

        return type(self)(
            records=tuple(filter(take, self.records)),
            withdrawals=tuple(filter(take, self.withdrawals)),
            dead=tuple(filter(take, self.dead)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The last word on one record. Without verdict its article is withdrawn: nothing is kept."""

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


def decide(records: Iterable[Record], known: Mapping[str, StoredIdentity]) -> list[Decision]:
    """Judge each record by what is known and by the records before it."""
    from worker.dedup import recheck_under_lock  # numpy: 90 ms that reading can do without

    standing = dict(known)
    rulings = []
    for record in records:
        article_id = record.verdict.article_id
        before = standing.get(article_id)
        if before and before.withdrawn:
            rulings.append(Decision(record=record, verdict=None))
            continue
        content_hash = record.fingerprint.content_hash
        given = recheck_under_lock(record.verdict, content_hash, before)
        verdict = _numbered(given, content_hash, before)
        if verdict.kind is not OutcomeKind.UNCHANGED:
            standing[article_id] = _after(verdict, content_hash, before)
        rulings.append(Decision(record=record, verdict=verdict))
    return rulings


def _numbered(verdict: Verdict, content_hash: str, before: StoredIdentity | None) -> Verdict:
    number = before.revision if before else 0
    if before is None and verdict.kind in (OutcomeKind.UNCHANGED, OutcomeKind.REVISION):
        # What it was compared with never came: an earlier copy in its batch was passed over.
        return replace(verdict, kind=OutcomeKind.NEW, revision=1)
    known = before is None or content_hash in before.hashes or verdict.extent < before.extent
    if before and verdict.kind is OutcomeKind.UNCHANGED and not known:
        return replace(verdict, kind=OutcomeKind.REVISION, revision=number + 1)
    if verdict.kind is not OutcomeKind.UNCHANGED and verdict.revision != number + 1:
        raise ValueError(f"{verdict.article_id}: revision {verdict.revision} after {number}")
    return verdict


def _after(verdict: Verdict, content_hash: str, before: StoredIdentity | None) -> StoredIdentity:
    return StoredIdentity(
        article_id=verdict.article_id,
        hashes=(before.hashes if before else frozenset()) | {content_hash},
        revision=verdict.revision,
        cluster_id=verdict.cluster_id,
        extent=verdict.extent,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Takedown:
    """The articles one withdrawal takes down; the first is named in its outcome."""

    withdrawal: Withdrawal
    article_ids: tuple[str, ...]


def take_down(
    withdrawal: Withdrawal, owners: Mapping[Key, str], existing: Collection[str]
) -> Takedown:
    """The article that the first of its keys leads to, and the tombstone that got the rest."""
    led_to = [owners[key] for key in stored_keys(withdrawal.source, withdrawal.keys)]
    found = [article_id for article_id in led_to if article_id in existing][:1]
    left = [article_id for article_id in led_to if article_id == tombstone_id(withdrawal)][:1]
    return Takedown(withdrawal=withdrawal, article_ids=tuple(dict.fromkeys(found + left)))


def tombstone_id(withdrawal: Withdrawal) -> str:
    return article_id_of(withdrawal.source, withdrawal.keys[0])


def claimed_keys(
    batch: WriteBatch, distrusted: Collection[str] = (), full: Collection[str] = ()
) -> dict[Key, str]:
    """The keys this batch names and the article each would lead to; the first comer keeps a key.

    Articles of `distrusted` sources are known by their opening besides; those that are `full` of
    keys get no more of them.
    """
    keys: dict[Key, str] = {}
    for record in batch.records:
        article, article_id = record.article, record.verdict.article_id
        named = () if article_id in full else (article.key, *article.aliases)
        if name(article.source) in distrusted and article.opening_key:
            named = (*named, article.opening_key)
        for key in stored_keys(article.source, named):
            keys.setdefault(key, article_id)
    for withdrawal in batch.withdrawals:
        for key in stored_keys(withdrawal.source, withdrawal.keys):
            keys.setdefault(key, tombstone_id(withdrawal))
    return keys


def intended(end: Record | Withdrawal | DeadLetter, now: datetime) -> Outcome:
    """The outcome of one receipt as it looks before the articles are locked."""
    if isinstance(end, Record):
        return record_outcome(Decision(record=end, verdict=end.verdict), now)
    if isinstance(end, Withdrawal):
        return withdrawal_outcome(Takedown(withdrawal=end, article_ids=()), now)
    return Outcome(
        receipt=end.receipt,
        kind=OutcomeKind.DEAD,
        source=end.source,
        at=now,
        letter_id=end.letter_id,
        reason=end.reason,
    )


def record_outcome(ruling: Decision, now: datetime) -> Outcome:
    return Outcome(
        receipt=ruling.record.receipt,
        kind=ruling.verdict.kind if ruling.verdict else OutcomeKind.WITHDRAWN,
        source=ruling.record.article.source,
        at=now,
        article_id=ruling.article_id,
        revision=ruling.verdict.revision if ruling.verdict else 0,
    )


def withdrawal_outcome(takedown: Takedown, now: datetime) -> Outcome:
    return Outcome(
        receipt=takedown.withdrawal.receipt,
        kind=OutcomeKind.WITHDRAWN,
        source=takedown.withdrawal.source,
        at=now,
        article_id=next(iter(takedown.article_ids), ""),
    )
