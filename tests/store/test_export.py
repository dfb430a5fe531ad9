"""Reading whole articles in bulk gives the same on both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.make import NOW, article, record, tag, withdrawal
from tests.store.stored import statements
from worker.model.admission import Media
from worker.model.dataclass_fields import field_values
from worker.model.records import Article, OutcomeKind
from worker.store.reading import export
from worker.store.sql_store import SqlStore
from worker.store.values import Query, StoredArticle, StoredTag

DAY = timedelta(days=1)


def write(store: SqlStore, *written: Article, **changes: object) -> None:
    records = [record(each, **changes) for each in written]
    store.write(records, [], [], now=NOW)


def keys(store: SqlStore, **asked: object) -> list[tuple[str, int]]:
    found = store.articles(Query(**asked))
    return [(each.title, each.revision) for each in found]


def test_names_come_with_what_the_article_is_about_first(store: SqlStore) -> None:
    names = [
        tag("old", score=0.6, scheme="person"),
        tag("about", score=0.7, scheme="person", salience=0.9),
        tag("mentioned", score=0.99, scheme="person", salience=0.3),
    ]
    write(store, article("id:1"), tags=(*names, tag("sea", score=0.2)))
    (found,) = store.articles(Query())
    assert [(each.code, each.salience) for each in found.tags] == [
        ("sea", None),
        ("about", 0.9),
        ("old", None),  # of a version that stored no salience
        ("mentioned", 0.3),
    ]


def test_an_article_comes_with_all_its_content(store: SqlStore) -> None:
    media = (Media(url="https://a.example/a.jpg", title="Harbour"),)
    its = article(
        published=NOW - DAY,
        authors=("A", "B"),
        categories=("c",),
        media=media,
        flags=("truncated",),
    )
    write(store, its, tags=(tag("sea", score=0.25), tag("storm", score=0.5)))
    (found,) = store.articles(Query())
    assert found == StoredArticle(
        article_id=its.article_id,
        revision=1,
        received=NOW,
        verdict="new",
        cluster_id=its.article_id,
        tags=tuple(
            StoredTag(scheme="taxonomy", code=code, label=code.title(), score=score)
            for code, score in (("storm", 0.5), ("sea", 0.25))
        ),
        **field_values(
            its,
            leave_out=(
                *("key", "aliases", "opening_key", "dropped", "cleaner", "learned"),
                *("page_fetched", "fetch_dated"),
            ),
        ),
    )


def test_the_newest_revision_stands_for_an_article_and_others_come_on_request(
    store: SqlStore,
) -> None:
    write(store, article("id:1", title="a"), article("id:2", title="b"))
    write(store, article("id:1", title="a", text="Edited."))
    assert keys(store) == [("b", 1), ("a", 2)]
    every = list(store.articles(Query(), all_revisions=True))
    assert [(a.title, a.revision, a.verdict, len(a.tags)) for a in every] == [
        ("a", 1, "new", 0),
        ("b", 1, "new", 1),
        ("a", 2, "revision", 1),
    ]


def test_what_was_withdrawn_is_left_out(store: SqlStore) -> None:
    write(store, article("id:1"), article("id:2", title="b"))
    store.write([], [withdrawal("id:1")], [], now=NOW)
    assert keys(store) == [("b", 1)]
    assert len(list(store.articles(Query(), all_revisions=True))) == store.count(Query()) == 1


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, "abc"),
        ({"words": "storm"}, "ac"),
        ({"words": "storm -sea"}, "a"),
        ({"source": "wire"}, "ab"),
        ({"language": "sv"}, "b"),
        ({"tag": "sport"}, "b"),
        ({"verdict": "duplicate"}, "c"),
        ({"verdict": "new", "words": "storm"}, "a"),
        ({"since": NOW - 2 * DAY}, "bc"),
        ({"until": NOW - 2 * DAY}, "a"),
        ({"since": NOW - 3 * DAY, "until": NOW}, "ab"),
        ({"since": NOW, "until": NOW}, ""),
        ({"words": "nowhere"}, ""),
    ],
)
def test_it_is_restricted_as_a_search_is(
    store: SqlStore, asked: dict[str, object], expected: str
) -> None:
    write(store, article("id:1", title="a", text="A storm.", published=NOW - 3 * DAY))
    write(
        store,
        article("id:2", title="b", text="Nothing.", published=NOW - DAY, language="sv"),
        tags=(tag("sport"),),
    )
    copy = article("id:3", title="c", text="A storm at sea.", source="other")
    duplicate = {"kind": OutcomeKind.DUPLICATE, "cluster_id": article("id:1").article_id}
    write(store, copy, verdict=duplicate)
    assert "".join(title for title, _ in keys(store, **asked)) == expected
    assert store.count(Query(**asked)) == len(expected)
    assert sorted(f.title for f in store.search(Query(**asked))) == sorted(expected)


def test_however_many_there_are_each_comes_once_a_page_at_a_time(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "PAGE", 4)
    monkeypatch.setattr(export, "MAX_IDS", 8)
    many = [article(f"id:{n}", title=f"{n:04}", text="A storm.") for n in range(24)]
    write(store, *many)
    for words in ("", "storm"):
        found = store.articles(Query(words=words))
        with statements() as sent:
            assert [next(found).title for _ in range(4)] == ["0000", "0001", "0002", "0003"]
        texts = [statement for statement in sent if "revisions.text" in statement]
        assert len(texts) == 1  # nothing is read ahead
        assert [each.title for each in found] == [each.title for each in many[4:]]


def test_an_article_revised_meanwhile_is_not_lost(store: SqlStore) -> None:
    many = [article(f"id:{n}", title=f"{n:04}") for n in range(export.PAGE + 1)]
    write(store, *many)
    found = store.articles(Query())
    first = next(found)
    write(store, replace(many[-1], text="Edited."))
    rest = [(each.title, each.revision) for each in found]
    assert first.title == "0000"
    assert rest[-1] == (many[-1].title, 2)
    assert len(rest) == export.PAGE
