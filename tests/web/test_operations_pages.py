"""Pages and API for operators: workers, lanes, config in force, alerts, the runbook."""

from datetime import timedelta
from typing import Any

import pytest
import redis

from tests.make import NOW
from tests.support.consoles import PASSWORD, SAME_ORIGIN, Visitor, console
from tests.support.statuses import lane, present, status
from worker.errors import Unavailable
from worker.monitoring.alert_boards import encoded_state
from worker.monitoring.incidents import AlertState, Incident, Outbox
from worker.monitoring.status_values import Severity
from worker.settings import Settings
from worker.store.sql_store import SqlStore
from worker.web.config_api import ConfigInForce
from worker.web.runbook import runbook_sections


@pytest.fixture
def store(sqlite_store_url: str) -> SqlStore:
    return SqlStore(sqlite_store_url)


def editor(store: SqlStore, broker_url: str = "", **changes: Any) -> Visitor:
    shown = console(store, password=PASSWORD, **changes)
    if broker_url:
        settings = shown.settings.model_copy(update={"broker_url": broker_url})
        shown = console(store, settings=settings, **changes)
    visitor = Visitor(shown)
    visitor.sign_in()
    return visitor


def test_a_lane_is_paused_and_resumed_and_the_log_names_who_and_why(
    store: SqlStore, valkey_url: str, valkey: redis.Redis
) -> None:
    visitor = editor(store, valkey_url)
    answer = visitor.post("/workers/lanes/bulk/pause", {"reason": "the store <moves>"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/workers#lanes")
    lanes = {each["state"]["lane"]: each for each in visitor.get("/api/workers").json()["lanes"]}
    assert lanes["bulk"]["pause"]["by"] == "ada"
    assert lanes["bulk"]["pause"]["reason"] == "the store <moves>"
    assert lanes["live"]["pause"] is None
    page = visitor.get("/workers").text
    assert "the store &lt;moves&gt;" in page
    assert "Resume bulk" in page
    assert b"lane:articles.replay" in valkey.hgetall("articles.pauses")
    visitor.post("/workers/lanes/bulk/resume", {})
    assert b"lane:articles.replay" not in valkey.hgetall("articles.pauses")
    log = [(e.who, e.action, e.about) for e in store.access.audit_entries(None, 2)]
    assert log == [("ada", "lane.resumed", "bulk"), ("ada", "lane.paused", "bulk")]


def test_who_may_only_read_can_not_pause_a_lane(store: SqlStore) -> None:
    reader = Visitor(console(store))
    assert "Pause live" not in reader.get("/workers").text
    for path in ("/workers/lanes/live/pause", "/workers/lanes/live/resume"):
        assert reader.post(path, {"reason": "x"}).status_code == 403
    for action in ("pause", "resume"):
        assert reader.post_json(f"/api/lanes/live/{action}", {}, SAME_ORIGIN).status_code == 403
    foreign = {"sec-fetch-site": "cross-site"}
    visitor = editor(store)
    assert visitor.post("/workers/lanes/live/pause", {"reason": "x"}, foreign).status_code == 403
    assert visitor.post("/workers/lanes/none/pause", {"reason": "x"}).status_code == 400
    assert visitor.get("/workers/lanes/live/pause").status_code in (404, 405)


def test_without_a_broker_nothing_is_paused_and_nothing_is_noted(store: SqlStore) -> None:
    visitor = editor(store)
    assert visitor.post("/workers/lanes/live/pause", {"reason": "x"}).status_code == 503
    assert [e.action for e in store.access.audit_entries(None, 9)] == ["sign-in"]


def test_workers_that_differ_from_this_server_or_from_each_other_are_marked(
    store: SqlStore,
) -> None:
    here: Any = Visitor(console(store)).get("/api/config").json()
    same = {"version": here["version"], "digest": here["digest"]}
    workers = (
        present("celery@a", **same),
        present("celery@<b>", version=here["version"], digest="other", refused=True),
    )
    visitor = Visitor(console(store, read_status=lambda: status(workers=workers)))
    found = visitor.get("/api/config").json()
    differs = {each["node"]: each["differs"] for each in found["workers"]}
    assert differs == {"celery@a": [], "celery@<b>": ["rules"]}
    assert found["workers_differ"] == ["rules"]
    page = visitor.get("/config").text
    for text in (
        "celery@&lt;b&gt;",
        "other rules",
        "refuses newer files",
        "differ from each other",
    ):
        assert text in page
    assert "Not all workers have the same rules" in visitor.get("/workers").text
    alike = Visitor(console(store, read_status=lambda: status(workers=workers[:1])))
    assert "differ from each other" not in alike.get("/config").text


def test_settings_are_shown_without_their_secrets(store: SqlStore) -> None:
    secret = "geheim"  # noqa: S105
    settings = Settings(
        broker_url=f"redis://:{secret}@127.0.0.1:1/0",
        alert_webhook=f"https://hooks.example/{secret}",
        web_password=secret,  # type: ignore[arg-type]
    )
    visitor = Visitor(console(store, settings=settings))
    visitor.sign_in(password=secret)
    for path in ("/config", "/api/config"):
        answer = visitor.get(path)
        assert answer.status_code == 200
        assert "hooks.example" in answer.text
        assert secret not in answer.text


def test_while_the_state_is_unknown_the_config_of_this_server_is_shown(store: SqlStore) -> None:
    def unavailable() -> Any:
        raise Unavailable("status", "it takes too long")

    visitor = Visitor(console(store, read_status=unavailable))
    found = visitor.get("/api/config").json()
    assert (found["workers_known"], found["workers"], bool(found["files"])) == (False, [], True)
    assert "unknown which workers run" in visitor.get("/config").text
    assert visitor.get("/workers").status_code == 503
    silent = Visitor(
        console(store, read_status=lambda: status(unreachable=("broker",), workers=()))
    )
    assert "The broker does not answer" in silent.get("/workers").text
    assert set(ConfigInForce.__dataclass_fields__) == found.keys()


def test_a_worker_shows_its_share_memory_progress_and_what_it_waits_for(store: SqlStore) -> None:
    worker = present("celery@a", processes=4)
    state = worker.state.__class__(
        **{f: getattr(worker.state, f) for f in worker.state.__dataclass_fields__}
        | {"busy_share": 0.25, "memory_bytes": 345_600_000, "waits_for": "store"}
        | {"progress_at": NOW}
    )
    shown = status(
        workers=(worker.__class__(state=state, at=NOW, age_s=3.0),),
        lanes=(lane("live", (1, 2, 3, 4), oldest_s=75.0),),
    )
    page = Visitor(console(store, read_status=lambda: shown)).get("/workers").text
    for text in ("25%", "346 MB", "waits for store", "10 messages waiting", "75 s"):
        assert text in page


def incident(name: str, **changes: Any) -> Incident:
    fields: dict[str, Any] = {
        "id": name,
        "name": name,
        "about": "",
        "severity": Severity.TICKET,
        "sentence": f"sentence of {name}",
        "remedy": "mend it",
        "began": NOW,
        "seen": NOW,
        "since": NOW,
    }
    return Incident(**(fields | changes))


def test_incidents_stand_with_their_runbook_the_urgent_reported_ones_first(
    store: SqlStore,
) -> None:
    found = (
        incident("queue-old"),
        incident("made-up", fired=NOW, about="<wire>"),
        incident("no-workers", severity=Severity.PAGE, fired=NOW, reported=NOW),
    )
    outboxes = {"webhook": Outbox(error="503 <busy>", attempts=2, next_at=NOW)}
    state = encoded_state(AlertState(at=NOW, incidents=found, outboxes=outboxes))
    store.write_alert_state(state, holder="a", at=NOW, until=NOW)
    visitor = Visitor(console(store, now=lambda: NOW + timedelta(seconds=30)))
    answer = visitor.get("/api/alerts").json()
    assert [i["name"] for i in answer["incidents"]] == ["no-workers", "made-up", "queue-old"]
    assert answer["late"] is False
    page = visitor.get("/alerts").text
    assert 'href="/alerts/no-workers"' in page
    assert 'href="/alerts/made-up"' not in page
    assert "&lt;wire&gt;" in page
    assert "503 &lt;busy&gt;" in page
    late = Visitor(console(store, now=lambda: NOW + timedelta(hours=1)))
    assert late.get("/api/alerts").json()["late"] is True
    assert "Nobody has judged" in late.get("/alerts").text


def test_the_page_of_alerts_says_that_without_a_target_nothing_was_reported(
    store: SqlStore,
) -> None:
    found = (incident("no-workers", fired=NOW),)
    state = encoded_state(AlertState(at=NOW, incidents=found, outboxes={}))
    store.write_alert_state(state, holder="a", at=NOW, until=NOW)
    page = Visitor(console(store, now=lambda: NOW)).get("/alerts").text
    assert "reported nowhere" in page
    assert "<code>WORKER_ALERT_WEBHOOK</code>" in page


def test_nobody_has_judged_yet(store: SqlStore) -> None:
    assert "no worker has run" in Visitor(console(store)).get("/alerts").text


def test_every_section_of_the_runbook_is_a_page(store: SqlStore) -> None:
    visitor = Visitor(console(store))
    assert len(runbook_sections()) > 15
    for name in runbook_sections():
        page = visitor.get(f"/alerts/{name}")
        assert page.status_code == 200
        assert "<strong>" in page.text
        assert "**" not in page.text
    assert visitor.get("/alerts/nothing").status_code == 404
