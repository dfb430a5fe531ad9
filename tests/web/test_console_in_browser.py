"""The console in a real browser: hostile texts, accessibility, the keyboard, and every action.

They need Chromium and the extra `browser`; without them the tests are skipped with the reason.
"""

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from devtools.waiting import until
from tests.make import NOW, article, dead, record
from tests.support.browser_tabs import served, sign_in, tab
from tests.support.consoles import PASSWORD, console
from tests.support.hostile_store import fill
from tests.support.hostile_texts import HOSTILE
from tests.support.statuses import lane, present, status
from worker.errors import Reason
from worker.model.records import OutcomeKind
from worker.monitoring.alert_boards import encoded_state
from worker.monitoring.incidents import AlertState, Incident, Outbox
from worker.monitoring.status_values import Severity, Status
from worker.store.dead_letter_values import DeadLetterQuery
from worker.store.sql_store import SqlStore

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.long, pytest.mark.processes]
WIDTHS = (390, 1440)


def check_layout(page: "Page", path: str) -> None:
    """Nothing is wider than the window, and the parts of the frame are where they belong."""
    sizes = page.evaluate(
        "[document.documentElement.scrollWidth, innerWidth,"
        " document.querySelector('main').getBoundingClientRect().width,"
        " document.querySelectorAll('main').length,"
        " document.querySelectorAll('script:not([src])').length]"
    )
    assert sizes[0] <= sizes[1], f"{path} is {sizes[0]} wide in {sizes[1]}"
    assert sizes[2] > 300
    assert sizes[3:] == [1, 0]


def test_eighty_hostile_texts_do_nothing_in_any_page(
    chrome: "Browser", sqlite_store_url: str
) -> None:
    assert len(HOSTILE) >= 80
    store = SqlStore(sqlite_store_url)
    ids = fill(store)
    letters = store.letter_ids(DeadLetterQuery())
    paths = [
        "/",
        "/sources?limit=500",
        "/audit",
        "/audit?limit=500",
        "/dead?limit=100",
        "/dead/plan?action=drop",
    ]
    paths += ["/clusters", "/clusters?limit=100", "/articles?limit=100"]
    paths += [f"/articles/{each}" for each in ids]
    paths += [f"/dead/{each}" for each in letters]
    for each in ids[::4]:
        paths += [f"/articles/{each}/raw", f"/articles/{each}/diff?older=1&newer=2"]
    shown = console(store, password=PASSWORD, now=lambda: NOW + timedelta(hours=1))
    with served(shown) as base, tab(chrome, base, width=390) as (page, wrong):
        sign_in(page, base)
        for path in paths:
            answer = page.goto(base + path)
            assert answer is not None
            assert answer.status == 200, path
            check_layout(page, path)
            assert wrong == [], path
        for text in HOSTILE:
            query = page.evaluate(
                "text => new URLSearchParams({q: text.slice(0, 900)}).toString()", text
            )
            answer = page.goto(f"{base}/articles?{query}")
            assert answer is not None
            assert answer.status == 200, text
            check_layout(page, text)
            assert wrong == [], text
        for seen in store.sources():
            query = page.evaluate("name => new URLSearchParams({name}).toString()", seen.source)
            answer = page.goto(f"{base}/source?{query}")
            assert answer is not None
            assert answer.status == 200, seen.source
            check_layout(page, seen.source)
            assert wrong == [], seen.source
        page.set_viewport_size({"width": 1440, "height": 900})
        for path in [
            "/",
            "/sources?limit=500",
            "/articles?limit=100",
            "/dead?limit=100",
            "/audit?limit=500",
        ]:
            page.goto(base + path)
            check_layout(page, path)
        assert wrong == []


