"""A copy may follow an article that turns out to be a copy itself."""

from collections.abc import Sequence

import pytest

from tests.make import NOW, article, record, withdrawal
from tests.store.racing import race
from tests.store.stored import rows
from worker.model.records import OutcomeKind, Record
from worker.store.sql_store import SqlStore

FIRST, SECOND, THIRD = (article(f"id:{n}") for n in (1, 2, 3))


def copy(of: str, number: int = 2) -> Record:
    mine = (FIRST, SECOND, THIRD)[number - 1]
    return record(mine, verdict={"kind": OutcomeKind.DUPLICATE, "cluster_id": of})


CHAIN = [record(FIRST), copy(FIRST.article_id), copy(SECOND.article_id, 3)]


def homes(url: str) -> set[tuple[str, bool]]:
    return {(row["cluster_id"], row["canonical_pending"]) for row in rows(url, "articles")}


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (2, 1, 0), (2, 0, 1), (1, 2, 0)])
def test_whatever_order_they_come_in_all_end_in_one_cluster(
    store: SqlStore, store_url: str, order: Sequence[int]
) -> None:
    for n in order:
        store.write([CHAIN[n]], [], [], now=NOW)
    assert homes(store_url) == {(FIRST.article_id, False)}


@pytest.mark.processes
def test_a_chain_written_at_once_ends_in_one_cluster(postgres_store_url: str) -> None:
    firsts = [article(f"id:first.{n}") for n in range(30)]
    seconds = [article(f"id:second.{n}") for n in range(30)]
    thirds = [article(f"id:third.{n}") for n in range(30)]
    copies = [
        [[record(mine, verdict={"kind": OutcomeKind.DUPLICATE, "cluster_id": its.article_id})]]
        for pairs in (zip(seconds, firsts, strict=True), zip(thirds, seconds, strict=True))
        for mine, its in pairs
    ]
    first_batch = [[record(its) for its in firsts]]
    second, third = ([batch for [batch] in half] for half in (copies[:30], copies[30:]))
    race(postgres_store_url, [first_batch, second, third])
    ids = {its.article_id for its in firsts}
    assert {cluster_id for cluster_id, _ in homes(postgres_store_url)} == ids

    # Who joins by way of a copy does not lock the first's cluster: its mark may be out of date
    # when the first is written in the same moment. The next repair takes it off.
    store = SqlStore(postgres_store_url)
    store.clusters.clear_pending()
    store.close()
    assert homes(postgres_store_url) == {(its, False) for its in ids}


def test_a_withdrawal_by_the_publisher_leaves_the_copies_waiting(
    store: SqlStore, store_url: str
) -> None:
    store.write(CHAIN[:2], [], [], now=NOW)
    store.write([], [withdrawal("id:1")], [], now=NOW)
    assert (FIRST.article_id, True) in homes(store_url)
