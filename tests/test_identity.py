"""Sources whose ids are worth little: no bad id overwrites an article, none of ours changes."""

import json
from typing import Any

import pytest
from click.testing import CliRunner

from tests.dedup.texts import OTHER, OTHER_TITLE, STORY, TITLE, invented
from tests.store.stored import rows
from tests.support.pipelines import CONFIG, ingest
from tests.support.stores import sqlite_first
from worker.cli import group
from worker.index.memory_index import MemoryIndex
from worker.model.records import OutcomeKind
from worker.pipeline.ingestion import Pipeline
from worker.store.sql_store import SqlStore
from worker.store.writing.taken_keys import MAX_KEYS

SHORT = ("Mayor opens new bridge over the river", "Fire destroys warehouse at the old harbour")


@pytest.fixture
def pipeline(store: SqlStore) -> Pipeline:
    return Pipeline(CONFIG, store, MemoryIndex(CONFIG.dedup))


def item(id_: str, link: str, title: str, text: str) -> dict[str, Any]:
    content = [{"type": "text/plain", "value": text}]
    source = {"id": "wire"}
    return {"id": id_, "link": link, "title": title, "content": content, "source": source}


def items(ids: list[str], number: int = 4) -> list[dict[str, Any]]:
    return [
        item(ids[n % len(ids)], f"https://a.example/{n}", invented(900 + n, 6), invented(n))
        for n in range(number)
    ]


def kinds(outcomes: list[Any]) -> list[str]:
    return [outcome.kind.value for outcome in outcomes]


@pytest.mark.parametrize("id_", ["0", "https://a.example/", "urn:feed"])
@pytest.mark.parametrize("at_once", [True, False])
@sqlite_first
def test_one_id_for_every_item_makes_an_article_of_each(
    pipeline: Pipeline, store_url: str, id_: str, at_once: bool
) -> None:
    its = items([id_])
    polls = [its] if at_once else [[each] for each in its]
    first = [o for n, poll in enumerate(polls) for o in ingest(pipeline, poll, f"{n}-")]
    assert kinds(first) == ["new"] * 4
    assert len({o.article_id for o in first}) == 4
    again = ingest(pipeline, its, "again")
    assert kinds(again) == ["unchanged"] * 4
    assert [o.article_id for o in again] == [o.article_id for o in first]
    edited = [{**each, "title": each["title"] + " again"} for each in its]
    assert [o.article_id for o in ingest(pipeline, edited, "e")] == [o.article_id for o in first]
    assert [(r["number"]) for r in rows(store_url, "revisions")].count(2) == 4


def test_short_items_under_one_id_are_told_apart_by_their_links(pipeline: Pipeline) -> None:
    its = [item("0", f"https://a.example/{n}", title, title) for n, title in enumerate(SHORT)]
    assert kinds(ingest(pipeline, its)) == ["new", "new"]


def test_an_id_used_again_after_years_leaves_the_old_article_as_it_was(
    pipeline: Pipeline, store_url: str
) -> None:
    old = item("p=123", "https://a.example/?p=123", TITLE, STORY)
    new = item("p=123", "https://a.example/?p=123", OTHER_TITLE, OTHER)
    [first], [second] = ingest(pipeline, [old], "a"), ingest(pipeline, [new], "b")
    assert (first.kind, second.kind) == (OutcomeKind.NEW, OutcomeKind.NEW)
    assert kinds(ingest(pipeline, [new], "c")) == ["unchanged"]
    assert [r["title"] for r in rows(store_url, "revisions")] == [TITLE, OTHER_TITLE]


def test_an_id_that_changes_with_every_poll_stays_one_article(
    pipeline: Pipeline, store_url: str
) -> None:
    polls = [items([f"session-{poll}-{n}" for n in range(4)]) for poll in range(3)]
    outcomes = [ingest(pipeline, poll, f"{n}-") for n, poll in enumerate(polls)]
    assert [kinds(each) for each in outcomes] == [["new"] * 4, ["unchanged"] * 4, ["unchanged"] * 4]
    assert len(rows(store_url, "articles")) == 4


