"""Deleting by an operator: many articles at once, and the dead letters about them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.make import NOW, article, dead, record, tag
from tests.store.stored import all_words, rows
from worker.maintenance.deletion import DeletionScope, delete_articles, letters_about, named
from worker.model.records import OutcomeKind, Record
from worker.store.sql_store import SqlStore

DAY = timedelta(days=1)


def write(store: SqlStore, *records: Record, letters: tuple = ()) -> list[OutcomeKind]:
    outcomes = store.write(records, [], letters, now=NOW)
    return [outcome.kind for outcome in outcomes]


def delete(store: SqlStore, doomed: DeletionScope) -> tuple[int, int]:
    articles = sum(delete_articles(store, doomed, NOW))
    letters = 0
    for page in letters_about(store, doomed):
        store.clear_letters(page)
        letters += len(page)
    return articles, letters


def copy_of(key: str, canonical: str) -> Record:
    cluster = {"kind": OutcomeKind.DUPLICATE, "cluster_id": article(canonical).article_id}
    return record(article(key), verdict=cluster)


def pending(store_url: str) -> set[str]:
    return {row["key"] for row in rows(store_url, "articles") if row["canonical_pending"]}


def test_nothing_of_a_deleted_article_stays_and_it_never_comes_back(
    store: SqlStore, store_url: str
) -> None:
    secret = article("id:1", title="Zyxwv", text="Zyxwv", summary="Zyxwv", aliases=("url:a.x/1",))
    letters = [
        dead({"id": "1", "title": ["zyxwv"]}),
        dead({"link": "https://a.x/1?utm_source=zyxwv", "id": []}),
        dead({"id": "2", "title": ["other"]}),
        dead({"id": "1", "title": ["zyxwv"], "x": 1}, source="elsewhere"),
        dead("zyxwv: no object"),
    ]
    write(store, record(secret, tags=(tag("zyxwv"),)), record(article("id:2")), letters=letters)

    doomed = named(store, [secret.article_id[:8]])
    assert doomed.titles == ("Zyxwv",)
    assert delete(store, doomed) == (1, 2)

    left = [letter["letter_id"] for letter in rows(store_url, "dead_letters") if letter["whole"]]
    assert sorted(left) == sorted(letter.letter_id for letter in letters[2:])
    assert [r["article_id"] for r in rows(store_url, "revisions")] == [article("id:2").article_id]
    delete(store, DeletionScope(source="elsewhere"))
    delete(store, DeletionScope(source="wire"))
    assert "zyxwv" not in all_words(store_url).lower()
    again = tuple(replace(letter, receipt=f"{letter.receipt}-2") for letter in letters)
    assert (
        write(store, record(secret), letters=again)
        == [OutcomeKind.WITHDRAWN] + [OutcomeKind.DEAD] * 5
    )
    assert "zyxwv" not in all_words(store_url).lower()
    assert delete(store, doomed) == (0, 0)


def test_of_a_source_what_is_older_goes_and_nothing_else(store: SqlStore, store_url: str) -> None:
    write(
        store,
        record(article("id:old", published=NOW - 9 * DAY)),
        record(article("id:young", published=NOW - DAY)),
        record(article("id:other", source="other", published=NOW - 9 * DAY)),
        letters=(dead("young"), dead("other", source="other")),
    )
    assert delete(store, DeletionScope(source="wire", before=NOW - 2 * DAY)) == (1, 0)
    assert delete(store, DeletionScope(source="wire", before=NOW + DAY)) == (1, 1)
    withdrawn = [a["key"] for a in rows(store_url, "articles") if a["withdrawn_at"]]
    assert withdrawn == ["id:old", "id:young"]


def test_many_are_deleted_some_at_a_time(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.maintenance.deletion.PAGE", 4)
    write(store, *(record(article(f"id:{n}")) for n in range(10)))
    assert list(delete_articles(store, DeletionScope(source="wire"), NOW)) == [4, 4, 2]


def test_copies_of_a_deleted_article_keep_their_cluster_and_wait_for_a_canonical(
    store: SqlStore, store_url: str
) -> None:
    write(store, record(article("id:1")), record(article("id:9")))
    write(store, copy_of("id:2", "id:1"), copy_of("id:3", "id:1"), copy_of("id:8", "id:9"))
    delete(
        store, DeletionScope(article_ids=(article("id:1").article_id, article("id:3").article_id))
    )
    assert pending(store_url) == {"id:2"}
    write(store, copy_of("id:4", "id:1"))
    assert pending(store_url) == {"id:2", "id:4"}
    clusters = {row["key"]: row["cluster_id"] for row in rows(store_url, "articles")}
    assert clusters["id:2"] == clusters["id:4"] == article("id:1").article_id


def test_an_id_that_is_not_there_is_said_before_anything_is_deleted(store: SqlStore) -> None:
    write(store, record())
    with pytest.raises(LookupError, match="no article ffff; find ids with `worker search`"):
        named(store, [article().article_id, "ffff"])
