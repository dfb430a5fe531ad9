"""Operations of the API on the whole system: clusters, changes, status, audit log."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from pydantic import Field
from starlette.exceptions import HTTPException

from worker.monitoring.status_values import Status
from worker.store.access_values import AuditEntry
from worker.store.listing_values import ClusterPosition, ClusterSummary
from worker.store.values import Change
from worker.web.api_operations import Arguments, Operation, asked_position
from worker.web.caller import Caller
from worker.web.console_context import Console
from worker.web.cursors import cursor_of


class ClusterListing(Arguments):
    """Which page of the list of clusters (groups of copies) of the last `hours` hours is wanted:
    the `cursor` that the page before gave, "" for the first, and the greatest number of
    clusters, `limit`."""

    hours: int = Field(24, ge=1, le=24 * 7, description="Articles first seen in the last hours.")
    cursor: str = Field("", max_length=500, description="`next_cursor` of the page before.")
    limit: int = Field(50, ge=1, le=100, description="Number of clusters of a page.")


class ChangeListing(Arguments):
    """Which page of the change feed is wanted: `cursor` is the one that the page before gave, ""
    for the first page, and `limit` the greatest number of changes."""

    cursor: str = Field(
        "start", max_length=100, description="`start`, `now`, or the cursor of the last change read"
    )
    limit: int = Field(50, ge=1, le=200, description="Number of changes of a page.")


class AuditListing(Arguments):
    """Which page of the audit log is wanted."""

    cursor: str = Field("", max_length=200, description="`next_cursor` of the page before.")
    limit: int = Field(50, ge=1, le=500, description="Number of entries of a page.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterList:
    """A page of the list of clusters (an article and its copies each), most sources first.

    `next_cursor` asks for the next page; null at the end. If `is_complete` is False, the period has
    more articles than are looked at, and its oldest ones were left out.
    """

    since: datetime
    clusters: tuple[ClusterSummary, ...]
    next_cursor: str | None
    is_complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeList:
    """A page of the change feed, which lists changes of stored articles, the oldest first.

    `next_cursor` asks for the changes after this page. If the page is full, ask at once, otherwise
    later, when there may be new ones.
    """

    changes: tuple[Change, ...]
    next_cursor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditList:
    """A page of the audit log, the latest entry first."""

    entries: tuple[AuditEntry, ...]
    next_cursor: str | None


class _AuditPosition(NamedTuple):
    number: int


class _PeriodPosition(NamedTuple):
    """A position in the list of clusters (groups of copies) of the last hours, after which the next
    page begins.

    `since` is when the listed period begins. It is kept from the first page on, so that all pages
    show the same period.
    """

    since: datetime
    seq: int
    sources: int
    articles: int
    cluster_id: str


def list_clusters(console: Console, _: Caller, wanted: ClusterListing) -> ClusterList:
    """Return a page of the clusters (an article and its copies each) of the last hours, those
    with the most sources first."""
    at = asked_position(wanted.cursor, _PeriodPosition)
    since = at.since if at else console.now() - timedelta(hours=wanted.hours)
    after = ClusterPosition(*at[1:]) if at else None
    page = console.store.listings.cluster_page(since, after, wanted.limit)
    return ClusterList(
        since=since,
        clusters=page.clusters,
        next_cursor=cursor_of(_PeriodPosition(since, *page.next)) if page.next else None,
        is_complete=page.is_complete,
    )


def list_changes(console: Console, _: Caller, wanted: ChangeListing) -> ChangeList:
    """Return the changes of articles after a position in the change feed, the oldest first."""
    try:
        cursor = console.store.cursor(wanted.cursor or "start")
        changes = console.store.changes(cursor, wanted.limit)
    except LookupError as e:
        raise HTTPException(400, f"cursor: {e.args[0]}") from e
    return ChangeList(changes=tuple(changes), next_cursor=changes[-1].cursor if changes else cursor)


def show_status(console: Console, _: Caller, __: Arguments) -> Status:
    """Return the state of the whole system: queues, workers, store, and what needs attention."""
    return console.read_status()


def list_audit_entries(console: Console, _: Caller, wanted: AuditListing) -> AuditList:
    """Return a page of the log of who did what, the latest entry first."""
    at = asked_position(wanted.cursor, _AuditPosition)
    found = console.store.access.audit_entries(at.number if at else None, wanted.limit + 1)
    page = tuple(found[: wanted.limit])
    position = _AuditPosition(page[-1].number) if len(found) > wanted.limit else None
    return AuditList(entries=page, next_cursor=cursor_of(position))


OPERATIONS = (
    Operation(
        path="/api/clusters",
        summary="List the clusters of the last hours, those with the most sources first.",
        arguments=ClusterListing,
        answer=ClusterList,
        run=list_clusters,
    ),
    Operation(
        path="/api/changes",
        summary="Read the change feed on from a position.",
        arguments=ChangeListing,
        answer=ChangeList,
        run=list_changes,
    ),
    Operation(
        path="/api/status",
        summary="Show the state of the whole system.",
        arguments=Arguments,
        answer=Status,
        run=show_status,
    ),
    Operation(
        path="/api/audit",
        summary="List who did what, the latest first.",
        arguments=AuditListing,
        answer=AuditList,
        run=list_audit_entries,
    ),
)
