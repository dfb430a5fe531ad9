"""Articles of paused sources wait in the store: none is lost, none is there twice."""

from datetime import timedelta

import pytest

from tests.make import NOW, dead
from tests.store.stored import rows
from worker.errors import Reason
from worker.model.queue_place import QueuePlace
from worker.model.zstd_frames import compress
from worker.store.dead_letter_values import DeadLetterQuery
from worker.store.held_values import HeldArticle, HeldCount
from worker.store.sql_store import SqlStore

LIVE = QueuePlace(queue="articles")


def held(receipt: str = "r1", **changes: object) -> HeldArticle:
    ordinary = {"source": "wire", "text": '{"id":"1"}', "digest": "d1", "place": LIVE}
    return HeldArticle(receipt=receipt, **{**ordinary, **changes})  # type: ignore[arg-type]


def receipts(store: SqlStore, source: str = "wire", limit: int = 10) -> list[str]:
    return [x.article.receipt for x in store.held.page(source, limit)]


def test_articles_are_read_in_the_order_in_which_they_were_held(store: SqlStore) -> None:
    store.held.hold([held("z"), held("a")], now=NOW)
    store.held.hold([held("m"), held("b", source="other")], now=NOW)
    assert receipts(store) == ["z", "a", "m"]
    assert receipts(store, limit=2) == ["z", "a"]
    assert receipts(store, "other") == ["b"]


@pytest.mark.parametrize(
    "article",
    [
        held(text='{"id":"\udcff \\u0000 NUL and half a pair"}'),
        held(source="Ünïcode, no. 1", place=QueuePlace(queue="articles.replay", priority=9)),
        held(source="s" * 190, place=QueuePlace(queue="articles.quarantine", quarantined=3)),
        held(text=""),
    ],
)
def test_an_article_is_read_as_it_was_held(store: SqlStore, article: HeldArticle) -> None:
    store.held.hold([article], now=NOW)
    [stored] = store.held.page(article.source, 10)
    assert stored.article == article
    assert stored.held_at == NOW
    assert store.held.of_receipts(["r1", "r2"]) == {"r1": stored}


def test_an_article_that_came_compressed_is_stored_as_it_came(
    store: SqlStore, store_url: str
) -> None:
    frame = compress(b'{"id":"1"}')
    store.held.hold([held(frame=frame)], now=NOW)
    assert rows(store_url, "held_articles")[0]["payload"] == frame
    assert store.held.page("wire", 1)[0].article == held()


def test_an_article_that_is_held_again_keeps_its_place(store: SqlStore) -> None:
    store.held.hold([held("a"), held("b"), held("a")], now=NOW)
    store.held.hold([held("b"), held("c"), held("a")], now=NOW)
    assert receipts(store) == ["a", "b", "c"]


def test_two_articles_under_one_receipt_are_both_held(store: SqlStore) -> None:
    store.held.hold([held(digest="d1", text="1")], now=NOW)
    store.held.hold([held(digest="d2", text="2")], now=NOW)
    assert [x.article.text for x in store.held.page("wire", 10)] == ["1", "2"]


def test_a_released_article_is_gone_and_a_second_release_does_nothing(store: SqlStore) -> None:
    store.held.hold([held("a"), held("b")], now=NOW)
    page = store.held.page("wire", 1)
    store.held.release(page)
    store.held.release(page)
    store.held.release([])
    assert receipts(store) == ["b"]


def test_an_article_that_was_held_again_since_it_was_read_is_not_released(
    store: SqlStore,
) -> None:
    store.held.hold([held("a"), held("b")], now=NOW)
    page = store.held.page("wire", 10)
    store.held.hold([held("a")], now=NOW)
    store.held.release(page)
    assert receipts(store) == ["a"]


def test_an_article_that_is_held_after_its_release_is_another_row(store: SqlStore) -> None:
    store.held.hold([held("a")], now=NOW)
    page = store.held.page("wire", 10)
    store.held.release(page)
    store.held.hold([held("a")], now=NOW)
    store.held.release(page)
    assert receipts(store) == ["a"]


def test_held_articles_are_counted_by_source(store: SqlStore) -> None:
    assert store.held.counts() == {}
    later = NOW + timedelta(hours=1)
    store.held.hold([held("a")], now=NOW)
    store.held.hold([held("b"), held("c", source="other")], now=later)
    assert store.held.counts() == {
        "other": HeldCount(articles=1, since=later),
        "wire": HeldCount(articles=2, since=NOW),
    }


def test_receipts_are_found_however_many_are_asked_for(store: SqlStore) -> None:
    store.held.hold([held("a"), held("b")], now=NOW)
    asked = [*(f"x{n}" for n in range(6000)), "b"]
    assert store.held.held_receipts(asked) == {"b"}
    assert store.held.held_receipts([]) == set()


def test_unfinished_work_counts_held_articles_and_dead_letters_apart(store: SqlStore) -> None:
    work = store.unfinished_work()
    assert (work.dead_letters, work.held, work.lacks_originals) == ({}, {}, False)
    later = NOW + timedelta(hours=1)
    store.held.hold([held("a", source="held"), held("b", source="lacks")], now=later)
    store.held.hold([held("c")], now=NOW)
    store.held.hold([held("d")], now=later)
    reasons = (Reason.EMPTY, Reason.EMPTY, Reason.TOO_LARGE)
    letters = [dead(number, reason=reason) for number, reason in enumerate(reasons)]
    store.write([], [], letters, now=NOW)
    under_way = letters[0].letter_id
    store.mark_replays({under_way: f"replay-{under_way}-1"}, now=NOW)
    work = store.unfinished_work()
    assert work.held == store.held.counts()
    assert work.held["wire"] == HeldCount(articles=2, since=NOW)
    assert work.dead_letters == store.count_letters(DeadLetterQuery())
    assert sum(work.dead_letters.values()) == 2
    assert not work.lacks_originals
