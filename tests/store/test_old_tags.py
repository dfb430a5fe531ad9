"""Tags that an earlier version writes and reads, by its own statements, beside this version."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from tests.make import NOW, article, record, tag
from tests.store.stored import rows
from worker.maintenance.tag_moves import move_old_tags
from worker.model.dataclass_fields import field_values
from worker.model.records import Retagged, Span, Tag
from worker.store.database import engine
from worker.store.database.schema import tag_rows
from worker.store.database.tag_encoding import folded
from worker.store.listing_values import ArticlePosition
from worker.store.migrate import migrate, unmoved_tags
from worker.store.sql_store import SqlStore
from worker.store.values import Query

LATER = NOW + timedelta(hours=1)
TAGS = tag_rows.to_metadata(sa.MetaData(), name="tags")  # as the version before knows it
SPAN = Span(field="title", start=0, end=4, surface="Gale")
WEATHER = tag("weather", score=0.5, rule="r1", spans=(SPAN,))
SEA = tag("sea-area", scheme="place", label="Sea Area", version="2 3", method="model")
COAST = tag("coast", label="Éire's coast")


def replace_tags(url: str, article_id: str, tags: Sequence[Tag]) -> None:
    """Write tags as the version before does: remove all of the article, then insert."""
    new = [
        {
            **field_values(each, leave_out=("spans",)),
            "article_id": article_id,
            "code_folded": folded(each.code),
            "label_folded": folded(each.label),
            "spans": [field_values(span) for span in each.spans],
        }
        for each in tags
    ]
    its = engine.open_engine(engine.parse(url))
    with its.execution_options(writes=True).begin() as connection:
        connection.execute(sa.delete(TAGS).where(TAGS.c.article_id.in_([article_id])))
        if new:
            connection.execute(sa.insert(TAGS), new)
    its.dispose()


def read_before(url: str, *conditions: Any) -> list[tuple[str, str]]:
    """Scheme and code of the tags that the version before reads, on these conditions."""
    its = engine.open_engine(engine.parse(url))
    with its.connect() as connection:
        columns = TAGS.c.scheme, TAGS.c.code
        found = connection.execute(sa.select(*columns).where(*conditions).order_by(*columns))
        read = [(row.scheme, row.code) for row in found]
    its.dispose()
    return read


def shown(store: SqlStore, article_id: str) -> Any:
    view = store.show(article_id)
    assert view is not None
    return view["tags"]


def everything_about_tags(store: SqlStore) -> Any:
    """What all readers of tags give for a store of few articles."""
    asked = ("weather", "WEATHER", "taxonomy:weather", "place:sea-area", "Sea Area", "sea-area")
    asked += ("place:weather", "éire's  coast", "place:sea area", "nothing")
    queries = [Query(tag=each) for each in asked]
    queries.append(Query(tag="gale", tag_codes=(("taxonomy", "weather"),)))
    queries.append(Query(tag="gale", tag_codes=(("", "coast"),)))
    first: ArticlePosition | None = None
    ids = sorted(row.article_id for row in store.articles(Query()))
    return (
        [[(h.article_id, h.tags, h.labels) for h in store.search(query)] for query in queries],
        [store.count(query) for query in queries],
        [[h.article_id for h in store.listings.article_page(q, first).hits] for q in queries],
        store.listings.article_facets(Query()),
        [*store.articles(Query())],
        [shown(store, article_id) for article_id in ids],
        [r.tags for r in store.records(ids)],
        store.listings.rule_counts(NOW.replace(year=2000), 10),
        store.listings.rule_evidence(ids, "weather"),
    )


@pytest.fixture
def ids(store: SqlStore) -> list[str]:
    """Two articles with tags."""
    written = [record(article("id:1"), tags=(WEATHER, SEA)), record(article("id:2"), tags=(COAST,))]
    store.write(written, [], [], now=NOW)
    return [each.article.article_id for each in written]


def test_the_version_before_reads_what_this_one_writes(
    store: SqlStore, store_url: str, ids: list[str]
) -> None:
    assert read_before(store_url, TAGS.c.article_id.in_(ids[:1])) == [
        ("place", "sea-area"),
        ("taxonomy", "weather"),
    ]
    assert read_before(store_url, TAGS.c.code_folded == "sea-area") == [("place", "sea-area")]
    [weather] = [row for row in rows(store_url, "tags") if row["code"] == "weather"]
    known = {name: value for name, value in field_values(WEATHER).items() if name != "salience"}
    assert weather == {
        **known,
        "spans": [field_values(SPAN)],
        "article_id": ids[0],
        "code_folded": "weather",
        "label_folded": "weather",
    }


def test_all_readers_give_the_same_for_tags_of_both_forms_and_for_moved_ones(
    store: SqlStore, store_url: str, ids: list[str]
) -> None:
    written = everything_about_tags(store)
    assert written[0][0]  # something was found
    for article_id, tags in zip(ids, ((WEATHER, SEA), (COAST,)), strict=True):
        replace_tags(store_url, article_id, tags)
    assert rows(store_url, "article_tags") == []
    assert len(rows(store_url, "tag_rows")) == 3
    assert unmoved_tags(store_url) == 2
    assert everything_about_tags(store) == written
    assert sum(move_old_tags(store)) == 2
    assert rows(store_url, "tag_rows") == []
    assert everything_about_tags(store) == written
    assert unmoved_tags(store_url) == store.tag_moves.move(10) == 0


def test_what_the_version_before_writes_replaces_the_value(
    store: SqlStore, store_url: str, ids: list[str]
) -> None:
    replace_tags(store_url, ids[0], [COAST])
    assert [each["code"] for each in shown(store, ids[0])] == ["coast"]
    assert store.search(Query(tag="weather")) == []
    assert len(store.search(Query(tag="coast"))) == 2
    replace_tags(store_url, ids[0], [])
    assert shown(store, ids[0]) == []
    assert store.search(Query(tag="sea area")) == []


def test_a_revision_of_this_version_replaces_the_tags_of_the_version_before(
    store: SqlStore, store_url: str, ids: list[str]
) -> None:
    replace_tags(store_url, ids[0], [COAST])
    store.write([record(article("id:1", text="New."), tags=(SEA,))], [], [], now=LATER)
    [known] = store.latest_identities([article("id:1")])
    assert known is not None
    assert rows(store_url, "tag_rows") == []
    assert [each["code"] for each in shown(store, ids[0])] == ["sea-area"]
    assert store.search(Query(tag="taxonomy:weather")) == []


def test_tagging_again_compares_with_the_tags_of_the_version_before(
    store: SqlStore, store_url: str, ids: list[str]
) -> None:
    replace_tags(store_url, ids[0], [WEATHER, COAST])
    again = Retagged(
        article_id=ids[0], revision=1, was="tags-1", tagger="tags-2", config="c", tags=(WEATHER,)
    )
    assert store.retag([again], now=LATER) == 1
    assert rows(store_url, "tag_rows") == []
    assert store.search(Query(tag="coast"))[0].article_id == ids[1]
    [stored] = store.records(ids[:1])
    assert (stored.tags, stored.tagger) == ((WEATHER,), "tags-2")


def test_a_deleted_article_has_no_tags_of_either_form(
    store: SqlStore, store_url: str, ids: list[str]
) -> None:
    replace_tags(store_url, ids[0], [COAST])
    store.delete(ids, now=LATER)
    assert [rows(store_url, table) for table in ("tags", "tag_rows", "article_tags")] == [
        [],
        [],
        [],
    ]
    assert store.search(Query(tag="coast")) == []


def versions(url: str) -> list[Any]:
    return [(row["provenance"], row["versions"]) for row in rows(url, "revisions")]


def test_versions_of_a_revision_are_stored_once_and_those_in_the_row_come_first(
    store: SqlStore, store_url: str, ids: list[str]
) -> None:
    first, second = versions(store_url)
    assert first == second
    assert first[1] == {}
    its = engine.open_engine(engine.parse(store_url))
    with its.execution_options(writes=True).begin() as connection:  # the version before tags again
        connection.execute(sa.text("""UPDATE revisions SET versions = '{"tagger": "old"}'"""))
    its.dispose()
    [stored, _] = store.records(sorted(ids))
    assert (stored.tagger, stored.cleaner) == ("old", "clean-1")
    assert store.count_stale(Query(), "tagger", "old") == 0
    assert store.count_stale(Query(), "tagger", "tags-1") == 2
    assert store.count_stale(Query(), "cleaner", "clean-1") == 0
    assert store.count_stale(Query(), "cleaner", "clean-2") == 2


def take_back(url: str) -> Sequence[Any]:
    """Undo the migration that has brought one value for the tags of an article; return the versions
    of all revisions."""
    config = Config()
    config.set_main_option("script_location", str(Path(engine.__file__).parents[1] / "migrations"))
    its = engine.open_engine(engine.parse(url))
    with its.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0023")
        stored = connection.execute(sa.text("SELECT versions FROM revisions")).scalars().all()
    its.dispose()
    return stored


@pytest.mark.parametrize("name", ["Österreich", "Große  Straße", "ŁÓDŹ\tPOLSKA", "É" * 1000])
def test_tags_are_found_in_any_case_after_the_migration_is_taken_back(
    store: SqlStore, store_url: str, name: str
) -> None:
    tags = (tag("o" + name, label=name), tag("plain"))
    [written] = [record(article(), tags=tags)]
    store.write([written], [], [], now=NOW)
    store.close()
    stored = [(row["code"], row["label"]) for row in rows(store_url, "tags")]
    take_back(store_url)
    before = [(row["code_folded"], row["label_folded"]) for row in rows(store_url, "tags")]
    assert sorted(before) == sorted((folded(code), folded(label)) for code, label in stored)


def test_the_migration_is_taken_back_with_the_tags_and_versions_in_their_old_form(
    store: SqlStore, store_url: str, ids: list[str]
) -> None:
    replace_tags(store_url, ids[1], [COAST, WEATHER])
    before = everything_about_tags(store), rows(store_url, "tags")
    store.close()
    stored = take_back(store_url)
    assert all("clean-1" in str(each) and "dedup-1" in str(each) for each in stored)
    assert unmoved_tags(store_url) == 2
    migrate(store_url)
    assert (everything_about_tags(store), rows(store_url, "tags")) == before
