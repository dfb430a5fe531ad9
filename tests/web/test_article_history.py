"""An article with a long history on its page, and where its fields come from."""

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.make import NOW, article, record
from tests.support.consoles import Visitor, console
from worker.model.admission import Payload
from worker.model.records import OutcomeKind
from worker.store.sql_store import SqlStore

PAGE = """<html lang="en"><head><title>Port open | The Wire</title>
<meta property="og:title" content="Port open again">
<meta name="author" content="Ada Lovelace">
<meta property="article:published_time" content="2026-11-20T08:00:00Z"></head>
<body><article><h1>Port open again</h1><p>%s</p></article></body></html>"""


def edited(store: SqlStore, times: int) -> str:
    """Store an article with so many revisions, and return its id."""
    for number in range(1, times + 1):
        one = article(title=f"Title {number}", text=f"Text number {number} of the harbour.")
        kind = OutcomeKind.NEW if number == 1 else OutcomeKind.REVISION
        verdict = {"kind": kind, "revision": number}
        store.write([record(one, verdict=verdict)], [], [], now=NOW + timedelta(minutes=number))
    return one.article_id


def test_revisions_are_read_page_by_page_and_only_the_newest_with_their_texts(
    store: SqlStore,
) -> None:
    article_id = edited(store, 23)
    visitor = Visitor(console(store))
    stored = visitor.get(f"/api/articles/{article_id}").json()["stored"]
    assert [r["number"] for r in stored["revisions"]] == list(range(14, 24))
    found, before = [], ""
    while before is not None:
        path = f"/api/articles/{article_id}/revisions?limit=10&before={before}"
        listed = visitor.get(path).json()
        found += [(r["number"], r["before"], r["title"]) for r in listed["revisions"]]
        before = listed["next_before"]
    assert [number for number, _, _ in found] == list(range(23, 0, -1))
    assert found[0] == (23, 22, "Title 23")
    assert found[-1] == (1, None, "Title 1")
    page = visitor.get(f"/articles/{article_id}?limit=10").text
    assert "?before=14#revisions" in page
    assert f"/articles/{article_id}/diff?older=22&amp;newer=23" in page
    assert "23 revisions" in page
    last = visitor.get(f"/articles/{article_id}?limit=10&before=4").text
    assert "Title 23" in last  # the newest text stays
    assert "Title 3" in last
    assert 'rel="next"' not in last
    assert visitor.get(f"/articles/{article_id}?before=0").status_code == 400
    whole = store.show(article_id)
    assert whole is not None
    assert len(whole["revisions"]) == 23


def test_old_revisions_are_compared_and_a_missing_one_names_those_there_are(
    store: SqlStore,
) -> None:
    article_id = edited(store, 14)
    visitor = Visitor(console(store))
    diff = visitor.get(f"/api/articles/{article_id}/diff?older=1&newer=2").json()
    assert ["-", "1"] in [[sign, words.strip()] for sign, words in diff["title"]]
    missing = visitor.get(f"/api/articles/{article_id}/diff?older=1&newer=99")
    assert missing.status_code == 404
    assert "14, 13, 12" in missing.json()["error"]


def stored_page(store: SqlStore, html: str, **raw: Any) -> str:
    one = article(title="Port open again")
    given = {
        "source_id": "wire",
        "id": "1",
        "link": "https://wire.example/port",
        "content": [{"type": "text/html", "value": html}],
        **raw,
    }
    store.write([record(one, payload=Payload.of(given))], [], [], now=NOW)
    return one.article_id


def test_each_field_says_where_it_comes_from_and_what_it_beat(sqlite_store_url: str) -> None:
    store = SqlStore(sqlite_store_url)
    html = PAGE % ("The harbour is open again after the storm, the port said today. " * 8)
    article_id = stored_page(store, html)
    visitor = Visitor(console(store))
    found = visitor.get(f"/api/articles/{article_id}/origins").json()
    by_field = {decision["about"]: decision for decision in found["decisions"]}
    assert found["problem"] == ""
    assert by_field["title"]["value"] == "Port open again"
    assert "h1" in by_field["title"]["source"]
    assert any("The Wire" in lost["value"] for lost in by_field["title"]["lost"])
    assert {"published", "authors", "language"} <= by_field.keys()
    assert by_field["published"]["value"].startswith("2026-11-20")
    page = visitor.get(f"/articles/{article_id}/origins").text
    part = visitor.get(f"/articles/{article_id}/origins", hx_request="true").text
    assert page.index("<dt>title</dt>") < page.index("<dt>text</dt>")
    assert "<html" in page
    assert "<html" not in part
    assert "beat" in part
    assert f'hx-get="/articles/{article_id}/origins"' in visitor.get(f"/articles/{article_id}").text


@pytest.mark.parametrize(
    ("payload", "problem"),
    [
        ("", "removed because of its age"),
        ("[" * 100_000, "not valid JSON"),
        ("{}", "reject it now"),
        (json.dumps({"title": "x" * 600_000}), "worker clean FILE --explain"),
    ],
    ids=["removed", "nested", "empty", "large"],
)
def test_why_origins_are_not_known_is_said(
    sqlite_store_url: str, payload: str, problem: str
) -> None:
    store = SqlStore(sqlite_store_url)
    text = Payload(text=payload, sha256="0", bytes=len(payload), whole=True)
    one = article()
    store.write([record(one, payload=text)], [], [], now=NOW)
    answer = Visitor(console(store)).get(f"/api/articles/{one.article_id}/origins")
    assert answer.status_code == 200
    assert problem in answer.json()["problem"]
    part = Visitor(console(store)).get(f"/articles/{one.article_id}/origins", hx_request="true")
    assert (part.status_code, "This is not known" in part.text) == (200, True)