@pytest.mark.parametrize(
    "form",
    [
        "http://a.example/news/bridge",
        "https://www.a.example/news/bridge/?utm_source=x",
        "https://m.a.example/news/bridge",
        "https://amp.a.example/news/bridge",
        "https://a.example/news/bridge/amp/",
        "https://a.example/news/bridge?amp=1",
        "https://a.example/amp/news/bridge",
        "https://a-example.cdn.ampproject.org/c/s/a.example/news/bridge",
    ],
)
@pytest.mark.parametrize("backwards", [False, True])
@sqlite_first
def test_any_form_of_a_link_leads_to_the_same_article(
    pipeline: Pipeline, form: str, backwards: bool
) -> None:
    forms = [form, "https://a.example/news/bridge"]
    its = [item("", link, TITLE, STORY) for link in (forms[::-1] if backwards else forms)]
    assert kinds(ingest(pipeline, its[:1], "a") + ingest(pipeline, its[1:], "b")) == [
        "new",
        "unchanged",
    ]


NEWS = "https://a.example/news"


def test_items_whose_links_differ_in_the_fragment_are_different_articles(
    pipeline: Pipeline,
) -> None:
    polls = [item("", f"{NEWS}#a{n}", title, title) for n, title in enumerate(SHORT)]
    polls += items([""], 2)[1:]
    polls[2]["link"] = f"{NEWS}#a2"
    first = ingest(pipeline, polls, "a")
    assert kinds(first) == ["new"] * 3
    again = ingest(pipeline, polls[::-1], "b")
    assert kinds(again) == ["unchanged"] * 3
    assert {o.article_id for o in again} == {o.article_id for o in first}
    edited = [{**poll, "title": poll["title"] + ", again"} for poll in polls]
    revisions = ingest(pipeline, edited, "c")
    assert kinds(revisions) == ["revision"] * 3
    assert [o.article_id for o in revisions] == [o.article_id for o in first]


def test_the_fragment_of_a_link_that_leads_nowhere_makes_no_other_article(
    pipeline: Pipeline,
) -> None:
    forms = ["", "#comments", "#utm_source=rss", "#xtor=RSS-3208", "#item-2"]
    polls = [item("", NEWS + form, TITLE, STORY) for form in forms]
    outcomes = [ingest(pipeline, [poll], f"{n}-")[0] for n, poll in enumerate(polls)]
    assert kinds(outcomes) == ["new"] + ["unchanged"] * 4
    [edited] = ingest(pipeline, [item("", f"{NEWS}#item-2", TITLE, STORY + " More.")], "e")
    assert (edited.kind, edited.article_id) == (OutcomeKind.REVISION, outcomes[0].article_id)


def test_a_withdrawal_by_a_link_with_a_fragment_takes_that_item_down(pipeline: Pipeline) -> None:
    polls = [item("", f"{NEWS}#a{n}", title, title) for n, title in enumerate(SHORT)]
    first = ingest(pipeline, polls, "a")
    withdrawal = {"link": f"{NEWS}#a1", "status": "withdrawn", "source": {"id": "wire"}}
    [outcome] = ingest(pipeline, [withdrawal], "w")
    assert (outcome.kind, outcome.article_id) == (OutcomeKind.WITHDRAWN, first[1].article_id)


@pytest.mark.parametrize(
    "link",
    [
        f"{NEWS}/5?srsltid=AfmB&gad_source=1",
        f"{NEWS}/5;jsessionid=0A1B",
        f"{NEWS}/5/print",
        "a.example/news/5",
        f"https://www.google.com/url?rct=j&url={NEWS}/5&ct=ga",
    ],
)
def test_an_article_stored_under_one_form_of_its_link_is_found_under_others(
    pipeline: Pipeline, link: str
) -> None:
    [first] = ingest(pipeline, [item("", f"{NEWS}/5", TITLE, STORY)], "a")
    [again] = ingest(pipeline, [item("", link, "Another title", STORY + " More.")], "b")
    assert (again.kind, again.article_id) == (OutcomeKind.REVISION, first.article_id)


def test_an_edit_under_a_new_title_is_a_revision_where_ids_are_good(pipeline: Pipeline) -> None:
    moved = item("1", "https://a.example/new", "Storm Ida shuts the harbour", STORY + " More.")
    first = item("1", "https://a.example/old", TITLE, STORY)
    assert kinds(ingest(pipeline, [first], "a") + ingest(pipeline, [moved], "b")) == [
        "new",
        "revision",
    ]


