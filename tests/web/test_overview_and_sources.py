"""The overview, the list of sources and the page of one: what they show, what an action does."""

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import redis

from devtools.waiting import until
from tests.make import NOW, article, dead, record
from tests.support.consoles import PASSWORD, Visitor, console
from tests.support.hostile_texts import HOSTILE
from tests.support.statuses import lane, status
from tests.support.stores import sqlite_first
from worker.client.producer import Producer
from worker.errors import Reason
from worker.model.records import OutcomeKind
from worker.monitoring.outcome_columns import outcome_columns, outcome_sums
from worker.monitoring.status_values import Attention, Severity, Status
from worker.settings import Settings
from worker.store.hourly_values import HourlyCount, OutcomeTotals, hour_of
from worker.store.source_values import WindowCount
from worker.store.sql_store import SqlStore
from worker.web.outcome_chart import outcome_chart
from worker.web.rate_meter import Rate, RateMeter
from worker.web.source_watch import source_shares


def deliver(store: SqlStore, source: str, count: int = 1, hours_ago: float = 0) -> None:
    """Let a source deliver this many new articles so long ago."""
    made = [article(f"id:{n} {hours_ago}", source=source, title=f"Story {n}") for n in range(count)]
    store.write([record(one) for one in made], [], [], now=NOW - timedelta(hours=hours_ago))


@pytest.fixture
def reader(store: SqlStore) -> Visitor:
    return Visitor(console(store))


def editor(store: SqlStore, **changes: Any) -> Visitor:
    visitor = Visitor(console(store, password=PASSWORD, **changes))
    visitor.sign_in()
    return visitor


@sqlite_first
def test_the_overview_shows_what_needs_attention_with_since_and_remedy(store: SqlStore) -> None:
    item = Attention(
        name="x",
        severity=Severity.PAGE,
        sentence="no message <b>has</b> ended",
        remedy="look at `worker workers`",
        since=NOW - timedelta(hours=3),
    )
    page = Visitor(console(store, read_status=lambda: status(attention=(item,)))).get("/").text
    assert "No message &lt;b&gt;has&lt;/b&gt; ended" in page
    assert "Look at <code>worker workers</code>" in page
    assert (NOW - timedelta(hours=3)).isoformat() in page
    assert "All is well: 1 worker at work" in Visitor(console(store)).get("/").text


@sqlite_first
def test_the_overview_has_the_figures_that_the_api_has(store: SqlStore) -> None:
    deliver(store, "wire", 3)
    deliver(store, "wire", 2, hours_ago=30)
    store.write([], [], [dead("a"), dead("b", reason=Reason.EMPTY)], now=NOW)
    store.write([], [], [dead("c")], now=NOW - timedelta(days=2))
    busy = status(
        lanes=(lane("live", (2, 0, 0, 0), oldest_s=9.0), lane("bulk", (5, 0, 0, 0), oldest_s=90.0))
    )
    visitor = Visitor(console(store, read_status=lambda: busy))
    shown = visitor.get("/api/overview").json()
    figures = shown["figures"]
    assert (figures["oldest_s"], figures["waiting"], figures["dead_today"]) == (90.0, 7, 2)
    assert [sum(c["outcomes"].values()) for c in shown["hours"]] == [0, 0, 0, 0, 0, 5]
    assert sum(sum(c["outcomes"].values()) for c in shown["week"]) == 8
    assert {row["reason"]: row["letters"] for row in shown["reasons"]} == {
        "malformed": 2,
        "empty": 1,
    }
    assert figures["dead_deliveries_today"] == 2
    page = visitor.get("/").text
    assert "letters stand; 2 deliveries ended dead" in page
    assert "none judged yet: that takes 14 days and 20 articles" in page
    assert f'href="/dead?day={NOW:%Y-%m-%d}"' in page
    assert len(visitor.get(f"/api/dead?day={NOW:%Y-%m-%d}").json()["letters"]) == 2
    for address in ("/api/overview", "/sources?state=silent", "/dead?reason=empty", "/articles"):
        assert address in page


