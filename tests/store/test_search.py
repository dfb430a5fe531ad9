"""Search finds the same articles on both databases, and no input breaks it."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devtools.servers import create_database, drop_database, in_database
from tests.make import NOW, article, record, tag
from worker.model.records import Article, Record
from worker.store.migrate import migrate
from worker.store.reading.search import Term, read_terms, snippet
from worker.store.sql_store import SqlStore
from worker.store.values import Query
from worker.tag.entities.tag_codes import equal_codes


def write(store: SqlStore, *records: Record, now: datetime = NOW) -> None:
    store.write(records, [], [], now=now)


def titles(store: SqlStore, words: str = "", **restricted: object) -> list[str]:
    return [found.title for found in store.search(Query(words=words, **restricted))]


def story(title: str, text: str = "Nothing.", **changes: object) -> Article:
    return article(f"id:{title}", title=title, text=text, **changes)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("north", [Term(words=("north",))]),
        ("north sea", [Term(words=("north",)), Term(words=("sea",))]),
        ('"north sea"', [Term(words=("north", "sea"))]),
        ("-sport", [Term(words=("sport",), excluded=True)]),
        ('-"north sea"', [Term(words=("north", "sea"), excluded=True)]),
        ("flood*", [Term(words=("flood",), is_prefix=True)]),
        ('"north flo"*', [Term(words=("north", "flo"), is_prefix=True)]),
        ("north-sea", [Term(words=("north", "sea"))]),
        ('"open end', [Term(words=("open", "end"))]),
        ('a"b', [Term(words=("a",)), Term(words=("b",))]),
        ("AND OR NOT NEAR", [Term(words=(w,)) for w in ("AND", "OR", "NOT", "NEAR")]),
        ("title:storm", [Term(words=("title", "storm"))]),
        ('- * " "" () \' : & | ! <-> 😀 \0', []),
        ("", []),
    ],
)
def test_terms_are_read_as_a_person_means_them(words: str, expected: list[Term]) -> None:
    assert read_terms(words) == expected


@pytest.fixture
def library(store: SqlStore) -> SqlStore:
    stories = [
        story("Storm", "A storm closed the harbour on the North Sea."),
        story("Flood", "The flooding of the north made the sea rise. No harbour opened."),
        story("Match", "A storm of goals in sport."),
        story("Odd", "See example.com/a-b or mail me@example.com, +5 or 3.14 — it’s “new” 5G/x_y."),
        story("Umlaut", "Zürich, ÉTÉ, Москва und 東京."),
    ]
    write(store, *map(record, stories))
    return store


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("storm", {"Storm", "Match"}),
        ("STORM", {"Storm", "Match"}),
        ("storm harbour", {"Storm"}),
        ("north sea", {"Storm", "Flood"}),
        ('"north sea"', {"Storm"}),
        ("storm -sport", {"Storm"}),
        ('harbour -"north sea"', {"Flood"}),
        ("flood", {"Flood"}),
        ("flooding", {"Flood"}),
        ("flooded", set()),
        ("harb*", {"Storm", "Flood"}),
        ("harb", set()),
        ('"the nor"*', {"Storm", "Flood"}),
        ("-storm", {"Flood", "Odd", "Umlaut"}),
        ("-storm -flood", {"Odd", "Umlaut"}),
        ("-harb*", {"Match", "Odd", "Umlaut"}),
        ("example", {"Odd"}),
        ("example.com", {"Odd"}),
        ("a-b", {"Odd"}),
        ("me@example.com", {"Odd"}),
        ("5", {"Odd"}),
        ("3.14", {"Odd"}),
        ("14", {"Odd"}),
        ("it's", {"Odd"}),
        ("new", {"Odd"}),
        ("5g", {"Odd"}),
        ("x_y", {"Odd"}),
        ("y", {"Odd"}),
        ("zürich", {"Umlaut"}),
        ("zurich", set()),
        ("été", {"Umlaut"}),
        ("москва", {"Umlaut"}),
        ("東*", {"Umlaut"}),
        ("nothing-at-all", set()),
    ],
)
def test_words_find_the_same_on_both(library: SqlStore, words: str, expected: set[str]) -> None:
    assert set(titles(library, words)) == expected


def test_what_has_no_letters_restricts_nothing(library: SqlStore) -> None:
    assert len(titles(library, "!!! (")) == 5


def test_the_title_weighs_more_than_the_text(store: SqlStore) -> None:
    in_text = story("Weather report", "The storm came.", published=NOW)
    in_title = story("Storm", "It came.", published=NOW - timedelta(days=9))
    write(store, record(in_title), record(in_text))
    assert titles(store, "storm") == ["Storm", "Weather report"]


def test_of_equal_relevance_the_newest_comes_first(store: SqlStore) -> None:
    days = [3, 1, 2]
    stories = [story(f"Storm {n}", published=NOW - timedelta(days=n)) for n in days]
    write(store, *map(record, stories))
    assert titles(store, "storm") == ["Storm 1", "Storm 2", "Storm 3"]


def test_without_words_the_newest_comes_first_by_publication_else_receipt(
    store: SqlStore,
) -> None:
    write(store, record(story("old", published=NOW - timedelta(days=1))), record(story("undated")))
    write(store, record(story("middle")), now=NOW - timedelta(hours=1))
    assert titles(store) == ["undated", "middle", "old"]
    assert titles(store, limit=2) == ["undated", "middle"]


def test_since_looks_at_publication_else_receipt(store: SqlStore) -> None:
    write(store, record(story("old", published=NOW - timedelta(days=2))), record(story("undated")))
    assert titles(store, since=NOW - timedelta(days=1)) == ["undated"]
    assert titles(store, since=NOW) == ["undated"]
    assert titles(store, since=NOW + timedelta(seconds=1)) == []


def test_since_and_the_order_can_go_by_receipt(store: SqlStore) -> None:
    write(store, record(story("early", published=NOW)), now=NOW - timedelta(hours=1))
    write(store, record(story("late", published=NOW - timedelta(days=9))))
    assert titles(store) == ["early", "late"]
    assert titles(store, by_receipt=True) == ["late", "early"]
    assert titles(store, by_receipt=True, since=NOW) == ["late"]


def test_only_the_newest_revision_is_searched(store: SqlStore) -> None:
    write(store, record(article(text="A first draft.")), record(article(text="A correction.")))
    assert titles(store, "draft") == []
    assert len(titles(store, "correction")) == 1
    assert len(titles(store)) == 1


@pytest.mark.parametrize(
    "wanted",
    ["medtop:04000000", "MEDTOP:04000000", "taxonomy:medtop:04000000", "Économie", "éCONOMIE"],
)
def test_a_tag_is_asked_for_by_code_label_or_scheme_and_code(store: SqlStore, wanted: str) -> None:
    tagged = record(story("Bank"), tags=(tag("medtop:04000000", label="Économie"),))
    write(store, tagged, record(story("Match"), tags=(tag("sport"),)))
    assert titles(store, tag=wanted) == ["Bank"]
    assert titles(store, tag=wanted[:-1]) == []


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("place:Berlin", {"New", "Old"}),
        ("place:berlin", {"New", "Old"}),
        ("Berlin", {"New", "Old"}),
        ("place:geonames:2950159", {"New", "Old"}),
        ("geonames:2950159", {"New", "Old"}),
        ("organisation:peugeot", {"New"}),
        ("person:peugeot", {"New", "Old"}),
        ("organisation:nestle", {"New"}),
        ("place:rolls-royce", {"Old"}),
        ("place:Paris", set()),
    ],
)
def test_a_tag_is_found_by_name_id_and_old_code(
    store: SqlStore, wanted: str, expected: set[str]
) -> None:
    new = (
        tag("geonames:2950159", scheme="place", label="Berlin"),
        tag("wd:Q6742", scheme="organisation", label="Peugeot"),
        tag("wd:Q160746", scheme="organisation", label="Nestlé"),
    )
    old = (
        tag("berlin", scheme="place", label="Berlin"),
        tag("peugeot", scheme="person", label="Peugeot"),
        tag("rolls-royce", scheme="place", label="Rolls-Royce"),
    )
    rome = tag("rome", scheme="place", label="Rome")
    write(store, record(story("New"), tags=new), record(story("Old"), tags=old))
    write(store, record(story("None"), tags=(rome,)))
    assert set(titles(store, tag=wanted, tag_codes=equal_codes(wanted))) == expected


def test_a_tag_of_another_scheme_is_not_meant(store: SqlStore) -> None:
    fruit = tag("apple", scheme="category", label="Apple")
    write(store, record(story("Pie"), tags=(fruit,)))
    assert (
        titles(store, tag="organisation:apple", tag_codes=equal_codes("organisation:apple")) == []
    )
    assert titles(store, tag="wd:Q312", tag_codes=equal_codes("wd:Q312")) == []
    assert titles(store, tag="apple", tag_codes=equal_codes("apple")) == ["Pie"]


def test_restrictions_hold_together(store: SqlStore) -> None:
    write(
        store,
        record(story("One", "storm", source="a", language="en")),
        record(story("Two", "storm", source="b", language="en")),
        record(story("Three", "storm", source="a", language="de")),
    )
    assert titles(store, "storm", source="a", language="EN") == ["One"]
    assert set(titles(store, source="a")) == {"One", "Three"}
    assert titles(store, "storm", source="c") == []


def test_a_found_article_shows_the_words_in_their_surroundings(store: SqlStore) -> None:
    write(store, record(story("Long", "Before. " * 100 + "The STORM came. " + "After. " * 100)))
    (found,) = store.search(Query(words="storm"))
    assert "The STORM came." in found.snippet
    assert found.snippet.startswith("…")
    assert len(found.snippet) < 200
    (listed,) = store.search(Query())
    assert listed.snippet == ""


@pytest.mark.parametrize(
    ("texts", "words", "expected"),
    [
        (("A storm.", ""), "storm", "A storm."),
        (("Brainstorm, then storm.", ""), "storm", "Brainstorm, then storm."),
        (("Nothing.", "In short: storm."), "storm", "In short: storm."),
        (("Nothing.", "Nor here."), "storm", "Nothing."),
        (("The north,\n\nsea.", ""), '"north sea"', "The north, sea."),
        (("", ""), "storm", ""),
    ],
)
def test_a_snippet_is_cut_where_a_term_stands(
    texts: tuple[str, ...], words: str, expected: str
) -> None:
    assert snippet(texts, read_terms(words)) == expected


@pytest.fixture(scope="module")
def shelves(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[SqlStore]]:
    server = request.getfixturevalue("postgres_url")
    create_database(server, "shelf")
    urls = [in_database(server, "shelf"), f"sqlite:///{tmp_path_factory.mktemp('shelf')}/s.db"]
    stores = []
    for url in urls:
        migrate(url)
        stores.append(SqlStore(url))
        write(stores[-1], record(story("Storm", "A storm on the North Sea.")))
    yield stores
    for store in stores:
        store.close()
    drop_database(server, "shelf")


MARKS = st.sampled_from([*"\"'*-+()^:&|!<>\\%_ \0{}~", "AND", "NOT", "NEAR(", " storm "])


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.one_of(st.text(), st.lists(MARKS).map("".join)))
@pytest.mark.processes
def test_no_input_is_an_error(shelves: list[SqlStore], words: str) -> None:
    for store in shelves:
        assert len(store.search(Query(words=words, tag=words[:5]))) <= 1
        assert len(store.search(Query(words=words))) <= 1


@pytest.mark.parametrize(
    "words", ["x" * 100_000, "x " * 100_000, '"' + "x " * 100_000, "x-" * 9999]
)
def test_an_endless_query_is_cut(store: SqlStore, words: str) -> None:
    assert store.search(Query(words=words)) == []