def test_a_source_with_bad_ids_is_distrusted_and_shown(pipeline: Pipeline, store_url: str) -> None:
    ingest(pipeline, [*items(["0"], 6), {"title": ["bad"], "source": {"id": "wire"}}])
    environment = {"WORKER_STORE_URL": store_url}
    listed = CliRunner().invoke(group, ["sources"], env=environment).stdout
    assert "distrusted (reused 5)" in listed
    told = CliRunner().invoke(group, ["sources", "wire"], env=environment).stdout
    assert "new 6, dead 1" in told
    assert "malformed 1" in told
    found = json.loads(
        CliRunner().invoke(group, ["sources", "wire", "--json"], env=environment).stdout
    )
    assert found["source"]["ids"]["reused_ids"] == 5
    # Distrusted, an id does not speak for itself even where there is no link.
    first, second = (item("7", "", title, title) for title in SHORT)
    assert kinds(ingest(pipeline, [first], "s") + ingest(pipeline, [second], "t")) == ["new"] * 2


def rolling(poll: int, text: str = "") -> list[dict[str, Any]]:
    """The same items in every poll, each time under other ids and other links."""
    return [
        item(
            f"session-{poll}-{n}",
            f"https://a.example/session/{poll}/{n}",
            invented(900 + n, 6),
            invented(n) + text,
        )
        for n in range(4)
    ]


def test_ids_and_links_that_change_with_every_poll_end_in_the_same_articles(
    pipeline: Pipeline, store_url: str
) -> None:
    # Nothing but the content says so: two polls later the source is known for it.
    seen = [kinds(ingest(pipeline, rolling(poll), f"{poll}-")) for poll in range(6)]
    assert seen == [["new"] * 4, *[["duplicate"] * 4] * 2, *[["unchanged"] * 4] * 3]
    edited = ingest(pipeline, rolling(6, " More was said later."), "e")
    assert kinds(edited) == ["revision"] * 4
    assert len(rows(store_url, "articles")) == 12
    environment = {"WORKER_STORE_URL": store_url}
    assert (
        "distrusted (changed 24)" in CliRunner().invoke(group, ["sources"], env=environment).stdout
    )
    told = CliRunner().invoke(group, ["explain", edited[0].article_id], env=environment).stdout
    assert "title and opening are those of this article" in " ".join(told.split())


def test_another_issue_under_the_same_opening_is_no_revision(pipeline: Pipeline) -> None:
    for poll in range(4):
        ingest(pipeline, rolling(poll), f"{poll}-")
    opening = "Rates at the auction of the central bank were as follows, it said on Friday. " * 4

    def issue(number: int, rate: str) -> dict[str, Any]:
        text = (
            f"{opening}\n\nThree months {rate} percent, six months {rate} percent, one year {rate}."
        )
        return item(f"r-{number}", f"https://a.example/r/{number}", "Auction results", text)

    assert kinds(ingest(pipeline, [issue(1, "3.14")], "m")) == ["new"]
    [other] = ingest(pipeline, [issue(2, "2.71")], "t")
    assert other.kind is not OutcomeKind.REVISION


def test_the_keys_of_an_article_are_bounded(pipeline: Pipeline, store_url: str) -> None:
    polls = MAX_KEYS + 5
    link = "https://a.example/one"
    for poll in range(polls):
        [outcome] = ingest(pipeline, [item(f"p-{poll}", link, TITLE, STORY)], f"{poll}-")
        assert outcome.kind is (OutcomeKind.UNCHANGED if poll else OutcomeKind.NEW)
    assert MAX_KEYS <= len(rows(store_url, "aliases")) <= MAX_KEYS + 2
    assert len(rows(store_url, "articles")) == 1


def test_a_source_without_ids_is_distrusted_and_says_so(pipeline: Pipeline, store_url: str) -> None:
    ingest(pipeline, items([""], 4))
    listed = CliRunner().invoke(group, ["sources"], env={"WORKER_STORE_URL": store_url}).stdout
    assert "distrusted (absent 4)" in listed