def test_an_action_on_the_letters_of_a_day_leaves_others_alone(store: SqlStore) -> None:
    store.write([], [], [dead("a")], now=NOW)
    store.write([], [], [dead("b")], now=NOW - timedelta(days=2))
    visitor = editor(store)
    day = f"{NOW:%Y-%m-%d}"
    plan = visitor.get(f"/api/dead/plan?day={day}").json()
    assert plan["count"] == 1
    answer = visitor.post("/dead/drop", {"expected": 1, "until": plan["until"], "day": day})
    assert f"day={day}" in answer.headers["location"]
    assert visitor.get("/api/dead/plan").json()["count"] == 1


@sqlite_first
def test_a_page_that_has_not_changed_is_not_sent_again(store: SqlStore, reader: Visitor) -> None:
    first = reader.get("/overview/content")
    assert first.headers["cache-control"] == "no-cache"
    again = reader.get("/overview/content", if_none_match=first.headers["etag"])
    assert (again.status_code, again.body) == (304, b"")
    store.write([], [], [dead("a")], now=NOW)
    changed = reader.get("/overview/content", if_none_match=first.headers["etag"])
    assert changed.status_code == 200
    assert changed.headers["etag"] != first.headers["etag"]


def test_while_broker_or_store_is_away_the_overview_says_so(tmp_path: Path) -> None:
    away = status(
        unreachable=("broker", "store"), workers=(), lanes=(), outcomes=None, attention=()
    )
    gone = SqlStore(f"sqlite:///{tmp_path}/gone/store.db")
    page = Visitor(console(gone, read_status=lambda: away)).get("/")
    assert page.status_code == 200
    assert "The store does not answer" in page.text
    assert "The broker does not answer" in page.text
    failing = Visitor(console(gone)).get("/api/overview").json()  # it fails after the status
    assert failing["unreachable"] == ["store"]


def test_an_empty_system_says_what_to_do(reader: Visitor) -> None:
    assert "worker enqueue" in reader.get("/").text
    assert "worker enqueue" in reader.get("/sources").text
    assert "No source matches" in reader.get("/sources?q=nothing").text
    assert reader.get("/source?name=nothing").status_code == 404
    assert reader.get("/source").status_code == 400


@sqlite_first
def test_sources_are_listed_worst_first_and_paged(store: SqlStore, reader: Visitor) -> None:
    for day in range(30, 12, -1):
        deliver(store, "quiet now", 2, hours_ago=24 * day)
    for day in range(30, -1, -1):
        deliver(store, "steady", 2, hours_ago=24 * day)
    deliver(store, "young", 1)
    found, cursor = [], ""
    while cursor is not None:
        page = reader.get(f"/api/sources?limit=1&cursor={cursor}").json()
        found += [(row["source"], row["health"]["state"]) for row in page["sources"]]
        cursor = page["next_cursor"]
    assert found == [("quiet now", "silent"), ("steady", "ok"), ("young", "new")]
    assert page["states"] == {"ok": 1, "silent": 1, "new": 1, "paused": 0}
    silent = reader.get("/api/sources?state=silent").json()
    assert [row["source"] for row in silent["sources"]] == ["quiet now"]
    assert "young" in reader.get("/sources?q=OUN").text
    assert "steady" not in reader.get("/sources?q=OUN").text
    shown = reader.get("/source?name=quiet+now").text
    assert "silent for longer than its rhythm explains" in shown
    assert 'class="heat-6"' in shown
    rhythm = reader.get("/api/sources/quiet%20now").json()["rhythm"]
    assert [len(day) for day in rhythm] == [24] * 7
    assert reader.get("/api/sources?cursor=abc").status_code == 400


@sqlite_first
def test_the_page_of_a_source_follows_its_articles_from_received_to_shown(
    store: SqlStore, reader: Visitor
) -> None:
    deliver(store, "wire", 4)
    one = article("id:copy", source="wire")
    kind = {"kind": OutcomeKind.DUPLICATE, "cluster_id": article().article_id}
    store.write([record(one, verdict=kind)], [], [dead("x"), dead("y")], now=NOW)
    shown = reader.get("/api/sources/wire").json()
    assert [step[1] for step in shown["funnel"]] == [7, 5, 5, 4]
    assert shown["stored"]["dead_letters"] == {"malformed": 2}
    assert shown["rhythm"] is None
    assert len(shown["recent"]) == 5
    page = reader.get("/source?name=wire").text
    for part in ("it takes 20 articles and 14 days", "Story 3", "/dead?source=wire", "trusted"):
        assert part in page


