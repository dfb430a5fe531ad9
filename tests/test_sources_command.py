"""`worker sources` shows which sources are well, and how many articles came in the last day."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
import redis
from click.testing import CliRunner, Result

from tests.commands import on
from tests.make import article, dead, record
from tests.support.deliveries import Deliveries
from tests.support.stores import sqlite_first
from worker.cli import group
from worker.cli.source_health_printing import relative_hour, relative_time
from worker.cli.sparkline import sparkline
from worker.store.hourly_values import hour_of
from worker.store.sql_store import SqlStore


@pytest.mark.parametrize(
    ("numbers", "drawn"),
    [
        ([], ""),
        ([0, 0], "··"),
        ([1], "█"),
        ([8, 4, 1, 0], "█▄▁·"),
        ([1, 1_000_000], "▁█"),  # little is not nothing
        ([999_999, 1_000_000], "██"),
        ([7, 8], "▇█"),
    ],
)
def test_numbers_are_drawn_as_shares_of_the_largest(numbers: Sequence[int], drawn: str) -> None:
    assert sparkline(numbers) == drawn


def test_a_block_may_be_a_share_of_another_number() -> None:
    assert sparkline([0.5, 0.1, 0.0], 1.0) == "▄▁·"
    assert sparkline([3.0], 2.0) == "█"


def run(url: str, *arguments: str, columns: int = 120, broker: str = "") -> Result:
    environment = {"WORKER_STORE_URL": url, "COLUMNS": str(columns)}
    environment |= {"WORKER_BROKER_URL": broker} if broker else {}  # an embedded one that is down
    return CliRunner().invoke(group, ["sources", *arguments], env=environment)


def sources(url: str, *arguments: str, columns: int = 120, broker: str = "") -> str:
    done = run(url, *arguments, columns=columns, broker=broker)
    assert done.exit_code == 0, done.output
    return done.stdout


@sqlite_first
def test_sources_are_listed_with_the_articles_of_the_last_day(
    store: SqlStore, store_url: str
) -> None:
    now = datetime.now(UTC)
    batch = [record(article(f"id:{n}")) for n in range(3)]
    store.write(batch, [], [dead()], now=now - timedelta(hours=2))
    again = [record(article(f"id:{n}")) for n in range(3)]
    store.write(again, [], [], now=now)  # unchanged, so nothing new came
    store.write([record(article(source="old"))], [], [], now=now - timedelta(days=3))

    hours = {s["source"]: s["last_hours"] for s in json.loads(sources(store_url, "--json"))}
    assert {len(numbers) for numbers in hours.values()} == {24}
    assert hours["old"] == [0] * 24
    assert sum(hours["wire"]) == max(hours["wire"]) == 3
    listed = sources(store_url)
    assert "█" in listed
    assert "·" * 24 in listed

    one = json.loads(sources(store_url, "wire", "--json"))
    assert one["last_hours"] == hours["wire"]
    assert "new        3 articles in 24 h  ····" in sources(store_url, "wire")
    assert "new        0 articles in 24 h  " + "·" * 24 in sources(store_url, "old")


def five_weeks(now: datetime) -> Deliveries:
    """A source that is fine, one that is silent, a feed that is frozen, and a new source."""
    deliveries, hour = Deliveries(), hour_of(now)
    deliveries.add("fine", range(hour - 800, hour))
    deliveries.add("quiet", range(hour - 800, hour - 100), articles=3)
    deliveries.add("frozen", range(hour - 800, hour - 100))
    deliveries.add("frozen", range(hour - 800, hour), "unchanged", 9)
    deliveries.add("young", range(hour - 30, hour))
    undated = ("language:en", "undated")
    deliveries.add("changed", range(hour - 800, hour - 60))
    deliveries.add("changed", range(hour - 60, hour), traits=undated)
    return deliveries


@sqlite_first
def test_sources_are_listed_worst_first(store: SqlStore, store_url: str) -> None:
    deliveries = five_weeks(datetime.now(UTC))
    deliveries.store_in(store_url)
    assert store.source("fine") is not None
    title, header, *lines = sources(store_url).splitlines()
    assert title == "5 sources: 2 ok, 2 silent, 1 new"
    assert header.split("  ")[0] == "source"
    rows = {line.split()[0]: line for line in lines if line}
    assert list(rows) == ["quiet", "frozen", "changed", "fine", "young"]
    assert "silent  4 d ago" in rows["quiet"]
    assert "nothing-delivered" in rows["quiet"]
    assert "feed-frozen" in rows["frozen"]
    assert "undated" in rows["changed"]
    assert " in " in rows["fine"]  # when it is due
    listed = json.loads(sources(store_url, "--json"))
    assert [s["source"] for s in listed] == list(rows)
    assert {"receipts", "dead", "first_seen", "last_seen", "ids", "last_hours"} < listed[0].keys()
    health = listed[1]["health"]
    assert (health["state"], health["cause"]) == ("silent", "feed-frozen")
    assert health["last_polled"] > health["last_new"]
    assert listed[2]["health"]["drift"][0]["what"] == "undated"


@pytest.mark.parametrize(
    ("hour", "minute", "words"),
    [(12, 0, "this hour"), (12, 59, "this hour"), (11, 59, "1 h ago"), (0, 30, "12 h ago")],
)
def test_of_the_last_new_article_only_the_hour_is_said(hour: int, minute: int, words: str) -> None:
    now = datetime(2026, 11, 30, 12, minute if hour == 12 else 1, tzinfo=UTC)
    assert relative_hour(datetime(2026, 11, 30, hour, tzinfo=UTC), now) == words


@sqlite_first
def test_one_source_is_shown_with_its_rhythm(store: SqlStore, store_url: str) -> None:
    now = datetime.now(UTC)
    deliveries, hour = Deliveries(), hour_of(now)
    office = [h for h in range(hour - 800, hour) if h % 24 in range(8, 18)]
    deliveries.add("office", office)
    deliveries.store_in(store_url)
    shown = sources(store_url, "office")
    assert "  state      ok\n" in shown
    assert "  rhythm     " in shown
    days = [line.split()[1] for line in shown.splitlines() if line.startswith("    ")][:7]
    assert {len(day) for day in days} == {24}
    assert all(day[2] == "·" for day in days)
    assert all(day[12] not in "·▁▂▃" for day in days)

    health = json.loads(sources(store_url, "office", "--json"))["health"]
    assert [len(day) for day in health["rhythm"]] == [24] * 7
    assert health["due"] is not None

    store.write([record(article(source="young"))], [], [], now=now)
    shown = sources(store_url, "young")
    assert "new: it has delivered too little to be judged" in shown
    assert "not learned yet" in shown
    assert json.loads(sources(store_url, "young", "--json"))["health"]["rhythm"] is None


@sqlite_first
def test_that_nothing_arrives_is_said_once_and_not_while_nobody_knows_what_waits(
    store: SqlStore, store_url: str, valkey: redis.Redis, valkey_url: str
) -> None:
    now = datetime.now(UTC)
    deliveries, hour = Deliveries(), hour_of(now)
    for number in range(5):
        deliveries.add(f"s{number}", range(hour - 800, hour - 100))
    deliveries.store_in(store_url)
    assert sources(store_url, broker=valkey_url).count("nothing arrives since") == 1
    without_broker = run(store_url, broker="redis://127.0.0.1:1/0")
    assert "nothing arrives" not in without_broker.stdout
    assert "the broker does not answer" in without_broker.stderr
    on(store_url, valkey_url)("pause", "--source", "s1")
    found = json.loads(sources(store_url, "--json", broker=valkey_url))
    states = {each["source"]: each["health"]["state"] for each in found}
    assert states == {"s1": "paused"} | dict.fromkeys(("s0", "s2", "s3", "s4"), "silent")
    assert store.snooze_source("s0", now + timedelta(days=1))
    assert "  snoozed until" in sources(store_url).splitlines()[-2]


def test_a_source_is_snoozed_and_woken(store: SqlStore, store_url: str) -> None:
    five_weeks(datetime.now(UTC)).store_in(store_url)
    in_two_days = datetime.now(UTC) + timedelta(days=2)
    said = sources(store_url, "snooze", "quiet", "--for", "2d")
    assert said == f"quiet is snoozed until {in_two_days:%Y-%m-%d %H:%M}\n"
    assert "snoozed    until" in sources(store_url, "quiet")
    health = {s["source"]: s["health"] for s in json.loads(sources(store_url, "--json"))}
    assert health["quiet"]["snoozed_until"] is not None
    assert health["frozen"]["snoozed_until"] is None
    assert next(iter(health)) == "frozen"  # what is snoozed is not the worst
    assert sources(store_url, "snooze", "quiet", "--until", "2099-01-02 03:00") == (
        "quiet is snoozed until 2099-01-02 03:00\n"
    )
    assert sources(store_url, "wake", "quiet") == "quiet is not snoozed any more\n"
    assert sources(store_url, "wake", "quiet") == "quiet was not snoozed\n"
    assert "snoozed" not in sources(store_url, "quiet")


@sqlite_first
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("nobody",), 1),
        (("snooze", "nobody", "--for", "2d"), 1),
        (("wake", "nobody"), 1),
        (("snooze", "wire"), 2),
        (("snooze", "wire", "--for", "2d", "--until", "2099-01-01"), 2),
        (("snooze", "wire", "--for", "0d"), 2),
        (("snooze", "wire", "--for", "-1d"), 2),
        (("snooze", "wire", "--for", "99999999w"), 2),
        (("snooze", "wire", "--for", "soon"), 2),
        (("snooze", "wire", "--for", ""), 2),
        (("snooze", "wire", "--until", "2020-01-01"), 2),
        (("snooze", "wire", "--until", "someday"), 2),
        (("snooze", "wire", "--until", "9999-12-31T23:00-12:00"), 2),
    ],
)
def test_wrong_usage_and_unknown_sources_have_exit_codes(
    store: SqlStore, store_url: str, arguments: tuple[str, ...], code: int
) -> None:
    store.write([record(article())], [], [], now=datetime.now(UTC))
    done = run(store_url, *arguments)
    assert done.exit_code == code, done.output
    assert store.source_clocks()[0].snoozed_until is None


@sqlite_first
def test_a_source_may_have_the_name_of_a_command(store: SqlStore, store_url: str) -> None:
    store.write([record(article(source="wake"))], [], [], now=datetime.now(UTC))
    assert sources(store_url, "show", "wake").startswith("wake\n")
    assert json.loads(sources(store_url, "show", "--json"))[0]["source"] == "wake"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "now"), (59, "now"), (-60, "1 min ago"), (7200, "in 2 h"), (-3 * 86_400, "3 d ago")],
)
def test_times_are_told_as_distances(seconds: int, text: str) -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    assert relative_time(now + timedelta(seconds=seconds), now) == text
