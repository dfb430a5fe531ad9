"""`worker report`: a short text, and one file that needs nothing else and shows text as text."""

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests import commands
from tests.make import article, dead, record
from tests.support.hostile_texts import HOSTILE
from worker.cli.report_command import summary
from worker.config.monitoring_rules import AttentionRules
from worker.errors import Reason
from worker.monitoring.period_report import read_period_report
from worker.store.sql_store import SqlStore
from worker.web.report_file import report_html

NOW = datetime.now(UTC)


class Elements(HTMLParser):
    """The elements of a page with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def deliver(store: SqlStore, source: str, hours_ago: float) -> None:
    one = article(f"id:{hours_ago}", source=source)
    store.write([record(one)], [], [], now=NOW - timedelta(hours=hours_ago))


def test_a_report_counts_what_happened_in_its_time(store: SqlStore) -> None:
    deliver(store, "wire", 1)
    deliver(store, "wire", 30)
    deliver(store, "paper", 24 * 20)
    store.write([], [], [dead("x", reason=Reason.EMPTY)], now=NOW)
    store.write([], [], [dead("y")], now=NOW - timedelta(days=20))
    found = read_period_report(store, NOW - timedelta(days=7), NOW)
    assert sum(column.total for column in found.columns) == 3
    assert found.dead_letters == (("empty", 1),)
    assert {s.health.name: sum(s.numbers) for s in found.sources} == {"wire": 3, "paper": 0}
    text = "\n".join(summary(found))
    assert "deliveries  3: new 2, dead 1" in text
    assert "2 sources: new 2" in text


@pytest.mark.parametrize(
    ("hours", "columns"), [(1, 1), (6, 6), (24, 24), (168, 42), (24 * 35, 35), (24 * 365, 53)]
)
def test_any_period_has_at_most_sixty_columns(
    sqlite_store_url: str, hours: int, columns: int
) -> None:
    found = read_period_report(SqlStore(sqlite_store_url), NOW - timedelta(hours=hours), NOW)
    assert len(found.columns) == columns
    assert found.since <= NOW - timedelta(hours=hours - 1)
    assert b"Nothing was delivered" in report_html(found, AttentionRules())


def test_the_file_is_complete_and_has_no_script(sqlite_store_url: str) -> None:
    store = SqlStore(sqlite_store_url)
    for number, text in enumerate(HOSTILE):
        deliver(store, text[:300] or "x", number / 10)
    written = report_html(
        read_period_report(store, NOW - timedelta(days=7), NOW), AttentionRules()
    ).decode()
    elements = Elements(written).found
    names = {name for name, _ in elements}
    assert {"style", "svg", "rect", "table"} <= names
    assert names.isdisjoint({"script", "img", "link", "iframe", "object", "a", "form", "base"})
    handlers = [a for _, attributes in elements for a in attributes if a.startswith("on")]
    addresses = [v for _, a in elements for k, v in a.items() if k in ("src", "href")]
    assert (handlers, addresses) == ([], [])
    style = re.search("<style>(.*?)</style>", written, re.S)
    assert style
    assert "prefers-color-scheme: dark" in style[1]
    assert "url(" not in style[1]


def test_the_command_prints_a_summary_and_writes_the_file(
    sqlite_store_url: str, tmp_path: Path
) -> None:
    deliver(SqlStore(sqlite_store_url), "wire", 1)
    target = tmp_path / "report.html"
    call = commands.on(sqlite_store_url, "redis://127.0.0.1:1/0")
    said = call("report", "--since", "7d", "--html", str(target)).output
    assert "deliveries  1: new 1" in said
    assert "wire" in target.read_text("utf-8")
    assert "must be in the past" in call("report", "--since", "2999-01-01", code=2).output
    assert "deliveries  1: new 1" in call("report", "--since", "0001-01-01").output