@pytest.mark.parametrize(
    "name", ["a/b", "..", "x/snooze", "?a=b&c#d", "   spaced  out", "ü\u202e<b>"]
)
def test_a_source_of_any_name_has_a_page(sqlite_store_url: str, name: str) -> None:
    store = SqlStore(sqlite_store_url)
    deliver(store, name, 1)
    visitor = editor(store)
    [row] = visitor.get("/api/sources").json()["sources"]
    page = visitor.get("/sources").text
    href = page.split('class="source" href="')[1].split('"')[0].replace("&amp;", "&")
    assert visitor.get(href).status_code == 200
    assert visitor.get(visitor.get(href).text.split('json-link"><a href="')[1].split('"')[0])
    done = visitor.post("/source/snooze", {"source": row["source"], "hours": 24})
    assert done.status_code == 303
    assert "Nobody is told" in visitor.get(done.headers["location"]).text


@pytest.mark.parametrize("text", HOSTILE[::8])
def test_hostile_names_are_shown_as_text(sqlite_store_url: str, text: str) -> None:
    store = SqlStore(sqlite_store_url)
    deliver(store, text[:300] or "x", 1)
    store.write([], [], [dead("x", source=text[:200] or "y", detail=text)], now=NOW)
    visitor = Visitor(console(store))
    for path in ("/", "/sources"):
        answer = visitor.get(path)
        assert answer.status_code == 200
        assert "<script>alert" not in answer.text


@sqlite_first
def test_a_snooze_is_set_seen_and_ended_and_the_audit_log_has_it(store: SqlStore) -> None:
    deliver(store, "wire", 1)
    visitor = editor(store)
    visitor.post("/source/snooze", {"source": "wire", "hours": 72})
    until_ = (NOW + timedelta(hours=72)).isoformat()
    assert visitor.get("/api/sources/wire").json()["health"]["snoozed_until"] == until_
    assert "End the snooze" in visitor.get("/source?name=wire").text
    assert visitor.post("/source/wake", {"source": "wire"}).status_code == 303
    assert visitor.get("/api/sources/wire").json()["health"]["snoozed_until"] is None
    assert visitor.post("/source/wake", {"source": "wire"}).status_code == 409
    assert visitor.post("/source/snooze", {"source": "none"}).status_code == 404
    assert visitor.post("/source/snooze", {"source": "wire", "hours": 0}).status_code == 400
    done = [
        (e["who"], e["action"], e["about"]) for e in visitor.get("/api/audit").json()["entries"]
    ]
    assert done[:2] == [("ada", "source.woken", "wire"), ("ada", "source.snoozed", "wire")]


@sqlite_first
def test_who_may_only_read_changes_no_source(store: SqlStore) -> None:
    deliver(store, "wire", 1)
    reader = Visitor(console(store))
    assert "set WORKER_WEB_PASSWORD" in reader.get("/source?name=wire").text
    assert reader.post("/source/snooze", {"source": "wire"}).status_code == 403
    visitor = editor(store)
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "http://evil.example"}, {}):
        assert visitor.post("/source/snooze", {"source": "wire"}, headers).status_code == 403
    assert visitor.get("/api/sources/wire").json()["health"]["snoozed_until"] is None
    assert visitor.post("/source/pause", {"source": "wire"}).status_code == 503  # no broker


@pytest.mark.processes
def test_a_source_is_paused_and_resumed_in_the_broker(
    sqlite_store_url: str, valkey_url: str, valkey: redis.Redis
) -> None:
    store = SqlStore(sqlite_store_url)
    deliver(store, "wire", 1)
    settings = Settings(web_password=PASSWORD, broker_url=valkey_url)
    visitor = editor(store, settings=settings, open_producer=partial(Producer, valkey_url))
    assert visitor.post("/source/resume", {"source": "wire"}).status_code == 409
    visitor.post("/source/pause", {"source": "wire", "reason": "floods us"})
    shown = visitor.get("/api/sources/wire").json()
    assert (shown["pause"]["by"], shown["pause"]["reason"]) == ("ada", "floods us")
    assert shown["health"]["state"] == "paused"
    assert "floods us" in visitor.get("/source?name=wire").text
    assert visitor.post("/source/resume", {"source": "wire"}).status_code == 303
    until(lambda: not valkey.hkeys("articles.pauses"), "the pause goes on")


