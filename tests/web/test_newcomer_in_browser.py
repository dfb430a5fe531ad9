"""Somebody who opens the console for the first time finds what people ask most, by few clicks from
the first page. Needs Chromium and the extra `browser`."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from devtools.lived_in_store import fill
from devtools.waiting import until
from tests.make import NOW, article, dead, record, tag
from tests.support.browser_tabs import served, sign_in, tab
from tests.support.consoles import PASSWORD, console
from tests.support.statuses import status
from worker.client.producer import Producer
from worker.errors import Reason
from worker.model.records import OutcomeKind
from worker.monitoring.status_values import Attention, Severity
from worker.store.dead_letter_values import DeadLetterQuery
from worker.store.sql_store import SqlStore

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.long, pytest.mark.processes]
MOST_CLICKS = 4
_STANDING = DeadLetterQuery()
LOST = "0190b0a5-7c11-7000-8000-0000000000aa"  # receipt of an article that is missing
FIRED, NEVER = "medtop:17000000/en", "medtop:17000000/de"


class Newcomer:
    """Somebody who begins at the first page and clicks on what is written there."""

    def __init__(self, page: "Page", base: str) -> None:
        self.page = page
        self.clicks = 0
        page.goto(base)

    def click(self, text: str, *, exact: bool = False) -> None:
        """Click on the first link or button with this text."""
        self.clicks += 1
        assert self.clicks <= MOST_CLICKS
        pages = self.page.get_by_role("link", name=text, exact=exact)
        buttons = self.page.get_by_role("button", name=text, exact=exact)
        with self.page.expect_navigation():
            pages.or_(buttons).first.click()

    def search(self, text: str) -> None:
        """Put a text into the field at the top."""
        self.clicks += 1
        self.page.fill("#find", text)
        with self.page.expect_navigation():
            self.page.press("#find", "Enter")

    @property
    def sees(self) -> str:
        return self.page.inner_text("main")


def prepare(store: SqlStore) -> None:
    """A store with a life before: a silent source, a story with copies, letters, one rule."""
    fill(store, NOW)
    first = article(
        "id:story", source="Harbour Gazette", title="Bridge opens early", published=NOW, text="a b"
    )
    by_rule = tag("medtop:17000000", label="weather", method="rule", rule=FIRED)
    store.write([record(first, tags=(by_rule,))], [], [], now=NOW - timedelta(minutes=50))
    for minutes, source in ((40, "Radio Coast"), (20, "Ostkurier")):
        copy = article("id:copy", source=source, title=f"Bridge opens, says {source}", text="a b")
        kind = {"kind": OutcomeKind.DUPLICATE, "cluster_id": first.article_id}
        store.write([record(copy, verdict=kind)], [], [], now=NOW - timedelta(minutes=minutes))
    lost = dead("<p></p>", receipt=LOST, reason=Reason.EMPTY, detail="fewer than 3 letters to read")
    crashed = [dead(f"letter {n}", reason=Reason.CRASHED) for n in range(3)]
    store.write([], [], [lost, *crashed], now=NOW)


@contextmanager
def newcomer(chrome: "Browser", url: str, broker: str = "") -> Iterator[tuple[Newcomer, SqlStore]]:
    store = SqlStore(url)
    prepare(store)
    attention = Attention(
        name="source-silent",
        severity=Severity.TICKET,
        sentence="the source Northmouth Post is silent for longer than usual",
        remedy="run `worker sources`",
        about="Northmouth Post",
    )
    shown = console(
        store,
        password=PASSWORD,
        now=lambda: NOW + timedelta(minutes=1),
        read_status=lambda: status(attention=(attention,)),
        open_producer=lambda: Producer(broker),
    )
    with served(shown) as base, tab(chrome, base) as (page, wrong):
        sign_in(page, base)
        yield Newcomer(page, base), store
        assert wrong == []


def test_why_an_article_is_missing(chrome: "Browser", sqlite_store_url: str) -> None:
    with newcomer(chrome, sqlite_store_url) as (visitor, _):
        visitor.search(LOST)
        assert "empty" in visitor.sees
        assert "fewer than 3 letters to read" in visitor.sees


def test_who_had_a_story_first(chrome: "Browser", sqlite_store_url: str) -> None:
    with newcomer(chrome, sqlite_store_url) as (visitor, _):
        visitor.click("Clusters")
        visitor.click("Bridge opens")
        first = visitor.page.locator(".timeline li").first.inner_text()
        assert "Harbour Gazette" in first
        assert "first" in first
        assert "+10 min" in visitor.sees


@pytest.mark.parametrize("way", [("The source",), ("2", "Northmouth Post")])
def test_which_source_went_quiet(
    chrome: "Browser", sqlite_store_url: str, way: tuple[str, ...]
) -> None:
    with newcomer(chrome, sqlite_store_url) as (visitor, _):
        assert "Northmouth Post is silent" in visitor.sees
        for text in way:
            visitor.click(text, exact=True)
        assert visitor.page.inner_text("h1") == "Northmouth Post"
        assert "It is silent for longer than its rhythm explains" in visitor.sees


def test_which_rule_never_fires(chrome: "Browser", sqlite_store_url: str) -> None:
    with newcomer(chrome, sqlite_store_url) as (visitor, _):
        visitor.click("Rules")
        visitor.click("Have not fired")
        shown = visitor.page.evaluate(
            "Array.from(document.querySelectorAll('.rule a'), each => each.href)"
        )
        ids = [link.partition("id=")[2].replace("%3A", ":").replace("%2F", "/") for link in shown]
        assert NEVER in ids
        assert FIRED not in ids


def test_how_to_replay_all_dead_letters_of_one_reason(
    chrome: "Browser", sqlite_store_url: str, valkey_url: str
) -> None:
    with newcomer(chrome, sqlite_store_url, valkey_url) as (visitor, store):
        visitor.click("3 letters: crashed")
        visitor.click("Replay …")
        assert "Replay 3 dead letters?" in visitor.sees
        assert "dry run" in visitor.sees
        visitor.click("Replay 3 letters")
        assert "Replaying 3 dead letters." in visitor.sees
        sent = "text=The last replay sent 3 of 3 letters"
        visitor.page.wait_for_selector(sent, timeout=60_000)
        until(lambda: "crashed" not in store.count_letters(_STANDING), lambda: "still dead")


def test_a_broker_that_goes_away_and_comes_back_is_told_without_a_click(
    chrome: "Browser", sqlite_store_url: str
) -> None:
    store = SqlStore(sqlite_store_url)
    away = [False]
    shown = console(store, read_status=lambda: status(unreachable=("broker",) if away[0] else ()))
    with served(shown) as base, tab(chrome, base) as (page, wrong):
        page.goto(base)
        gone = "text=the broker does not answer"
        assert "broker does not answer" not in page.inner_text("main")
        away[0] = True
        page.wait_for_selector(f"{gone} >> nth=0", timeout=60_000)
        away[0] = False
        page.wait_for_selector(f"{gone} >> nth=0", state="detached", timeout=60_000)
        assert wrong == []
