"""Decide what a batch changes in the store, from its results and from what is stored already.

A batch has the results for the raw articles of one message. The functions here do not use the
database; write.py and locks.py call them.
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
    """The results of one message that are to be written to the store.

    `records` are processed articles, `withdrawals` are requests of publishers to take articles
    down, and `dead` are raw articles that could not be processed.
    """

    records: tuple[Record, ...]
    withdrawals: tuple[Withdrawal, ...]
    dead: tuple[DeadLetter, ...]

    def results(self) -> tuple[Record | Withdrawal | DeadLetter, ...]:
        """Return all results in one tuple: processed articles, then withdrawals, then failed
        articles.

        Each of them gives the receipt (the id of a delivered raw article) its outcome.
        """
        return (*self.records, *self.withdrawals, *self.dead)

    def fresh(self, receipts: Collection[str]) -> Self:
        """Return a batch with only the results for these receipts, the ids of deliveries to be
        stored.

        If several results have the same receipt, only the first of them is kept.
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
    """The final verdict on one processed article: new, a revision, a copy and so on.

    It is made after the article's row is locked, so no other worker can change it. `verdict` is
    None if the article is withdrawn; then nothing of `record` is stored.
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
    """Return the final verdict on each processed article (new, a revision, a copy …), in their
    order.

    `stored` maps an article id to what is stored about the article, read after its row was locked.
    The verdict of a record was made before that, so it is checked again. Of several records of one
    article, an earlier one counts as stored for the next.
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
    """A publisher's request to take an article down, with the ids of the articles that it removes.

    The outcome of the request names the first of `article_ids`; there may be none.
    """

    withdrawal: Withdrawal
    article_ids: tuple[str, ...]


def take_down(
    withdrawal: Withdrawal, owners: Mapping[StoredKey, str], existing: Collection[str]
) -> Takedown:
    """Return which articles a publisher's request to take one down removes, usually one.

    It is the article to which the first of the request's keys leads that is in `existing`. Keys
    that led to no article belong to a placeholder row without content (`tombstone_id`); if there is
    one, it is removed too. `owners` maps each (source, key) to an article id.
    """
    owner_ids = [owners[key] for key in stored_keys(withdrawal.source, withdrawal.keys)]
    owned = [article_id for article_id in owner_ids if article_id in existing][:1]
    own_tombstone = tombstone_id(withdrawal)
    tombstone = [article_id for article_id in owner_ids if article_id == own_tombstone][:1]
    return Takedown(withdrawal=withdrawal, article_ids=tuple(dict.fromkeys(owned + tombstone)))


def tombstone_id(withdrawal: Withdrawal) -> str:
    """Return the article id of the placeholder row for a request to take down an article not stored
    yet.

    The row has no content. It holds the keys of the request, so an article with such a key that
    arrives later is not stored.
    """
    return article_id_of(withdrawal.source, withdrawal.keys[0])


def claimed_keys(
    batch: WriteBatch, distrusted: Collection[str] = (), full: Collection[str] = ()
) -> dict[StoredKey, str]:
    """Return which article each key in this batch is to lead to: (source, key) -> article id.

    A key is an external id, a link or opening words; the first article with a key gets it. In
    sources in `distrusted`, whose external ids are often wrong, an article also gets the key of its
    opening words. An article in `full` has the maximum number of keys and gets no more from its id
    and links.
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
    """Return the outcome that a result will probably have, before the row of its article is locked.

    It is stored at once. What is read after locking may give another outcome (say, the article was
    withdrawn meanwhile); then the stored one is corrected.
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
