"""Pages and API on tagging rules: what fired, one rule, and drafts that are tried."""

import threading
from datetime import timedelta
from typing import Any

import pytest

from devtools.waiting import limit_s
from tests.make import NOW, article, record, tag
from tests.support.consoles import PASSWORD, SAME_ORIGIN, Visitor, console
from tests.support.stores import sqlite_first
from worker.config.loader import load_config
from worker.model.records import Span
from worker.store.access_values import AccessToken, Scope
from worker.store.sql_store import SqlStore
from worker.tag import tag as tag_article
from worker.web import rule_pages
from worker.web.access_token import token_hash
from worker.web.rule_trials import RuleTrials, TrialRunning

RULE = "medtop:17000000/en"  # of the packaged rules
DRAFT = """
[[topics]]
code = "harbours"
label = "Harbours"

[[topics.rules]]
id = "draft"
languages = ["en"]
any = ["title:harbour"]
score = 1.0

[[topics.rules]]
id = "silent"
any = ["zeppelin"]
"""


def tagged(store: SqlStore, number: int, rule: str, method: str = "rule", **changes: Any) -> str:
    """Store an article with the tag of a topic by this rule; a higher number is older."""
    code = rule.partition("/")[0]
    one = article(f"id:{number}", published=NOW - timedelta(hours=number), **changes)
    span = Span(field="title", start=0, end=7, surface=one.title[:7])
    found = tag(code, method=method, rule=rule, spans=(span,))
    store.write([record(one, tags=(found,))], [], [], now=NOW)
    return one.article_id


def reader(store: SqlStore, **changes: Any) -> Visitor:
    return Visitor(console(store, **changes))


def rules_of(answer: Any) -> dict[str, int]:
    return {rule["id"]: rule["articles"] for topic in answer["topics"] for rule in topic["rules"]}


@sqlite_first
def test_each_rule_has_the_number_of_articles_that_it_tagged_in_the_period(store: SqlStore) -> None:
    for hours in (1, 2, 30):
        tagged(store, hours, RULE)
    tagged(store, 3, RULE, "rule+model")
    tagged(store, 4, "medtop:17000000/category:x", "category")
    tagged(store, 5, "medtop:17000000/gone")
    visitor = reader(store)
    day, week = (visitor.get(f"/api/rules?days={days}").json() for days in (1, 7))
    assert (rules_of(day)[RULE], rules_of(week)[RULE]) == (3, 4)
    assert sum(rules_of(day).values()) == 3
    assert (day["articles"], day["is_complete"]) == (5, True)
    [topic] = [t for t in day["topics"] if t["code"] == "medtop:17000000"]
    assert topic["by_origin"] == {"rule": 4, "category": 1}
    assert [gone["rule"] for gone in day["removed"]] == ["medtop:17000000/gone"]
    never = visitor.get("/rules?show=never&days=1").text
    assert f"id={RULE.replace(':', '%3A').replace('/', '%2F')}" not in never
    assert "medtop%3A01000000%2Fen" in never


