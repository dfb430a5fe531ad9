"""The store in an SQLite or PostgreSQL database; it implements all protocols of
worker.store.ports.

It is one class because callers get one object, under whichever protocols they need. Each method
only opens a transaction and calls the function of another module that does the work.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from worker.model.records import (
    NO_ATTEMPT,
    Article,
    Attempt,
    DeadLetter,
    Fingerprint,
    JournalEntry,
    Outcome,
    OutcomeKind,
    Record,
    Retagged,
    StoredIdentity,
    StoredRecord,
    Withdrawal,
)
from worker.model.unchanged import KnownDeliveries, UnchangedArticle
from worker.store import dead_letters, stale_records, stored_receipts
from worker.store.clusters import cluster_queries
from worker.store.clusters.sql_clusters import SqlClusters
from worker.store.database.connections import StoreConnections
from worker.store.dead_letter_values import DeadLetterQuery, StoredDeadLetter
from worker.store.held_articles import SqlHeldArticles
from worker.store.hourly_values import (
    HourlyCount,
    LatestOutcomes,
    MissedOutcomes,
    OutcomeTotals,
)
from worker.store.ledger_values import LostMessages, ReceiptTally
from worker.store.ports import ArticleStore
from worker.store.reading import (
    article_view,
    changes,
    display_titles,
    export,
    lookup,
    outcome_stats,
    source_activity,
    source_stats,
)
from worker.store.reading.known_deliveries import known_deliveries
from worker.store.reading.search import search
from worker.store.retention.sql_retention import SqlRetention
from worker.store.source_values import SourceClock, SourceHours, WindowCount
from worker.store.sql_access import SqlAccess
from worker.store.sql_listings import SqlListings
from worker.store.sql_tag_moves import SqlTagMoves
from worker.store.unfinished_work import unfinished_work
from worker.store.values import (
    Change,
    DisplayTitle,
    Query,
    RemovedLineCount,
    SearchHit,
    SourceDetails,
    SourceSeen,
    StoredArticle,
    UnfinishedWork,
)
from worker.store.view_values import ArticleView
from worker.store.writing import missed_outcomes, stored_alerts, withdraw
from worker.store.writing.batch_decisions import WriteBatch
from worker.store.writing.write import write


class SqlStore:
    """The store in an SQLite or PostgreSQL database: articles, outcomes, dead letters, clusters,
    changes.

    It connects to the database on first use, and anew in a forked child process. The methods are
    documented in the protocols of worker.store.ports.
    """

    def __init__(self, url: str) -> None:
        self._connections = StoreConnections(url)
        self._reading = self._connections.reading
        self._writing = self._connections.writing

    def outcomes(self, receipts: Sequence[str]) -> dict[str, Outcome]:
        with self._reading() as connection:
            return lookup.outcomes(connection, receipts)

    def known_deliveries(
        self, receipts: Sequence[str], article_ids: Sequence[str]
    ) -> KnownDeliveries:
        with self._reading() as connection:
            return known_deliveries(connection, receipts, article_ids)

    def payload_hashes(self, receipts: Sequence[str]) -> dict[str, str]:
        with self._reading() as connection:
            return lookup.payload_hashes(connection, receipts)

    def latest_identities(self, articles: Sequence[Article]) -> list[StoredIdentity | None]:
        with self._reading() as connection:
            return lookup.latest_identities(connection, articles)

    def fingerprints(self, article_ids: Sequence[str]) -> dict[str, Fingerprint]:
        with self._reading() as connection:
            return lookup.fingerprints(connection, article_ids)

    def write(
        self,
        records: Sequence[Record],
        withdrawals: Sequence[Withdrawal],
        dead: Sequence[DeadLetter],
        *,
        unchanged: Sequence[UnchangedArticle] = (),
        now: datetime,
        handling: Attempt = NO_ATTEMPT,
        traces: Mapping[str, str] = {},
    ) -> list[Outcome]:
        batch = WriteBatch(
            traces=traces,
            unchanged=tuple(unchanged),
            records=tuple(records),
            withdrawals=tuple(withdrawals),
            dead=tuple(dead),
        )
        with self._writing() as connection:
            outcomes = write(connection, batch, now, handling)
        withdrawn = [
            o.article_id for o in outcomes if o.kind is OutcomeKind.WITHDRAWN and o.article_id
        ]
        if withdrawn:
            with self._writing() as connection:
                withdraw.mark_orphans(connection, withdrawn)
        return outcomes

    def write_dead_letters(
        self, letters: Sequence[DeadLetter], *, now: datetime, handling: Attempt = NO_ATTEMPT
    ) -> list[Outcome]:
        batch = WriteBatch(records=(), withdrawals=(), dead=tuple(letters))
        with self._writing() as connection:
            return write(connection, batch, now, handling)

    def cluster_members(self, article_ids: Collection[str], limit: int) -> dict[str, list[str]]:
        with self._reading() as connection:
            return cluster_queries.other_members(connection, article_ids, limit)

    def search(self, query: Query) -> list[SearchHit]:
        with self._reading() as connection:
            return search(connection, query)

    def show(self, article_id: str, most_texts: int | None = None) -> ArticleView | None:
        """Return everything stored about an article, or None if the id is unknown.

        `article_id` may be only the beginning of an id. Raises LookupError, with a list of ids, if
        several articles have ids that begin so. If `most_texts` is given, only so many revisions
        are read, the newest ones, and only so many texts that were held back.
        """
        with self._reading() as connection:
            return article_view.show(connection, article_id, most_texts)

    def listing(self, receipts: Sequence[str]) -> list[tuple[Outcome, SearchHit | None]]:
        with self._reading() as connection:
            return lookup.listing(connection, receipts)

    def letters(self, letter_ids: Sequence[str]) -> list[StoredDeadLetter]:
        with self._reading() as connection:
            return dead_letters.letters(connection, letter_ids)

    def letter_ids(self, query: DeadLetterQuery) -> Sequence[str]:
        with self._reading() as connection:
            return dead_letters.letter_ids(connection, query)

    def count_letters(self, query: DeadLetterQuery) -> dict[str, int]:
        with self._reading() as connection:
            return dead_letters.count_letters(connection, query)

    def mark_replays(self, replays: Mapping[str, str], *, now: datetime) -> None:
        with self._writing() as connection:
            dead_letters.mark_replays(connection, replays, now)

    def drop_letters(self, letter_ids: Sequence[str]) -> int:
        with self._writing() as connection:
            return dead_letters.drop_letters(connection, letter_ids)

    def drop_matching(self, query: DeadLetterQuery, expected: int) -> int:
        with self._writing() as connection:
            return dead_letters.drop_matching(connection, query, expected)

    def expire_letters(self, before: datetime) -> int:
        with self._writing() as connection:
            return dead_letters.expire_letters(connection, before)

    def titles(self, article_ids: Sequence[str]) -> dict[str, DisplayTitle]:
        with self._reading() as connection:
            return display_titles.titles(connection, article_ids)

    def find_articles(self, keys: Sequence[str], urls: Sequence[str]) -> Sequence[str]:
        with self._reading() as connection:
            return display_titles.find_articles(connection, keys, urls)

    def count(self, query: Query) -> int:
        with self._reading() as connection:
            return export.count(connection, query)

    def articles(self, query: Query, *, all_revisions: bool = False) -> Iterator[StoredArticle]:
        last = 0
        while ids := self._revision_ids(query, last, all_revisions):
            for start in range(0, len(ids), export.PAGE):
                page_ids = ids[start : start + export.PAGE]
                with self._reading() as connection:
                    page = export.page(connection, page_ids, all_revisions=all_revisions)
                yield from page
            last = ids[-1]

    def _revision_ids(self, query: Query, after: int, all_revisions: bool) -> Sequence[int]:
        with self._reading() as connection:
            return export.ids(connection, query, after, all_revisions=all_revisions)

    def article_ids(self, query: Query) -> Sequence[str]:
        with self._reading() as connection:
            return export.first_ids(connection, query)

    def cursor(self, since: str) -> str:
        with self._reading() as connection:
            return changes.cursor(connection, since)

    def changes(self, cursor: str, limit: int = changes.PAGE) -> list[Change]:
        with self._reading() as connection:
            return changes.page(connection, cursor, min(limit, changes.PAGE))

    def stale_revisions(
        self, query: Query, part: str, version: str, after: int, limit: int
    ) -> list[tuple[int, str]]:
        with self._reading() as connection:
            return stale_records.stale_revisions(connection, query, part, version, after, limit)

    def count_stale(self, query: Query, part: str, version: str) -> int:
        with self._reading() as connection:
            return stale_records.count_stale(connection, query, part, version)

    def without_payload(self, query: Query, version: str, limit: int) -> tuple[int, Sequence[str]]:
        with self._reading() as connection:
            return stale_records.without_payload(connection, query, version, limit)

    def records(self, article_ids: Sequence[str]) -> list[StoredRecord]:
        with self._reading() as connection:
            return stale_records.records(connection, article_ids)

    def retag(self, retagged: Sequence[Retagged], *, now: datetime) -> int:
        with self._writing() as connection:
            return stale_records.retag(connection, retagged, now)

    def delete(self, article_ids: Sequence[str], *, now: datetime) -> int:
        with self._writing() as connection:
            deleted = withdraw.delete(connection, article_ids, now)
        with self._writing() as connection:
            withdraw.mark_orphans(connection, article_ids)
        return deleted

    def letters_of_source(
        self, source: str, before: datetime | None, after: str = ""
    ) -> list[StoredDeadLetter]:
        with self._reading() as connection:
            return withdraw.letters_of_source(connection, source, before, after)

    def clear_letters(self, letter_ids: Sequence[str]) -> None:
        with self._writing() as connection:
            withdraw.clear_letters(connection, letter_ids)

    def add_journal_entries(self, entries: Sequence[JournalEntry]) -> None:
        with self._writing() as connection:
            stored_receipts.add_journal_entries(connection, entries)

    def journal_entries(self, receipts: Sequence[str]) -> list[JournalEntry]:
        with self._reading() as connection:
            return stored_receipts.journal_entries(connection, receipts)

    def tally_receipts(self, since: datetime, until: datetime) -> ReceiptTally:
        with self._reading() as connection:
            return stored_receipts.tally_receipts(connection, since, until)

    def lost_messages(self, since: datetime, until: datetime) -> list[LostMessages]:
        with self._reading() as connection:
            return stored_receipts.lost_messages(connection, since, until)

    def sources(self) -> list[SourceSeen]:
        with self._reading() as connection:
            return source_stats.all_sources(connection)

    def source(self, name: str) -> SourceDetails | None:
        with self._reading() as connection:
            return source_stats.one_source(connection, name)

    def removed_lines(self, source: str) -> list[RemovedLineCount]:
        with self._reading() as connection:
            return source_stats.removed_lines(connection, source)

    def outcomes_by_hour(
        self, since: datetime, source: str | None = None, outcome: OutcomeKind | None = None
    ) -> list[HourlyCount]:
        with self._reading() as connection:
            return outcome_stats.outcomes_by_hour(connection, since, source, outcome)

    def last_hours_by_source(
        self,
        now: datetime,
        hours: int = 24,
        *,
        kinds: Collection[OutcomeKind] = (),
        source: str | None = None,
    ) -> dict[str, tuple[int, ...]]:
        with self._reading() as connection:
            return outcome_stats.last_hours_by_source(
                connection, now, hours, kinds=kinds, source=source
            )

    def outcome_totals(self, source: str | None = None) -> OutcomeTotals:
        with self._reading() as connection:
            return outcome_stats.outcome_totals(connection, source)

    def latest_outcomes(self, now: datetime) -> LatestOutcomes:
        with self._reading() as connection:
            return outcome_stats.latest_outcomes(connection, now)

    def unfinished_work(self) -> UnfinishedWork:
        with self._reading() as connection:
            return unfinished_work(connection)

    def source_clocks(self) -> list[SourceClock]:
        with self._reading() as connection:
            return source_activity.source_clocks(connection)

    def source_hours(self, now: datetime, hours: int) -> list[SourceHours]:
        with self._reading() as connection:
            return source_activity.source_hours(connection, now, hours)

    def window_counts(self, now: datetime, hours: int, windows: int) -> list[WindowCount]:
        with self._reading() as connection:
            return source_activity.window_counts(connection, now, hours, windows)

    def snooze_source(self, source: str, until: datetime) -> bool:
        with self._writing() as connection:
            return source_activity.snooze_source(connection, source, until)

    def wake_source(self, source: str) -> bool:
        with self._writing() as connection:
            return source_activity.wake_source(connection, source)

    def count_missed_outcomes(
        self, *, now: datetime, since: datetime | None = None
    ) -> MissedOutcomes:
        with self._writing() as connection:
            return missed_outcomes.count_missed(connection, now, since)

    def take_alert_turn(self, holder: str, *, now: datetime, until: datetime) -> bool:
        with self._writing() as connection:
            return stored_alerts.take_turn(connection, holder, now=now, until=until)

    def write_alert_state(self, state: str, *, holder: str, at: datetime, until: datetime) -> bool:
        with self._writing() as connection:
            return stored_alerts.write_state(connection, state, holder=holder, at=at, until=until)

    def alert_state(self) -> str:
        with self._reading() as connection:
            return stored_alerts.read_state(connection)

    @property
    def clusters(self) -> SqlClusters:
        return SqlClusters(self._reading, self._writing)

    @property
    def held(self) -> SqlHeldArticles:
        return SqlHeldArticles(self._reading, self._writing)

    @property
    def retention(self) -> SqlRetention:
        return SqlRetention(self._reading, self._writing)

    @property
    def tag_moves(self) -> SqlTagMoves:
        return SqlTagMoves(self._writing)

    @property
    def listings(self) -> SqlListings:
        return SqlListings(self._reading)

    @property
    def access(self) -> SqlAccess:
        return SqlAccess(self._reading, self._writing)

    def close(self) -> None:
        self._connections.close()


if TYPE_CHECKING:

    def _implements_all_ports(store: SqlStore) -> ArticleStore:
        return store
