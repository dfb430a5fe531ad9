"""Store protocols for operators: the journal, dead letters, and closing the store.

The journal lists the raw articles that the broker has accepted from producers, so that lost ones
are found. A dead letter is a raw article that could not be processed.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from worker.model.records import JournalEntry
from worker.store.dead_letter_values import DeadLetterQuery, StoredDeadLetter
from worker.store.hourly_values import LatestOutcomes, MissedOutcomes
from worker.store.ledger_values import LostMessages, ReceiptTally
from worker.store.ports.held_ports import HeldArticleReader, HeldArticleStore
from worker.store.ports.ingest_ports import DeadLetterWriter, OutcomeReader
from worker.store.ports.retention_ports import RetainedStore
from worker.store.values import UnfinishedWork


class ClosableStore(Protocol):
    """A store whose database connections can be closed. A call after that opens new ones."""

    def close(self) -> None: ...


class JournalReader(OutcomeReader, RetainedStore, Protocol):
    """Reads the journal, the list of raw articles that the broker accepted, by receipt and time.

    A receipt is the id of one delivery of a raw article. Outcomes can be looked up by receipt too.
    """

    def journal_entries(self, receipts: Sequence[str]) -> list[JournalEntry]:
        """Return when and in which message the broker accepted the raw articles with these
        receipts.

        A receipt is the id of one delivery of an article. It has no entry if its acceptance was
        never recorded. The oldest entry comes first.
        """
        ...


class JournalWriter(ClosableStore, Protocol):
    """Writes the journal, the list of raw articles that the broker accepted, by receipt and time.

    By comparing it with the outcomes, lost articles are found. A receipt is the id of one delivery.
    """

    def add_journal_entries(self, entries: Sequence[JournalEntry]) -> None:
        """Add entries to the journal, the list of raw articles that the broker accepted from
        producers.

        Each names a receipt, the id of one delivery of an article. If the journal has an entry for
        that receipt already, the old one is kept.
        """
        ...


class DeadLetterReader(Protocol):
    """Finds, counts and reads dead letters, the stored raw articles that could not be processed."""

    def letters(self, letter_ids: Sequence[str]) -> list[StoredDeadLetter]:
        """Return the dead letters (raw articles that could not be processed) with these ids, in
        their order.

        Unknown ids are left out.
        """
        ...

    def letter_ids(self, query: DeadLetterQuery) -> Sequence[str]:
        """Return the ids of dead letters (raw articles that could not be processed) that match the
        query.

        The one that failed last comes first. At most `query.limit` ids are returned, all if it is
        None.
        """
        ...

    def count_letters(self, query: DeadLetterQuery) -> dict[str, int]:
        """Count the dead letters (raw articles that could not be processed) that match the query,
        by reason.

        Returns reason of the failure -> number of letters, largest first. `query.limit` is ignored.
        """
        ...


class DeadLetterStore(DeadLetterReader, DeadLetterWriter, ClosableStore, Protocol):
    """Writes, reads and removes dead letters, raw articles that could not be processed.

    It also records replays, in which a letter is sent through the worker again.
    """

    def mark_replays(self, replays: Mapping[str, str], *, now: datetime) -> None:
        """Record that dead letters (articles that could not be processed) are sent through the
        worker again.

        `replays` maps the id of a letter to the receipt, the id under which the outcome of the new
        attempt will be stored. `now` is stored as the time of the attempt.
        """
        ...

    def drop_letters(self, letter_ids: Sequence[str]) -> int:
        """Remove the dead letters (articles that could not be processed) with these ids from the
        store.

        Returns how many of them existed.
        """
        ...

    def drop_matching(self, query: DeadLetterQuery, expected: int) -> int:
        """Remove the dead letters (articles that could not be processed) that match the query, if
        there are exactly `expected` of them.

        Returns how many matched; if that is another number, none is removed. `query.limit` is
        ignored.
        """
        ...

    def expire_letters(self, before: datetime) -> int:
        """Remove old dead letters (articles that could not be processed), and return how many.

        Old are those that last failed before `before`. A letter is kept while it is being sent
        through the worker again.
        """
        ...


class AuditStore(JournalReader, DeadLetterReader, JournalWriter, Protocol):
    """The store for finding lost articles: accepted by the broker, but without an outcome in the
    store.

    It reads and writes the journal, the list of what the broker accepted, compares it with the
    outcomes, and reads dead letters, the articles that could not be processed. `held` finds
    articles that wait because their source is paused.
    """

    @property
    def held(self) -> HeldArticleReader: ...

    def tally_receipts(self, since: datetime, until: datetime) -> ReceiptTally:
        """Compare the articles that the broker accepted from `since` until before `until` with the
        outcomes.

        Returns how many of them had which outcome, which ones have no outcome and so may be lost,
        and how many outcomes of that time are for articles that the broker is not known to have
        accepted.
        """
        ...

    def lost_messages(self, since: datetime, until: datetime) -> list[LostMessages]:
        """Return the messages that the broker accepted from producers and then lost.

        A producer numbers its messages, so a missing number shows a lost one. It is noticed by the
        next message of the producer that is stored; returned are the losses for which that one was
        pushed from `since` until before `until`.
        """
        ...


class StatusStore(Protocol):
    """Reads what the store has to say about the state of the whole system, in two statements."""

    def latest_outcomes(self, now: datetime) -> LatestOutcomes:
        """Return how many deliveries have ended in which way, since the first one and lately: in
        the hour of `now` (UTC) and the one before."""
        ...

    def unfinished_work(self) -> UnfinishedWork:
        """Count the standing dead letters (articles that could not be processed) by reason and the
        held articles (those of paused sources) by source, and find out whether a copy is stored
        whose original is not."""
        ...


class ResumingStore(ClosableStore, Protocol):
    """A store that holds the raw articles of paused sources, so that they can be sent back to
    their queues when a source is resumed."""

    @property
    def held(self) -> HeldArticleStore: ...


class OutcomeCounter(ClosableStore, Protocol):
    """A store that can count the outcomes of articles that workers of an earlier version have
    stored without counting them by hour."""

    def count_missed_outcomes(
        self, *, now: datetime, since: datetime | None = None
    ) -> MissedOutcomes:
        """Compare the next 20,000 outcomes or so with the counts by hour, and add those that were
        not counted.

        The comparison begins with the outcomes stored at `since`, the time where the step before
        has ended. By default it begins a little before the time that earlier calls have reached,
        which the store remembers. Workers of any version may go on writing meanwhile.
        """
        ...


class TagMover(Protocol):
    """Converts tags that workers of an earlier version have written to the form of this version.
    Both versions read both forms."""

    def move(self, most: int) -> int:
        """Convert the tags of up to `most` articles from the form of an earlier version to that of
        this one, and return how many articles these were; 0 says that nothing is left to convert.

        Workers of any version may go on writing meanwhile.
        """
        ...


class TagMovingStore(ClosableStore, Protocol):
    """A store that can convert tags that workers of an earlier version have written."""

    @property
    def tag_moves(self) -> TagMover: ...


class AlertStore(ClosableStore, Protocol):
    """Keeps the state of alerts as a text, and chooses the one worker that looks for incidents.

    It is for times in which the broker, which does the same, does not answer or has lost its data.
    """

    def take_alert_turn(self, holder: str, *, now: datetime, until: datetime) -> bool:
        """Ask for the turn of the worker `holder`: to be the only one that looks for incidents.

        Returns True if it has the turn until the time `until`, and False if another worker has it.
        The worker that has the turn may ask again.
        """
        ...

    def write_alert_state(self, state: str, *, holder: str, at: datetime, until: datetime) -> bool:
        """Store the state of alerts as of the time `at`, and prolong the turn of `holder` to
        `until`.

        Nothing is written if a later state is stored. Returns whether it was written.
        """
        ...

    def alert_state(self) -> str:
        """Return the stored state of alerts; "" if there is none."""
        ...


class ExpiringStore(RetainedStore, OutcomeCounter, TagMovingStore, Protocol):
    """A store from which old rows are removed. Before outcomes are, it makes up the counts by
    hour, which stay."""


class ProducerStore(OutcomeReader, RetainedStore, ClosableStore, Protocol):
    """The store for a producer, a program that sends raw articles and asks what became of them.

    It looks up outcomes, also what is known of old ones that were removed, and can be closed.
    """
