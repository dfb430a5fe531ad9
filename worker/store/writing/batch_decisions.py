"""Decide what is to be changed in the store for a batch, the results for the raw articles of a
message.

The functions compute this from the batch and from what is stored already. They do not use the
database.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from worker.model.fetched_page import HeldContent
from worker.model.records import (
    DeadLetter,
    OutcomeKind,
    Record,
    StoredIdentity,
    Verdict,
    Withdrawal,
    article_id_of,
)
from worker.model.unchanged import UnchangedArticle
from worker.store.database.columns import stored_name
from worker.store.database.statements import StoredKey, stored_keys

BatchResult = Record | Withdrawal | DeadLetter | UnchangedArticle
"""The result of one delivered raw article that is to be written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteBatch:
    """The results of processing one message, which are to be written to the store.

    `unchanged` are articles that have not changed and were not cleaned, `records` are processed
    articles, `withdrawals` are requests of publishers to take articles down, and `dead` are raw
    articles that could not be processed. `traces` maps the receipt (id of a delivery) of an article
    to the trace (W3C Trace Context) that its message named.
    """

    records: tuple[Record, ...]
    withdrawals: tuple[Withdrawal, ...]
    dead: tuple[DeadLetter, ...]
    unchanged: tuple[UnchangedArticle, ...] = ()
    traces: Mapping[str, str] = field(default_factory=dict)

    def results(self) -> tuple[BatchResult, ...]:
        """Return all results in one tuple: unchanged articles, then processed ones, then
        withdrawals, then failed articles."""
        return (*self.unchanged, *self.records, *self.withdrawals, *self.dead)

    def fresh(self, receipts: Collection[str]) -> Self:
        """Return a batch with only the results for these receipts, which are ids of delivered raw
        articles.

        If several results have the same receipt, only the first of them is kept.
        """
        remaining = set(receipts)

        def take(result: BatchResult) -> bool:
            taken = stored_name(result.receipt) in remaining
            remaining.discard(stored_name(result.receipt))
            return taken

        return type(self)(
            unchanged=tuple(filter(take, self.unchanged)),
            records=tuple(filter(take, self.records)),
            withdrawals=tuple(filter(take, self.withdrawals)),
            dead=tuple(filter(take, self.dead)),
            traces=self.traces,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The final verdict on one processed article: whether it is new, a revision, a copy and so on.

    `record` is the article. `verdict` is None if the article was withdrawn and must not be stored.
    `before` is what the store knew of the article, None if nothing. `held` are contents of the
    article that are stored but not shown once this decision is written, because its page gave much
    less text than is known. `returns` is True if the article was withdrawn and its publisher has
    put it back.
    """

    record: Record
    verdict: Verdict | None
    before: StoredIdentity | None = None
    held: tuple[HeldContent, ...] = ()
    returns: bool = False

    @property
    def article_id(self) -> str:
        return self.record.verdict.article_id

    @property
    def adds_revision(self) -> bool:
        return self.verdict is not None and self.verdict.kind is not OutcomeKind.UNCHANGED

    @property
    def is_held(self) -> bool:
        return self.verdict is not None and self.verdict.is_held

    @property
    def known_words(self) -> int:
        return self.before.words if self.before else 0

    @property
    def refreshes(self) -> bool:
        return self.record.reprocessed and self.verdict is not None and not self.adds_revision


def decide(
    records: Iterable[Record],
    stored: Mapping[str, StoredIdentity],
    blocked: Mapping[str, StoredIdentity],
) -> list[Decision]:
    """Return the final verdict on each processed article: new, a revision, a copy and so on, in the
    order of `records`.

    Each record has a verdict already, but another worker may have stored the same article since. So
    each verdict is checked against `stored`, which maps article ids to what the database has about
    them now that their rows are locked. `blocked` does so for articles whose main key leads to a
    withdrawn article, and maps them to that. These are not stored, unless their publisher has put
    them back.
    """
    # Imports numpy: 90 ms that reading can do without.
    from worker.dedup import held_after, hold_if_shrunken, recheck_under_lock, returned

    identities = dict(stored)
    decisions = []
    for record in records:
        article_id = record.verdict.article_id
        before = identities.get(article_id)
        if _is_refused(record, before) or _is_refused(record, blocked.get(article_id)):
            decisions.append(Decision(record=record, verdict=None))
            continue
        content_hash = record.fingerprint.content_hash
        returns = before is not None and before.withdrawn
        if before and returns:
            verdict = returned(record.verdict, before)
        else:
            rechecked = recheck_under_lock(record.verdict, content_hash, before)
            checked = hold_if_shrunken(rechecked, content_hash, record.page, before)
            verdict = _numbered(checked, content_hash, before)
        held = held_after(verdict, content_hash, record.page, before)
        if verdict.kind is not OutcomeKind.UNCHANGED:
            identities[article_id] = _after(verdict, record, before, held)
        elif before and held != before.held:
            identities[article_id] = replace(before, held=held)
        decisions.append(
            Decision(record=record, verdict=verdict, before=before, held=held, returns=returns)
        )
    return decisions


def _is_refused(record: Record, stored: StoredIdentity | None) -> bool:
    """Whether an article must not be stored, because it was withdrawn: for good, or after this
    content of it was fetched.

    A live delivery that does not say when it was fetched counts as later than every withdrawal that
    is stored already.
    """
    if stored is None or not stored.withdrawn:
        return False
    if stored.withdrawal_fetched is None or not record.live:
        return True
    return record.fetched is not None and record.fetched <= stored.withdrawal_fetched


def _numbered(verdict: Verdict, content_hash: str, stored: StoredIdentity | None) -> Verdict:
    number = stored.revision if stored else 0
    if stored is None and verdict.kind in (OutcomeKind.UNCHANGED, OutcomeKind.REVISION):
        # The article it was compared with is not stored: an earlier copy in the batch was skipped.
        return replace(verdict, kind=OutcomeKind.NEW, revision=1)
    covered = (
        stored is None
        or content_hash in stored.hashes
        or verdict.extent < stored.extent
        or verdict.is_held
    )
    if stored and verdict.kind is OutcomeKind.UNCHANGED and not covered:
        return replace(verdict, kind=OutcomeKind.REVISION, revision=number + 1)
    if verdict.kind is not OutcomeKind.UNCHANGED and verdict.revision != number + 1:
        raise ValueError(f"{verdict.article_id}: revision {verdict.revision} after {number}")
    return verdict


def _after(
    verdict: Verdict,
    record: Record,
    stored: StoredIdentity | None,
    held: tuple[HeldContent, ...],
) -> StoredIdentity:
    content_hash = record.fingerprint.content_hash
    return StoredIdentity(
        article_id=verdict.article_id,
        hashes=(stored.hashes if stored else frozenset()) | {content_hash},
        revision=verdict.revision,
        cluster_id=verdict.cluster_id,
        extent=verdict.extent,
        words=record.article.words,
        held=held,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Takedown:
    """A publisher's request to take an article down, and which stored articles are removed for it.

    `article_ids` are their ids; there may be none.
    """

    withdrawal: Withdrawal
    article_ids: tuple[str, ...]


def take_down(
    withdrawal: Withdrawal, owners: Mapping[StoredKey, str], existing: Collection[str]
) -> Takedown:
    """Return which articles are removed for a publisher's request to take one down.

    The request names keys, such as a link; `owners` maps each (source, key) to the article that it
    leads to. Returned are the first of these articles that is in `existing`, the ids of articles
    that are or will be stored, and, if a key leads to it, the empty row by which the article is not
    stored when it arrives later.
    """
    owner_ids = [owners[key] for key in stored_keys(withdrawal.source, withdrawal.keys)]
    owned = [article_id for article_id in owner_ids if article_id in existing][:1]
    own_tombstone = tombstone_id(withdrawal)
    tombstone = [article_id for article_id in owner_ids if article_id == own_tombstone][:1]
    return Takedown(withdrawal=withdrawal, article_ids=tuple(dict.fromkeys(owned + tombstone)))


def tombstone_id(withdrawal: Withdrawal) -> str:
    """Return the id of the empty row for an article that was taken down before it was stored.

    The keys in the publisher's request lead to this row, so that an article with such a key is not
    stored when it arrives later.
    """
    return article_id_of(withdrawal.source, withdrawal.keys[0])


def claimed_keys(
    batch: WriteBatch, distrusted: Collection[str] = (), full: Collection[str] = ()
) -> dict[StoredKey, str]:
    """Return to which article each key in a batch is to lead: (source, key) -> article id.

    A key, such as an external id or a link, identifies an article within its source; of several
    articles with a key, the first gets it. Sources in `distrusted` often send wrong external ids,
    so their articles also get a key made of their opening words. Articles in `full` have the
    maximum number of keys already, and get no more external ids and links.
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


def payload_hash(result: BatchResult) -> str:
    """Return the hash of the raw article that a result came from, or "" if it is not known."""
    if isinstance(result, Withdrawal | UnchangedArticle):
        return result.payload_hash
    return result.payload.digest