@sqlite_first
def test_a_sample_is_called_a_sample(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.web.rule_api._MOST_COUNTED", 2)
    for hours in (1, 2, 3):
        tagged(store, hours, RULE)
    found = reader(store).get("/api/rules").json()
    assert (found["articles"], found["is_complete"], rules_of(found)[RULE]) == (2, False, 2)
    assert found["oldest"] == (NOW - timedelta(hours=2)).isoformat()
    assert "numbers are estimates" in reader(store).get("/rules").text


@sqlite_first
def test_an_older_revision_of_an_article_counts_for_nothing(store: SqlStore) -> None:
    article_id = tagged(store, 1, RULE)
    tagged(store, 1, RULE, text="The text of it has changed since then.")
    assert rules_of(reader(store).get("/api/rules").json())[RULE] == 1
    assert store.show(article_id)["article"]["revision"] >= 1  # type: ignore[index]


@sqlite_first
def test_a_rule_shows_its_text_and_the_phrases_by_which_it_fired(store: SqlStore) -> None:
    by_rule = tagged(store, 1, RULE, title="Showers and storms")
    tagged(store, 2, "medtop:17000000/category:x", "category", title="Another one")
    found = reader(store).get(f"/api/rules/rule?id={RULE}").json()
    assert [(a["hit"]["article_id"], a["phrases"]) for a in found["articles"]] == [
        (by_rule, ["Showers"])
    ]
    assert found["definition"]["languages"] == ["en"]
    page = reader(store).get(f"/rules/rule?id={RULE}").text
    assert "Showers" in page
    assert "Another one" not in page
    assert reader(store).get("/rules/rule?id=none/en").status_code == 404
    assert reader(store).get("/api/rules/rule").status_code == 400


def test_a_draft_says_which_articles_would_get_or_lose_its_tag_and_stores_nothing(
    store: SqlStore,
) -> None:
    in_force = load_config(None)
    one = article("id:1", title="The harbour reopens", text="Ships come in again.", language="en")
    two = article("id:2", title="Nothing of the kind", text="Ships stay away.", language="en")
    for each in (one, two):
        tags = tag_article(each, in_force.tagging, NOW)
        store.write([record(each, tags=tags)], [], [], now=NOW)
    before = [store.show(each.article_id) for each in (one, two)]
    visitor = reader(store)
    result = visitor.post_json("/api/rules/trial", {"draft": DRAFT}, SAME_ORIGIN).json()
    assert (result["valid"], result["problems"]) == (True, [])
    assert (result["articles"], result["changed"], result["is_complete"]) == (2, 1, True)
    [change] = result["changes"]
    assert (change["article_id"], change["gained"]) == (one.article_id, True)
    assert (change["code"], change["phrases"]) == ("harbours", ["harbour"])
    assert result["never_fired"] == ["harbours/silent"]
    page = visitor.post("/rules/trial", {"draft": DRAFT, "file": "rules/draft"})
    assert page.status_code == 200
    assert "The harbour reopens" in page.text
    assert "title:harbour" in page.text  # the draft stays in the form
    assert [store.show(each.article_id) for each in (one, two)] == before
    assert store.access.audit_entries(None, 9) == []


def test_a_draft_that_replaces_a_file_takes_away_what_only_that_file_gave(
    sqlite_store_url: str,
) -> None:
    store = SqlStore(sqlite_store_url)
    text = "A thunderstorm with heavy rain and gale-force winds is forecast. " * 3
    one = article("id:1", title="Heavy thunderstorm warning", text=text, language="en")
    store.write([record(one)], [], [], now=NOW)
    draft = {"draft": "topics = []", "file": "rules/weather"}
    result = reader(store).post_json("/api/rules/trial", draft, SAME_ORIGIN).json()
    assert result["valid"]
    assert result["changes"]
    assert {change["gained"] for change in result["changes"]} == {False}
    assert "thunderstorm" in {p.casefold() for c in result["changes"] for p in c["phrases"]}


@pytest.mark.parametrize(
    ("draft", "problems"),
    [
        ("topics = [", ["draft.toml"]),
        ("colour = 1", ["colour", "unknown key"]),
        ('[[topics]]\ncode="x"\n[[topics.rules]]\nany=["abc"]', ["a new topic needs a label"]),
        (
            '[[topics]]\ncode="x"\nlabel="X"\n[[topics.rules]]\nid="a"\n'
            '[[topics.rules]]\nid="b"\nany=["b"]\nregex=["("]',
            ["rule a", "rule b"],
        ),
        (
            '[[topics]]\ncode="x"\nlabel="X"\n[[topics.rules]]\nany=["storm"]\nmatches=["calm"]',
            ["calm"],
        ),
        ("x = " + "[" * 5_000, ["draft.toml"]),
        ("\x00", ["draft.toml"]),
    ],
    ids=["syntax", "key", "label", "two", "example", "nested", "zero"],
)
def test_all_problems_of_a_draft_are_listed_by_its_name_and_nothing_is_tried(
    sqlite_store_url: str, draft: str, problems: list[str]
) -> None:
    store = SqlStore(sqlite_store_url)
    result = reader(store).post_json("/api/rules/trial", {"draft": draft}, SAME_ORIGIN)
    assert result.status_code == 200
    answer = result.json()
    assert (answer["valid"], answer["articles"]) == (False, 0)
    for problem in problems:
        assert any(problem in line for line in answer["problems"])
    assert not any("/tmp" in line for line in answer["problems"])  # noqa: S108


@pytest.mark.parametrize("file", ["", "weather", "rules/", "rules/../x", "rules/a b"])
def test_a_wrong_name_of_a_rule_file_is_refused_in_words(sqlite_store_url: str, file: str) -> None:
    draft = {"draft": DRAFT, "file": file}
    refused = reader(SqlStore(sqlite_store_url)).post_json("/api/rules/trial", draft, SAME_ORIGIN)
    assert refused.status_code == 400
    assert "taxonomy, or rules/NAME such as rules/weather" in refused.text
    assert "[A-Za-z" not in refused.text


def test_a_rule_that_can_never_fire_is_a_problem_and_the_others_are_tried(
    sqlite_store_url: str,
) -> None:
    store = SqlStore(sqlite_store_url)
    draft = DRAFT.replace('"zeppelin"', '"headline:zeppelin"')
    result = reader(store).post_json("/api/rules/trial", {"draft": draft}, SAME_ORIGIN).json()
    assert result["valid"]
    [problem] = result["problems"]
    assert "headline" in problem


@pytest.mark.parametrize(
    "wrong",
    [
        {"file": "cleaning"},
        {"file": "rules/../x"},
        {"file": "/etc/passwd"},
        {"draft": "#" * 100_001},
        {"other": 1},
    ],
)
def test_only_tagging_rules_of_a_bounded_size_are_tried(
    sqlite_store_url: str, wrong: dict[str, Any]
) -> None:
    visitor = reader(SqlStore(sqlite_store_url))
    answer = visitor.post_json("/api/rules/trial", {"draft": "", **wrong}, SAME_ORIGIN)
    assert answer.status_code == 400


def test_a_trial_needs_the_right_to_read_and_a_page_of_this_server(sqlite_store_url: str) -> None:
    store = SqlStore(sqlite_store_url)
    given = {"draft": "topics = []"}
    assert reader(store).post("/rules/trial", given).status_code == 200  # read-only
    assert reader(store).post("/rules/trial", given, {}).status_code == 403
    other = {"sec-fetch-site": "cross-site"}
    assert reader(store).post_json("/api/rules/trial", given, other).status_code == 403
    stranger = reader(store, password=PASSWORD)
    assert stranger.post_json("/api/rules/trial", given, SAME_ORIGIN).status_code == 401
    reads = AccessToken(name="r", scopes=(Scope.READ,), created=NOW)
    store.access.add_token(reads, token_hash("secret"))
    bearer = {"authorization": "Bearer secret"}
    assert stranger.post_json("/api/rules/trial", given, bearer).status_code == 200
    assert stranger.post_json("/api/dead/drop", {"expected": 0}, bearer).status_code == 403


def test_one_draft_is_tried_at_a_time_and_it_ends_at_its_deadline(sqlite_store_url: str) -> None:
    store = SqlStore(sqlite_store_url)
    for number in range(3):
        tagged(store, number, RULE)
    entered, leave = threading.Event(), threading.Event()

    class SlowListings:
        """The lists of a store that answers when it is let."""

        def newest_article_ids(self, most: int) -> Any:
            entered.set()
            leave.wait(limit_s())
            return store.listings.newest_article_ids(most)

        def records_without_payload(self, ids: Any) -> Any:
            return store.listings.records_without_payload(ids)

    config, trials = load_config(None), RuleTrials(None, deadline_s=0.0)
    found: list[Any] = []
    slow: Any = SlowListings()
    thread = threading.Thread(
        target=lambda: found.append(trials.run("rules/draft", DRAFT, config, slow))
    )
    thread.start()
    assert entered.wait(limit_s())
    with pytest.raises(TrialRunning):
        trials.run("rules/draft", DRAFT, config, slow)
    leave.set()
    thread.join(30)
    assert (found[0].articles, found[0].is_complete) == (0, False)
    whole = RuleTrials(None).run("rules/draft", DRAFT, config, store.listings)
    assert (whole.articles, whole.is_complete) == (3, True)


def test_a_changed_rule_file_is_shown_without_a_restart(
    sqlite_store_url: str, tmp_path: Any
) -> None:
    folder = tmp_path / "config"
    (folder / "rules").mkdir(parents=True)
    served = console(SqlStore(sqlite_store_url))
    changed = served.settings.model_copy(update={"config_dir": folder})
    visitor = Visitor(console(SqlStore(sqlite_store_url), settings=changed))
    assert "harbours/draft" not in rules_of(visitor.get("/api/rules").json())
    (folder / "rules" / "own.toml").write_text(DRAFT)
    assert "harbours/draft" in rules_of(visitor.get("/api/rules").json())
    (folder / "rules" / "own.toml").write_text("broken")
    assert visitor.get("/api/rules").status_code == 500
    assert "own.toml" in visitor.get("/config").text


@sqlite_first
def test_the_example_that_the_form_shows_is_a_valid_rule_file(store: SqlStore) -> None:
    visitor = Visitor(console(store))
    form = {"draft": rule_pages.EXAMPLE, "file": "rules/draft"}
    answer = visitor.post("/rules/trial", form)
    assert answer.status_code == 200
    assert "nothing was tried" not in answer.text
