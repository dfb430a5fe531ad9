"""No text that a producer can send breaks a batch or is confused with another text."""

from dataclasses import replace

import pytest

from tests.make import NOW, article, dead, record, tag
from tests.store.stored import all_words, row
from worker.model.records import OutcomeKind, Record
from worker.store.database.columns import stored_name
from worker.store.dead_letter_values import DeadLetterQuery
from worker.store.sql_store import SqlStore
from worker.store.values import Query


def write(store: SqlStore, *records: Record) -> None:
    store.write(records, [], [], now=NOW)


HOSTILE = "a\0b\ud800c\ud83d\ude00"


def test_no_text_breaks_a_batch(store: SqlStore, store_url: str) -> None:
    hostile = replace(article(f"id:{HOSTILE}"), source=HOSTILE, title=HOSTILE, text=HOSTILE)
    written = record(hostile, receipt=HOSTILE, tags=(tag(HOSTILE, rule=HOSTILE),))
    letter = dead(HOSTILE, detail=HOSTILE, source=HOSTILE, receipt=HOSTILE + "2")
    outcomes = store.write([written], [], [letter], now=NOW)
    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.NEW, OutcomeKind.DEAD]
    assert store.outcomes([HOSTILE])[HOSTILE].kind is OutcomeKind.NEW
    assert "\0" not in all_words(store_url)
    assert store.write([written], [], [letter], now=NOW) == []


@pytest.mark.parametrize("end", ["1", "2"])
def test_names_too_long_for_an_index_stay_apart(store: SqlStore, end: str) -> None:
    # Incompressible, or PostgreSQL would shrink it until it fits.
    long = "".join(chr(0x4E00 + n * 7919 % 20_000) for n in range(4_000))
    one, two = (article(f"id:{long}{n}", source=long) for n in "12")
    write(store, record(one, receipt=long + "1", tags=(tag(long),)))
    write(store, record(two, receipt=long + "2", tags=(tag(long),)))
    assert store.outcomes([long + end])[long + end].receipt == long + end
    (known,) = store.latest_identities([article(f"id:{long}{end}", source=long)])
    assert known is not None
    assert known.article_id == article(f"id:{long}{end}", source=long).article_id


@pytest.mark.parametrize("name", ["KREIS " * 200, "Kreis-" * 200, HOSTILE])
def test_a_tag_is_found_by_its_whole_name_and_by_the_stored_form(
    store: SqlStore, name: str
) -> None:
    """The stored form of a long name is a part of it and a hash of the whole."""
    write(store, record(tags=(tag("other", label=name),)))
    write(store, record(article("id:2", text="Other words."), tags=(tag(name),)))
    for asked in (name, f"taxonomy:{name}", stored_name(name)):
        assert len(store.search(Query(tag=asked))) == 2
    assert store.search(Query(tag=name + "x")) == []


def test_a_text_of_five_megabytes_is_stored_and_found(store: SqlStore) -> None:
    words = " ".join(f"word{n:x}" for n in range(500_000))
    write(store, record(article(text=words)))
    assert len(store.search(Query(words="worda1"))) == 1


def test_figures_that_json_does_not_know_become_null(store: SqlStore, store_url: str) -> None:
    write(store, record(verdict={"scores": {"ratio": float("nan"), "words": 2.0}}))
    assert row(store_url, "decisions")["scores"] == {"ratio": None, "words": 2.0}


NO_ID = (
    "\0",
    "a\0b",
    "\ud800",
    "\udcff",
    "%",
    "'",
    "a" * 100_000,
    "é" * 3_000,
    "\x1b[31m",
    "\n",
    "",
)


@pytest.mark.parametrize("name", NO_ID, ids=lambda name: ascii(name[:8]))
def test_no_text_in_place_of_an_id_is_an_error(store: SqlStore, name: str) -> None:
    write(store, record(article()))
    assert store.show(name) is None
    assert store.outcomes([name]) == {}
    assert store.listing([name]) == []
    assert store.letters([name]) == []
    assert store.drop_letters([name]) == 0
    assert store.letter_ids(DeadLetterQuery(id_prefixes=(name or "-",))) == []
    assert store.fingerprints([name]) == {}
    assert store.titles([name]) == {}
    assert store.find_articles([name], [name]) == []
    assert store.records([name]) == []
    assert store.source(name) is None
    assert store.removed_lines(name) == []
    assert store.journal_entries([name]) == []
    assert store.letters_of_source(name, None) == []
    assert store.cluster_members([name], 5) == {}
    assert store.delete([name], now=NOW) == 0
    assert store.clusters.members([name]) == []
    assert store.clusters.members_of([name]) == []


@pytest.mark.parametrize("field", ["words", "tag", "source", "language", "verdict"])
@pytest.mark.parametrize("name", NO_ID[:-1], ids=lambda name: ascii(name[:8]))
def test_no_text_in_a_search_is_an_error(store: SqlStore, name: str, field: str) -> None:
    write(store, record(article()))
    query = Query(**{field: name})
    assert len(store.search(query)) <= 1
    assert store.count(query) <= 1
    assert len(list(store.articles(query))) <= 1


@pytest.mark.parametrize("cursor", NO_ID, ids=lambda name: ascii(name[:8]))
def test_a_text_that_is_no_cursor_is_refused(store: SqlStore, cursor: str) -> None:
    with pytest.raises(LookupError):
        store.cursor(cursor)
