"""Guarantees while several processes write; an error in any of them fails the test."""

import random
from collections import Counter, defaultdict

import pytest

from tests.make import article, record, withdrawal
from tests.store.racing import race
from tests.store.stored import row, rows
from worker.model.records import OutcomeKind, Withdrawal

pytestmark = pytest.mark.processes

PROCESSES = 4


def test_new_content_for_the_same_articles_is_numbered_without_gap_or_double(
    store_url: str,
) -> None:
    # Every process knows every article and meets them in an order of its own.
    ids, writes = range(12), []
    for process in range(PROCESSES):
        contents = [article(f"id:{i}", text=f"{process}.{v}") for i in ids for v in range(3)]
        random.Random(process).shuffle(contents)
        writes.append([[record(c) for c in contents[k : k + 9]] for k in range(0, 36, 9)])

    outcomes = [o for written in race(store_url, writes) for o in written]

    assert len(rows(store_url, "articles")) == len(ids)
    numbers = defaultdict(list)
    for revision in rows(store_url, "revisions"):
        numbers[revision["article_id"]].append(revision["number"])
    assert {tuple(sorted(n)) for n in numbers.values()} == {tuple(range(1, 13))}
    assert {(o.article_id, o.revision) for o in outcomes} == {
        (article_id, number) for article_id, its in numbers.items() for number in its
    }
    assert Counter(o.kind for o in outcomes) == {OutcomeKind.NEW: 12, OutcomeKind.REVISION: 132}
    receipts = {r["receipt"]: (r["outcome"], r["revision"]) for r in rows(store_url, "receipts")}
    assert receipts == {o.receipt: (o.kind.value, o.revision) for o in outcomes}
    assert {c["articles"] for c in rows(store_url, "clusters")} == {1}
    source = row(store_url, "sources")
    assert (source["articles"], source["receipts"]) == (12, 144)


def test_the_same_receipts_sent_by_all_are_written_once(store_url: str) -> None:
    batch = [record(article(f"id:{n % 20}", text=f"{n % 30}")) for n in range(60)]
    writes = []
    for process in range(PROCESSES):
        shuffled = random.Random(process).sample(batch, len(batch))
        writes.append([shuffled[k : k + 20] for k in range(0, 60, 20)])

    outcomes = [o for written in race(store_url, writes) for o in written]

    assert Counter(o.receipt for o in outcomes) == {r.receipt: 1 for r in batch}
    assert len(rows(store_url, "decisions")) == 60
    assert sum(a["sightings"] for a in rows(store_url, "articles")) == 60


def test_a_duplicate_never_waits_for_a_canonical_article_that_came_meanwhile(
    store_url: str,
) -> None:
    originals = [article(f"id:{n}") for n in range(40)]
    copies = [
        record(
            article(f"id:copy.{n}"),
            verdict={"kind": OutcomeKind.DUPLICATE, "cluster_id": original.article_id},
        )
        for n, original in enumerate(originals)
    ]
    race(store_url, [[[record(o)] for o in originals], [[copy] for copy in copies]])
    assert [a["key"] for a in rows(store_url, "articles") if a["canonical_pending"]] == []
    assert {c["articles"] for c in rows(store_url, "clusters")} == {0, 2}  # 0: a copy's own


@pytest.mark.parametrize("key", ["id:{}", "url:{}"])
def test_a_withdrawal_and_its_article_at_once_leave_no_content(store_url: str, key: str) -> None:
    articles = [[record(article(f"id:{n}", aliases=(f"url:{n}",)))] for n in range(40)]
    withdrawals = [[withdrawal(key.format(n))] for n in range(40)]
    articles_end, withdrawals_end = race(store_url, [articles, withdrawals])
    assert {o.kind for o in withdrawals_end} == {OutcomeKind.WITHDRAWN}
    content = {r["article_id"] for r in rows(store_url, "revisions")}
    if key == "id:{}":
        assert content == set()
    else:
        # By its link alone a withdrawal does not stop an article that comes later and has an
        # id of its own: links get reused. One that was there is gone.
        owners = {a["key"]: a["article_id"] for a in rows(store_url, "aliases")}
        withdrawn = {owners[f"url:{n}"] for n in range(40)}
        assert content & withdrawn == set()
    assert len(articles_end) == 40


def test_withdrawals_and_live_deliveries_at_once_end_whole(store_url: str) -> None:
    """Whichever is later wins; nothing is half withdrawn, and each receipt says what happened."""
    ids = range(30)
    delivered = [
        [[record(article(f"id:{n}", text=f"{worker}.{n}"), live=True)] for n in ids]
        for worker in range(2)
    ]
    withdrawn = [[withdrawal(f"id:{n}")] for n in ids]
    ends = race(store_url, [*delivered, withdrawn, list(reversed(withdrawn_again(ids)))])

    content = Counter(r["article_id"] for r in rows(store_url, "revisions"))
    for stored in rows(store_url, "articles"):
        present = stored["withdrawn_at"] is None
        assert present == bool(content[stored["article_id"]]) == (stored["newest"] is not None)
        assert present == (stored["withdrawal_fetched_at"] is None)
        assert present == (stored["verdict"] != "withdrawn")
    receipts = {r["receipt"]: r["outcome"] for r in rows(store_url, "receipts")}
    outcomes = [o for written in ends for o in written]
    assert receipts == {o.receipt: o.kind.value for o in outcomes}
    assert len(receipts) == 120
    assert row(store_url, "sources")["articles"] == len(ids)


def withdrawn_again(ids: range) -> list[list[Withdrawal]]:
    return [[withdrawal(f"id:{n}")] for n in ids]