def test_the_rate_is_that_of_the_last_minute() -> None:
    meter = RateMeter()

    def at(seconds: float, ended: int) -> Status:
        totals = OutcomeTotals(outcomes={OutcomeKind.NEW: ended}, dead={})
        return status(at=NOW + timedelta(seconds=seconds), outcomes=totals, lately=totals)

    first = meter.measure(at(0, 3600))
    assert first is not None
    assert (first.articles_per_s, first.seconds) == (1.0, 3600.0)
    second = meter.measure(at(10, 3700))
    assert second is not None
    assert (second.articles_per_s, second.seconds) == (10.0, 10.0)
    smaller = meter.measure(at(20, 5))  # another store
    assert smaller is not None
    assert smaller.articles_per_s < 1
    assert meter.measure(status(outcomes=None)) is None


@pytest.mark.parametrize(
    ("age_s", "expected"),
    [(240.0, (15.0, 240.0)), (7200.0, (1.0, 3600.0)), (0.0, (900.0, 4.0)), (-9.0, (900.0, 4.0))],
)
def test_the_rate_of_a_young_system_is_that_since_it_began(
    age_s: float, expected: tuple[float, float]
) -> None:
    rate = Rate(articles_per_s=1.0, seconds=3600.0).within(age_s)
    assert (rate.articles_per_s, rate.seconds) == expected


@sqlite_first
def test_the_overview_says_the_rate_since_the_first_delivery(store: SqlStore) -> None:
    deliver(store, "wire", 12, hours_ago=0.05)
    totals = OutcomeTotals(outcomes={OutcomeKind.NEW: 12}, dead={})
    young = status(at=NOW, outcomes=totals, lately=totals)
    rate = Visitor(console(store, read_status=lambda: young)).get("/api/overview").json()
    assert rate["figures"]["rate"]["seconds"] == 180.0


@sqlite_first
def test_a_badge_says_how_urgent_and_the_api_keeps_its_words(store: SqlStore) -> None:
    items = tuple(
        Attention(name=name, severity=severity, sentence="s", remedy="r")
        for name, severity in (("x", Severity.PAGE), ("y", Severity.TICKET))
    )
    visitor = Visitor(console(store, read_status=lambda: status(attention=items)))
    page = visitor.get("/").text
    assert '<span class="badge badge-page">urgent</span>' in page
    assert '<span class="badge badge-ticket">soon</span>' in page
    named = visitor.get("/api/overview").json()["attention"]
    assert [item["severity"] for item in named] == ["page", "ticket"]


def test_columns_have_all_hours_and_nothing_else() -> None:
    hour = hour_of(NOW)
    counts = [
        HourlyCount(hour, "new", 2),
        HourlyCount(hour - 3, "dead", 1),
        HourlyCount(hour - 4, "new", 50),
        HourlyCount(hour + 1, "new", 50),
    ]
    columns = outcome_columns(counts, NOW, hours=4, width=2)
    assert [column.total for column in columns] == [1, 2]
    assert columns[1].end - columns[0].start == timedelta(hours=4)
    assert outcome_sums(columns)[OutcomeKind.NEW] == 2


def test_a_chart_is_as_high_as_its_largest_column_and_hides_no_number() -> None:
    hour = hour_of(NOW)
    counts = [HourlyCount(hour, "new", 100_000), HourlyCount(hour, "dead", 1)]
    drawn = outcome_chart(outcome_columns(counts, NOW, hours=2), 'a "label" <b>')
    assert "<b>" not in drawn
    assert 'class="outcome-dead"' in drawn
    assert "style=" not in drawn
    assert "1 dead" in drawn
    assert "<rect" in outcome_chart(outcome_columns([], NOW, hours=2), "empty")


def test_shares_of_nothing_are_nothing() -> None:
    shares = source_shares(
        [
            WindowCount("a", 0, "new", 6),
            WindowCount("a", 0, "duplicate", 2),
            WindowCount("a", 0, "dead", 2),
            WindowCount("a", 0, "language:en", 8),
            WindowCount("b", 0, "language:en", 8),
        ]
    )
    assert (shares["a"].received, shares["a"].dead, shares["a"].copies) == (10, 0.2, 0.25)
    assert (shares["b"].received, shares["b"].dead) == (0, 0.0)
