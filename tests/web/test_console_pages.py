"""The API and the pages of the console: what they show, in which order, and what an action does."""

import ast
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeGuard
from urllib.parse import urlencode

import jsonschema
import pytest

from devtools.waiting import until
from tests.make import NOW, article, dead, record, tag
from tests.support.consoles import PASSWORD, Visitor, console
from worker.errors import Reason, Unavailable
from worker.model.admission import Payload
from worker.model.records import OutcomeKind, Span
from worker.store.dead_letter_values import DeadLetterQuery
from worker.store.reading import broad_words
from worker.store.sql_store import SqlStore
from worker.web.console_app import OPERATIONS
from worker.web.page_rendering import runbook_text, sentence_times

ROOT = Path(__file__).parents[2]


@pytest.fixture
def store(sqlite_store_url: str) -> SqlStore:
    """On one kind of database: the lists themselves are tested on both."""
    return SqlStore(sqlite_store_url)


def stories(store: SqlStore, count: int, **changes: Any) -> list[str]:
    """Store this many articles, the newest first, and return their ids."""
    each = [
        article(
            f"id:{n}",
            **{
                "title": f"Story {n}",
                "text": f"The harbour of story {n} is closed.",
                "published": NOW - timedelta(minutes=n),
                **changes,
            },
        )
        for n in range(count)
    ]
    store.write([record(one) for one in each], [], [], now=NOW)
    return [one.article_id for one in each]


def failures(store: SqlStore, count: int, reason: Reason = Reason.MALFORMED, **kw: Any) -> None:
    made = [dead(f"{reason} {n}", reason=reason, **kw) for n in range(count)]
    store.write([], [], made, now=NOW)


@pytest.fixture
def reader(store: SqlStore) -> Visitor:
    return Visitor(console(store))


@pytest.fixture
def editor(store: SqlStore) -> Visitor:
    visitor = Visitor(console(store, password=PASSWORD))
    visitor.sign_in()
    return visitor


def test_a_list_is_read_to_its_end_by_cursors(store: SqlStore, reader: Visitor) -> None:
    ids = stories(store, 7)
    found, cursor = [], ""
    while cursor is not None:
        page = reader.get(f"/api/articles?limit=3&cursor={cursor}").json()
        found += [hit["article_id"] for hit in page["articles"]]
        cursor = page["next_cursor"]
    assert found == ids
    assert page["stored"] == {"number": 7, "is_exact": True}


@pytest.mark.parametrize("verdict", ["new", "NEW", "%20new%20", ""])
def test_a_verdict_is_one_in_any_case(reader: Visitor, store: SqlStore, verdict: str) -> None:
    store.write([record(article())], [], [], now=NOW)
    assert len(reader.get(f"/api/articles?verdict={verdict}").json()["articles"]) == 1
    assert reader.get(f"/articles?verdict={verdict}").status_code == 200
    assert reader.get("/api/articles?verdict=duplicate").json()["articles"] == []


@pytest.mark.parametrize(
    "query",
    [
        "verdict=nonsense",
        "cursor=abc",
        "cursor=WyJMZXR0ZXJQb3NpdGlvbiIsIjIwMjYtMTEtMjJUMTI6MDA6MDArMDA6MDAiLCJ4Il0",
        "cursor=WyJBcnRpY2xlUG9zaXRpb24iLCIyMDI2LTExLTIyVDEyOjAwOjAwIiwxXQ",  # no time zone
        "cursor=WyJBcnRpY2xlUG9zaXRpb24iLCIyMDI2LTExLTIyVDEyOjAwOjAwWiIsMWU0MF0",
        "cursor=WyJBcnRpY2xlUG9zaXRpb24iLCIwMDAxLTAxLTAxVDAwOjAwOjAwKzE0OjAwIiw1XQ",
        "limit=0",
        "limit=101",
        "limit=x",
        "day=yesterday",
        "colour=red",
        "q=" + "x" * 1001,
    ],
)
def test_a_wrong_argument_is_an_error_that_names_it(reader: Visitor, query: str) -> None:
    name = query.partition("=")[0]
    answer = reader.get(f"/api/articles?{query}")
    assert answer.status_code == 400
    assert name in answer.json()["error"]
    assert reader.get(f"/articles?{query}").status_code == 400