def ordinary(store: SqlStore) -> str:
    """Two copies, an edit and letters; returns the id of the first article."""
    first = article(title="Harbour reopens", flags=("paywalled",))
    store.write([record(first)], [], [], now=NOW)
    copy = article(source="paper", title="Port open again")
    kind = {"kind": OutcomeKind.DUPLICATE, "cluster_id": first.article_id}
    store.write([record(copy, verdict=kind)], [], [], now=NOW + timedelta(minutes=4))
    edit = article(title="Harbour reopens at last")
    kind = {"kind": OutcomeKind.REVISION, "revision": 2}
    store.write([record(edit, verdict=kind)], [], [], now=NOW + timedelta(minutes=9))
    made = [dead(f"letter {n}", reason=[Reason.CRASHED, Reason.EMPTY][n % 2]) for n in range(5)]
    store.write([], [], made, now=NOW)
    return first.article_id


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_has_a_fault_that_axe_finds(
    chrome: "Browser", sqlite_store_url: str, width: int, scheme: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    store = SqlStore(sqlite_store_url)
    article_id = ordinary(store)
    [letter_id, *_] = store.letter_ids(DeadLetterQuery())
    paths = [
        "/sign-in",
        "/",
        "/sources",
        "/source?name=wire",
        "/sources?q=none",
        "/articles",
        "/articles?q=harbour&source=wire",
        "/articles?q=nothing",
    ]
    paths += [f"/articles/{article_id}", f"/articles/{article_id}/raw", "/clusters", "/dead"]
    paths += [f"/articles/{article_id}/diff?older=1&newer=2", "/clusters?hours=1", "/audit"]
    paths += ["/dead?reason=crashed", "/dead/plan?action=drop", "/dead/plan?action=replay"]
    paths += [f"/dead/{letter_id}", "/dead?done=drop&n=3", "/find?what=nothing", "/nowhere"]
    paths += ["/rules", "/rules?show=never&days=1", "/rules/rule?id=medtop:17000000/en"]
    paths += ["/rules/trial", "/workers", "/config", "/alerts", "/alerts/no-workers"]
    paths += [f"/articles/{article_id}/origins"]
    write_incident(store, "no-workers", "page")
    shown = console(
        store, password=PASSWORD, now=lambda: NOW + timedelta(hours=2), read_status=unequal_workers
    )
    with served(shown) as base, tab(chrome, base, width=width, scheme=scheme) as (page, _):
        for number, path in enumerate(paths):
            page.goto(base + path)
            check_layout(page, path)
            found = axe.Axe().run(page).response["violations"]
            faults = [(f["id"], [n["html"][:200] for n in f["nodes"][:3]]) for f in found]
            assert faults == [], f"{path}: {json.dumps(faults, indent=1)}"
            if number == 0:
                sign_in(page, base)
        page.goto(f"{base}/rules/trial")
        page.click("text=Check and try")
        page.wait_for_selector("#result")
        found = axe.Axe().run(page).response["violations"]
        assert [f["id"] for f in found] == []


def write_incident(store: SqlStore, text: str, severity: str = "ticket") -> None:
    """Let one incident stand whose fields have this text."""
    incident = Incident(
        id="1",
        name=text,
        about=text,
        severity=Severity(severity),
        sentence=text,
        remedy=text,
        began=NOW,
        seen=NOW,
        since=NOW,
        fired=NOW,
    )
    outboxes = {"webhook": Outbox(error=text, attempts=1)}
    state = encoded_state(AlertState(at=NOW, incidents=(incident,), outboxes=outboxes))
    store.write_alert_state(state, holder="a", at=NOW, until=NOW)


def unequal_workers() -> Status:
    return status(
        workers=(present("celery@a", digest="other", refused=True), present("celery@b")),
        lanes=(lane("live", (0, 0, 0, 3), oldest_s=9.0), lane("bulk", paused=True)),
    )


def hostile_config(folder: Path, text: str) -> None:
    """A rule file whose topic, rule and phrases have this text, as far as rules may have it."""
    quoted = json.dumps(text.encode("utf-8", "replace").decode())
    (folder / "rules").mkdir(parents=True, exist_ok=True)
    rule = f'id = {quoted}\nany = ["harbour"]\nregex = []'
    lines = f"[[topics]]\ncode = {quoted}\nlabel = {quoted}\n[[topics.rules]]\n{rule}\n"
    (folder / "rules" / "own.toml").write_text(lines, "utf-8")


@pytest.mark.parametrize("width", WIDTHS)
def test_hostile_rules_config_values_worker_names_and_incidents_do_nothing(
    chrome: "Browser", sqlite_store_url: str, tmp_path: Path, width: int
) -> None:
    store = SqlStore(sqlite_store_url)
    ordinary(store)
    text = [""]

    def workers_so_named() -> Status:
        return status(
            workers=(
                present(text[0], version=text[0], digest=text[0]),
                present("celery@b"),
            )
        )

    folder = tmp_path / "config"
    folder.mkdir()
    settings = console(store, password=PASSWORD).settings
    settings = settings.model_copy(
        update={"config_dir": folder, "alert_mail_to": '<img src=x onerror="alert(1)">' + "x" * 300}
    )
    shown = console(
        store,
        settings=settings,
        now=lambda: NOW + timedelta(hours=1),
        read_status=workers_so_named,
    )
    with served(shown) as base, tab(chrome, base, width=width) as (page, wrong):
        sign_in(page, base)
        for number, hostile in enumerate(HOSTILE[:: 4 if width == 390 else 16]):
            text[0] = hostile
            write_incident(store, hostile.encode("utf-8", "replace").decode())
            hostile_config(folder, hostile)
            for path in ("/workers", "/config", "/alerts", "/rules"):
                answer = page.goto(base + path)
                assert answer is not None
                assert answer.status in (200, 500), path  # 500: the rule file is invalid
                check_layout(page, path)
            if number % 2 == 0:
                wrong[:] = [line for line in wrong if "status of 500" not in line]
                page.goto(f"{base}/config")
                (folder / "rules" / "own.toml").unlink()
                page.goto(f"{base}/rules/trial")
                page.fill("#draft", hostile)
                page.click("text=Check and try")
                page.wait_for_selector("#result")
                check_layout(page, "/rules/trial")
            wrong[:] = [line for line in wrong if "status of 500" not in line]
            assert wrong == [], hostile


def test_the_keyboard_alone_tries_a_rule(chrome: "Browser", sqlite_store_url: str) -> None:
    store = SqlStore(sqlite_store_url)
    ordinary(store)
    with served(console(store)) as base, tab(chrome, base) as (page, wrong):
        page.goto(f"{base}/rules")
        focused = "document.activeElement"
        press_until(page, f"{focused}.matches('a') && {focused}.text.includes('Try a rule')")
        page.keyboard.press("Enter")
        page.wait_for_url(f"{base}/rules/trial")
        press_until(page, "document.activeElement.id === 'draft'")
        page.keyboard.press("Control+a")
        page.keyboard.type('[[topics]]\ncode="p"\nlabel="Port"\n[[topics.rules]]\nany=["harbour"]')
        press_until(page, "document.activeElement.matches('button')")
        with page.expect_navigation():
            page.keyboard.press("Enter")
        assert "would get other tags" in page.inner_text("#result")
        assert "Harbour reopens" in page.inner_text("#result")
        assert wrong == []


def test_the_keyboard_alone_drops_the_letters_of_one_reason(
    chrome: "Browser", sqlite_store_url: str
) -> None:
    store = SqlStore(sqlite_store_url)
    ordinary(store)
    shown = console(store, password=PASSWORD, now=lambda: NOW + timedelta(hours=1))
    with served(shown) as base, tab(chrome, base) as (page, wrong):
        page.goto(f"{base}/dead")  # leads to the form, and back
        press_until(page, "document.activeElement.id === 'name'")
        page.keyboard.type("ada")
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{base}/dead")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
        text_of = "document.activeElement.textContent"
        for text in ("crashed", "Drop", "Drop 3 letters"):
            press_until(
                page, f"document.activeElement.matches('a, button') && {text_of}.includes({text!r})"
            )
            with page.expect_navigation():
                page.keyboard.press("Enter")
        assert "Dropped 3 dead letters." in page.inner_text("main")
        assert "reason=crashed" in page.url  # the filter stays
        assert store.count_letters(DeadLetterQuery()) == {"empty": 2}
        page.keyboard.press("/")
        assert page.evaluate("document.activeElement.id") == "find"
        assert wrong == []


def press_until(page: "Page", condition: str) -> None:
    for _ in range(60):
        if page.evaluate(condition):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never leads to: {condition}")


def test_two_tabs_act_on_the_same_letters_only_once(
    chrome: "Browser", sqlite_store_url: str
) -> None:
    store = SqlStore(sqlite_store_url)
    ordinary(store)
    shown = console(store, password=PASSWORD, now=lambda: NOW + timedelta(hours=1))
    with served(shown) as base, tab(chrome, base) as (first, _):
        sign_in(first, base)
        second = first.context.new_page()
        for page in (first, second):
            page.goto(f"{base}/dead/plan?action=drop")
        first.click("text=Drop 5 letters")
        assert "Dropped 5 dead letters." in first.inner_text("main")
        second.click("text=Drop 5 letters")
        assert "nothing was done" in second.inner_text("main")


def test_times_are_in_the_zone_of_the_reader_with_the_exact_value_beside(
    chrome: "Browser", sqlite_store_url: str
) -> None:
    store = SqlStore(sqlite_store_url)
    article_id = ordinary(store)
    with served(console(store)) as base, tab(chrome, base) as (page, wrong):
        page.goto(f"{base}/articles/{article_id}")
        shown = page.locator(".timeline time").first
        until(lambda: "13:00" in shown.inner_text(), shown.inner_text)  # 12:00 UTC
        assert shown.get_attribute("title") == "2026-11-22T12:00:00+00:00"
        page.hover(".tag[data-tag]")
        assert wrong == []


def test_the_overview_says_when_the_server_is_away_and_goes_on_by_itself(
    chrome: "Browser", sqlite_store_url: str
) -> None:
    store = SqlStore(sqlite_store_url)
    ordinary(store)
    with served(console(store)) as base, tab(chrome, base) as (page, _):
        page.goto(base)
        page.route("**/overview/content", lambda route: route.abort())
        page.wait_for_selector("#live-problem:not([hidden])", timeout=60_000)
        assert "does not answer since" in page.inner_text("#live-problem")
        assert "Articles a second" in page.inner_text("main")
        store.write([], [], [dead("later", reason=Reason.POISON)], now=NOW)
        page.unroute("**/overview/content")
        page.wait_for_selector("text=poison", timeout=60_000)
        assert page.locator("#live-problem").is_hidden()