def test_a_cursor_with_half_a_character_is_refused(reader: Visitor) -> None:
    half = "WyJfUGVyaW9kUG9zaXRpb24iLCIyMDI2LTExLTIyVDEyOjAwOjAwWiIsNSwxLDEsIlx1ZDgwMCJd"
    assert reader.get(f"/api/clusters?cursor={half}").status_code == 400


@pytest.mark.parametrize("words", ["har*", "-har*"])
def test_too_frequent_a_beginning_is_told_on_the_page(
    store: SqlStore, reader: Visitor, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    monkeypatch.setattr(broad_words, "MOST_JOINED", 0)
    store.write([record(article(text="The harbour reopens."))], [], [], now=NOW)
    answer = reader.get(f"/articles?q={words}")
    assert answer.status_code == 400
    assert "write more of the word" in answer.text
    assert reader.get(f"/api/articles/facets?q={words}").status_code == 400


@pytest.mark.parametrize(
    "day", ["0001-01-01", "9999-12-31", "2026-11-22"], ids=["first", "last", "ordinary"]
)
def test_any_day_can_be_asked_for(store: SqlStore, reader: Visitor, day: str) -> None:
    stories(store, 1)
    assert reader.get(f"/api/articles?day={day}").status_code == 200


def test_a_page_shows_what_the_api_has(store: SqlStore, reader: Visitor) -> None:
    [article_id] = stories(store, 1, flags=("paywalled",))
    page = reader.get("/articles?flag=paywalled&q=harbour").text
    assert f'href="/articles/{article_id}"' in page
    assert "/api/articles?flag=paywalled&amp;q=harbour" in page
    assert reader.get("/api/articles?flag=paywalled&q=harbour").json()["articles"][0]["title"]
    shown = reader.get(f"/articles/{article_id}").text
    for part in (
        "Story 0",
        "The harbour of story 0 is closed.",
        "No copy of it is known",
        "Weather",
    ):
        assert part in shown
    story = reader.get(f"/api/articles/{article_id}").json()["story"]
    assert any("stored as new from wire" in sentence for sentence in story)


def test_a_revision_shows_what_changed_and_the_raw_article_it_came_from(
    store: SqlStore, reader: Visitor
) -> None:
    [article_id] = stories(store, 1)
    changed = article("id:0", title="Story 0", text="The harbour of story 0 is open.")
    store.write(
        [record(changed, verdict={"kind": OutcomeKind.REVISION, "revision": 2})], [], [], now=NOW
    )
    shown = reader.get(f"/articles/{article_id}").text
    assert "diff?older=1&amp;newer=2" in shown
    diff = reader.get(f"/articles/{article_id}/diff?older=1&newer=2").text
    assert "closed</del>" in diff
    assert "open</ins>" in diff
    raw = reader.get(f"/api/articles/{article_id}/raw?revision=1").json()
    assert "closed" in json.loads(raw["payload"])["content"]
    assert reader.get(f"/articles/{article_id}/raw?revision=3").status_code == 404
    assert reader.get(f"/articles/{article_id}/diff?older=1&newer=9").status_code == 404


def test_copies_stand_on_a_time_line_from_the_one_that_was_first(
    store: SqlStore, reader: Visitor
) -> None:
    first = article("id:1", source="wire", title="First of all")
    store.write([record(first)], [], [], now=NOW)
    for minutes, source in ((5, "paper"), (125, "radio")):
        copy = article("id:1", source=source, title=f"Copy of {source}")
        copied = record(
            copy, verdict={"kind": OutcomeKind.DUPLICATE, "cluster_id": first.article_id}
        )
        store.write([copied], [], [], now=NOW + timedelta(minutes=minutes))
    page = reader.get(f"/articles/{first.article_id}").text
    order = [
        page.index(text) for text in ("First of all</bdi></a>", "Copy of paper", "Copy of radio")
    ]
    assert "+5 min" in page
    assert "+2 h" in page
    assert order == sorted(order)
    clusters = reader.get("/api/clusters").json()["clusters"]
    assert [(c["title"], c["sources"]) for c in clusters] == [("First of all", 3)]
    assert "First of all" in reader.get("/clusters").text


def test_whatever_name_an_article_has_leads_to_it(store: SqlStore, reader: Visitor) -> None:
    written = record(article())
    store.write([written], [], [], now=NOW)
    failures(store, 1)
    [letter_id] = store.letter_ids(DeadLetterQuery())
    path = f"/articles/{written.article.article_id}"
    for name in (written.receipt, written.article.article_id[:9], "https://example.com/harbour"):
        answer = reader.get(f"/find?what={name}")
        assert (answer.status_code, answer.headers["location"]) == (303, path)
    assert reader.get(f"/find?what={letter_id[:9]}").headers["location"] == f"/dead/{letter_id}"
    missing = reader.get("/find?what=<script>")
    assert missing.status_code == 404
    assert "&lt;script&gt;" in missing.text
    assert reader.get("/find").status_code == 400


def test_dead_letters_are_grouped_by_reason_and_the_filter_stays(
    store: SqlStore, editor: Visitor
) -> None:
    failures(store, 3)
    failures(store, 2, Reason.CRASHED, stage="clean")
    page = editor.get("/dead?reason=crashed&stage=clean").text
    assert "2 letters match" in page
    assert "/dead/plan?reason=crashed&amp;stage=clean&amp;action=drop" in page
    plan = editor.get("/dead/plan?reason=crashed&stage=clean&action=drop").text
    assert "Drop 2 dead letters?" in plan
    assert 'name="expected" value="2"' in plan
    form = {"reason": "crashed", "stage": "clean", "expected": 2, "until": NOW.isoformat()}
    done = editor.post("/dead/drop", form)
    assert done.headers["location"] == "/dead?reason=crashed&stage=clean&done=drop&n=2"
    assert "Dropped 2 dead letters." in editor.get(done.headers["location"]).text
    assert store.count_letters(DeadLetterQuery()) == {"malformed": 3}
    assert "crashed" in editor.get("/audit").text


def test_a_dry_run_changes_nothing(store: SqlStore, reader: Visitor) -> None:
    failures(store, 2)
    payload = Payload(text="{", sha256="0", bytes=9, whole=False)
    store.write([], [], [dead(payload=payload, reason=Reason.TOO_LARGE)], now=NOW)
    plan = reader.get("/api/dead/plan").json()
    assert (plan["count"], plan["is_complete"]) == (3, True)
    assert plan["left_out"] == {"only the beginning of its payload was kept": 1}
    assert store.count_letters(DeadLetterQuery()) == {"malformed": 2, "too-large": 1}
    assert store.access.audit_entries(None, 9) == []


def test_an_action_on_another_number_than_was_shown_does_nothing(
    store: SqlStore, editor: Visitor
) -> None:
    failures(store, 2)
    plan = editor.get("/api/dead/plan").json()
    failures(store, 3, Reason.CRASHED)  # at the same time, before the confirmation
    form = {"expected": plan["count"], "until": plan["until"]}
    for action in ("drop", "replay"):
        answer = editor.post(f"/dead/{action}", form)
        assert answer.status_code == 409
        assert "2 dead letters were shown, and 5 match now" in answer.text
    assert sum(store.count_letters(DeadLetterQuery()).values()) == 5
    later = [dead("later")]
    store.write([], [], later, now=NOW + timedelta(minutes=1))  # it is left alone
    assert editor.post("/dead/drop", {**form, "expected": 5}).status_code == 303
    assert store.count_letters(DeadLetterQuery()) == {"malformed": 1}


class Producers:
    """Opens producers that remember what they are given in place of sending it."""

    def __init__(self) -> None:
        self.sent: list[Any] = []

    @contextmanager
    def open(self) -> Iterator["Producers"]:
        yield self

    def replay(self, articles: Any) -> None:
        self.sent += list(articles)

    def send_message(self, queue: str, message: bytes) -> None:
        self.sent.append((queue, message))


def test_a_replay_sends_each_letter_once_and_leaves_out_what_cannot_be_sent(
    store: SqlStore,
) -> None:
    failures(store, 3)
    payload = Payload(text="{", sha256="0", bytes=9, whole=False)
    store.write([], [], [dead(payload=payload)], now=NOW)
    producers = Producers()
    visitor = Visitor(console(store, password=PASSWORD, open_producer=producers.open))
    visitor.sign_in()
    assert "1 letter can't be replayed" in visitor.get("/dead/plan?action=replay").text
    answer = visitor.post("/dead/replay", {"expected": 4, "until": NOW.isoformat()})
    assert answer.headers["location"] == "/dead?done=replay&n=3"

    def progress() -> Any:
        return visitor.get("/api/dead/replay").json()["progress"]

    until(lambda: not progress()["running"], progress)
    assert progress() == {"total": 3, "sent": 3, "running": False, "error": ""}
    assert len(producers.sent) == 3
    assert "sent 3 of 3 letters" in visitor.get("/dead/progress").text
    assert len(visitor.get("/api/dead?state=replaying").json()["letters"]) == 3


def test_without_a_broker_a_replay_says_so(store: SqlStore) -> None:
    failures(store, 1)

    def unavailable() -> Any:
        raise Unavailable("broker", "connection refused")

    visitor = Visitor(console(store, password=PASSWORD, open_producer=unavailable))
    visitor.sign_in()
    visitor.post("/dead/replay", {"expected": 1, "until": NOW.isoformat()})
    until(lambda: "refused" in visitor.get("/dead").text, lambda: visitor.get("/dead").text)


def test_the_description_of_the_api_fits_its_answers(store: SqlStore, editor: Visitor) -> None:
    [article_id] = stories(store, 1)
    failures(store, 1)
    [letter_id] = store.letter_ids(DeadLetterQuery())
    description = editor.get("/api/openapi.json").json()
    jsonschema.Draft202012Validator.check_schema(description["components"])
    named = {
        "{article_id}": article_id,
        "{letter_id}": letter_id,
        "{source}": "wire",
        "/diff": "/diff?older=1&newer=1",
        "/api/find": f"/api/find?what={article_id}",
        "/api/rules/rule": "/api/rules/rule?id=medtop:01000000/en",
        "/api/runbook/{name}": "/api/runbook/no-workers",
    }
    checked = 0
    for operation in OPERATIONS:
        answers = description["paths"][operation.path][operation.method.lower()]["responses"]
        schema = answers["200"]["content"]["application/json"]["schema"]
        path = operation.path
        for part, value in named.items():
            path = path.replace(part, value)
        if operation.method == "GET":
            answer = editor.get(path)
            assert answer.status_code == 200, path
            whole = {**schema, "components": description["components"]}
            jsonschema.validate(answer.json(), whole)
            checked += 1
    assert checked >= 13


def test_the_change_feed_is_read_on_from_its_cursor(store: SqlStore, reader: Visitor) -> None:
    stories(store, 3)
    first = reader.get("/api/changes?limit=2").json()
    second = reader.get(f"/api/changes?cursor={first['next_cursor']}").json()
    assert [len(page["changes"]) for page in (first, second)] == [2, 1]
    third = reader.get(f"/api/changes?cursor={second['next_cursor']}").json()
    assert (third["changes"], third["next_cursor"]) == ([], second["next_cursor"])
    assert reader.get("/api/changes?cursor=12-zz").status_code == 400


def test_an_empty_store_says_what_to_do(reader: Visitor) -> None:
    assert "worker enqueue" in reader.get("/articles").text
    assert "No dead letters" in reader.get("/dead").text
    assert "No article of this time has a copy" in reader.get("/clusters").text
    assert "Nobody has done anything yet" in reader.get("/audit").text
    assert "Take a restriction away" in reader.get("/articles?source=none").text


def test_a_store_that_does_not_answer_is_told_with_what_to_do(tmp_path: Any) -> None:
    store = SqlStore(f"sqlite:///{tmp_path}/gone/store.db")
    visitor = Visitor(console(store))
    answer = visitor.get("/articles")
    assert answer.status_code == 503
    assert "worker doctor" in answer.text
    assert visitor.get("/api/articles").json()["error"]


def test_a_tag_is_marked_where_it_was_found(store: SqlStore, reader: Visitor) -> None:
    text = "Storm & flood in the harbour."
    span = Span(field="text", start=0, end=5, surface="Storm")
    found = tag("storm", label='Storm "x"', spans=(span,))
    one = article(text=text)
    store.write([record(one, tags=(found,))], [], [], now=NOW)
    page = reader.get(f"/articles/{one.article_id}").text
    assert 'title="Storm &#34;x&#34;">Storm</mark> &amp; flood' in page


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("place:Berlin", True),
        ("geonames:2950159", True),
        ("Berlin", True),
        ("place:berlin", True),
        ("place:Hamburg", False),
        ("person:nobody at all", False),
    ],
)
def test_an_article_is_found_by_name_id_or_old_code_of_its_tag(
    store: SqlStore, reader: Visitor, wanted: str, found: bool
) -> None:
    of_place = tag("geonames:2950159", label="Berlin", scheme="place")
    store.write([record(article(), tags=(of_place,))], [], [], now=NOW)
    query = urlencode({"tag": wanted})
    titles = [hit["title"] for hit in reader.get(f"/api/articles?{query}").json()["articles"]]
    assert titles == (["Harbour reopens after the storm"] if found else [])
    counts = reader.get(f"/api/articles/facets?{query}").json()
    assert counts["articles"] == int(found)
    assert ("Harbour reopens" in reader.get(f"/articles?{query}").text) is found


def test_a_name_finds_articles_that_were_tagged_before_there_were_ids(
    store: SqlStore, reader: Visitor
) -> None:
    before = tag("berlin", label="Berlin", scheme="place")
    store.write([record(article(), tags=(before,))], [], [], now=NOW)
    for wanted in ("place:Berlin", "place:berlin", "geonames:2950159"):
        query = urlencode({"tag": wanted})
        assert len(reader.get(f"/api/articles?{query}").json()["articles"]) == 1, wanted


@pytest.mark.parametrize("module", sorted((ROOT / "worker/web").glob("*_pages.py")), ids=str)
def test_a_page_reads_nothing_by_itself_that_the_api_has_not(module: Path) -> None:
    """Pages get what they show from the functions of the API."""
    own = {"store", "broker", "read_status", "sources", "source_lines", "outcome_hours", "pauses"}
    read = {n.attr for n in ast.walk(ast.parse(module.read_text("utf-8"))) if _is_of_console(n)}
    assert read & own == set()


def _is_of_console(node: ast.AST) -> TypeGuard[ast.Attribute]:
    if not isinstance(node, ast.Attribute):
        return False
    of = node.value
    called = isinstance(of, ast.Call) and isinstance(of.func, ast.Name)
    return (isinstance(of, ast.Name) and of.id == "console") or (
        called and of.func.id == "console_of"
    )


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("2026-11-30 21:31: stored", ["2026-11-30T21:31:00+00:00"]),
        ("from 2026-11-30 21:31 to 2026-12-01 00:05 UTC", ["2026-11-30", "2026-12-01"]),
        ("titled <b>2026-13-41 99:99</b>", []),
        ("at 2026-11-30 21:31:15 exactly", []),
        ("12026-11-30 21:31", []),
        ("no time", []),
    ],
)
def test_times_in_sentences_become_times_that_a_script_can_show(
    sentence: str, shown: list[str]
) -> None:
    written = str(sentence_times(sentence))
    assert written.count("<time") == len(shown)
    assert "<b>" not in written
    for each in shown:
        assert f'datetime="{each}' in written


def test_marks_that_turn_the_direction_of_text_are_shown_in_sentences_and_remedies() -> None:
    for written in (
        sentence_times("a\u202eb 2026-11-30 21:31"),
        runbook_text("a\u202eb `c\u202ed`"),
    ):
        assert "\u202e" not in written
        assert "\\u202e" in written
