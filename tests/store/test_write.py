"""The effects of writing a batch, on both databases."""

from dataclasses import asdict, replace
from datetime import datetime, timedelta

import pytest

from tests.make import NOW, article, dead, record, tag
from tests.store.stored import everything, row, rows
from worker.dedup import recheck_under_lock
from worker.model.admission import Media
from worker.model.records import (
    Article,
    Dropped,
    Outcome,
    OutcomeKind,
    Record,
    Span,
    StoredIdentity,
    Verdict,
)
from worker.store.database.packing import unpack_text
from worker.store.sql_store import SqlStore

LATER = NOW + timedelta(hours=1)


def write(store: SqlStore, *records: Record, now: datetime = NOW) -> list[Outcome]:
    return store.write(records, [], [], now=now)


def kinds(outcomes: list[Outcome]) -> list[OutcomeKind]:
    return [outcome.kind for outcome in outcomes]


def test_a_new_article_is_stored_in_full(store: SqlStore, store_url: str) -> None:
    full = article(
        summary="In short.",
        published=NOW,
        updated=LATER,
        authors=("A. Writer",),
        categories=("Weather",),
        media=(Media(url="https://example.com/a.jpg", type="image/jpeg"),),
        flags=("truncated",),
        dropped=(Dropped(rule="footer", line="Read more"),),
    )
    span = Span(field="title", start=0, end=7, surface="Harbour")
    written = record(full, tags=(tag(score=0.5, rule="r1", spans=(span,)),))

    (outcome,) = write(store, written)

    assert outcome == Outcome(
        receipt=written.receipt,
        kind=OutcomeKind.NEW,
        source="wire",
        at=NOW,
        article_id=full.article_id,
        revision=1,
    )
    stored = row(store_url, "revisions")
    for field in ("title", "text", "summary", "url", "language", "words", "published", "updated"):
        assert stored[field] == getattr(full, field)
    assert stored["authors"] == ["A. Writer"]
    assert stored["media"] == [{"url": "https://example.com/a.jpg", "type": "image/jpeg"}]
    assert stored["dropped"] == [{"rule": "footer", "line": "Read more"}]
    assert store.records([stored["article_id"]])[0].versions == {
        "cleaner": "clean-1",
        "deduper": "dedup-1",
        "tagger": "tags-1",
        "config": "config-1",
        "learned": "",
    }
    assert unpack_text(stored["payload"]) == written.payload.text
    stored_tag = row(store_url, "tags")
    assert (stored_tag["score"], stored_tag["rule"]) == (0.5, "r1")
    assert stored_tag["spans"] == [asdict(span)]
    assert row(store_url, "articles")["newest"] == stored["id"]
    assert row(store_url, "clusters")["articles"] == 1


def test_a_replayed_batch_writes_nothing_twice(store: SqlStore, store_url: str) -> None:
    batch = [record(article(f"id:{n}")) for n in range(3)]
    letters = [dead("x"), dead("x")]
    store.write(batch, [], letters, now=NOW)
    before = everything(store_url)

    assert store.write(batch, [], letters, now=LATER) == []
    assert everything(store_url) == before


def test_a_receipt_repeated_inside_a_batch_counts_once_and_the_first_wins(
    store: SqlStore, store_url: str
) -> None:
    first, second = record(receipt="r"), record(article("id:2"), receipt="r")
    outcomes = store.write([first, second], [], [dead(receipt="r")], now=NOW)
    assert [(o.receipt, o.article_id) for o in outcomes] == [("r", first.article.article_id)]
    assert len(rows(store_url, "articles")) == 1
    assert rows(store_url, "dead_letters") == []


def test_only_the_fresh_receipts_of_a_batch_are_written(store: SqlStore, store_url: str) -> None:
    old, new = record(), record(article("id:2"))
    write(store, old)
    assert [o.receipt for o in write(store, old, new)] == [new.receipt]
    assert len(rows(store_url, "receipts")) == 2


def test_outcomes_come_in_the_order_given(store: SqlStore) -> None:
    batch = [record(article(f"id:{n}"), receipt=r) for n, r in enumerate("zma")]
    letters = [dead("2", receipt="y"), dead("1", receipt="b")]
    outcomes = store.write(batch, [], letters, now=NOW)
    assert "".join(o.receipt for o in outcomes) == "zmayb"


def test_new_content_is_the_next_revision_and_the_old_one_stays(
    store: SqlStore, store_url: str
) -> None:
    write(store, record())
    (outcome,) = write(store, record(article(text="Other words.")), now=LATER)
    assert (outcome.kind, outcome.revision) == (OutcomeKind.REVISION, 2)
    stored = rows(store_url, "revisions")
    assert [r["number"] for r in stored] == [1, 2]
    assert "closed for three days" in stored[0]["text"]
    one = row(store_url, "articles")
    assert (one["newest"], one["revision"], one["verdict"]) == (stored[1]["id"], 2, "revision")
    assert (one["first_seen"], one["last_seen"], one["sightings"]) == (NOW, LATER, 2)
    assert row(store_url, "clusters")["articles"] == 1


def test_known_content_is_a_sighting_and_nothing_more(store: SqlStore, store_url: str) -> None:
    write(store, record())
    (outcome,) = write(store, record(tags=()), now=LATER)
    assert (outcome.kind, outcome.revision) == (OutcomeKind.UNCHANGED, 1)
    assert len(rows(store_url, "revisions")) == 1
    assert len(rows(store_url, "tags")) == 1
    one = row(store_url, "articles")
    assert (one["verdict"], one["sightings"], one["last_seen"]) == ("new", 2, LATER)


def test_old_content_never_becomes_the_newest_again(store: SqlStore) -> None:
    first, second = article(), article(text="Other words.")
    outcomes = write(store, *map(record, (first, second, first)))
    assert kinds(outcomes) == [OutcomeKind.NEW, OutcomeKind.REVISION, OutcomeKind.UNCHANGED]
    (known,) = store.latest_identities([first])
    assert known is not None
    assert known.revision == 2
    assert known.fingerprint == record(second).fingerprint


def test_an_article_twice_in_a_batch_is_judged_by_what_came_before_it(store: SqlStore) -> None:
    versions = [article(text=text) for text in ("one", "one", "two", "three")]
    outcomes = write(store, *map(record, versions))
    assert [o.revision for o in outcomes] == [1, 1, 2, 3]


def test_a_verdict_is_checked_with_what_is_stored_under_the_lock(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(store, record())
    seen: list[StoredIdentity | None] = []

    def noting(verdict: Verdict, content_hash: str, known: StoredIdentity | None) -> Verdict:
        seen.append(known)
        return recheck_under_lock(verdict, content_hash, known)

    monkeypatch.setattr("worker.dedup.recheck_under_lock", noting)
    batch = [record(), record(article("id:2"))]
    store.write(batch, [], [], now=NOW)
    old = batch[0]
    assert seen == [
        StoredIdentity(
            article_id=old.article.article_id,
            hashes=frozenset({old.fingerprint.content_hash}),
            revision=1,
            words=old.article.words,
            cluster_id=old.article.article_id,
        ),
        None,
    ]


def test_a_revision_number_that_leaves_a_gap_is_refused_and_leaves_nothing(
    store: SqlStore, store_url: str
) -> None:
    before = everything(store_url)
    with pytest.raises(ValueError, match="revision 3 after 0"):
        write(store, record(), record(article("id:2"), verdict={"revision": 3}))
    assert everything(store_url) == before


@pytest.mark.parametrize("kind", [OutcomeKind.UNCHANGED, OutcomeKind.REVISION])
def test_a_copy_whose_forerunner_was_passed_over_is_the_first(
    store: SqlStore, kind: OutcomeKind
) -> None:
    write(store, record(article("id:other"), receipt="forerunner"))
    batch = [record(receipt="forerunner"), record(verdict={"kind": kind, "revision": 2})]
    (outcome,) = write(store, *batch)
    assert (outcome.kind, outcome.revision) == (OutcomeKind.NEW, 1)


def test_content_that_is_not_stored_is_never_called_unchanged(store: SqlStore) -> None:
    write(store, record())
    unseen = record(
        article(text="Other words."), verdict={"kind": OutcomeKind.UNCHANGED, "revision": 1}
    )
    (outcome,) = store.write([unseen], [], [], now=NOW)
    assert (outcome.kind, outcome.revision) == (OutcomeKind.REVISION, 2)


def test_an_article_found_by_an_alias_is_stored_under_the_id_it_has(
    store: SqlStore, store_url: str
) -> None:
    first = article("id:1", aliases=("url:example.com/a",))
    write(store, record(first))
    moved = article("url:example.com/a", text="Other words.")
    (outcome,) = write(store, record(moved, verdict={"article_id": first.article_id}))
    assert (outcome.kind, outcome.article_id) == (OutcomeKind.REVISION, first.article_id)
    assert len(rows(store_url, "articles")) == 1


def test_the_first_comer_keeps_an_alias(store: SqlStore) -> None:
    shared = ("url:example.com/",)
    first, second = article("id:1", aliases=shared), article("id:2", aliases=shared)
    write(store, record(first), record(second))
    (known,) = store.latest_identities([article("url:example.com/")])
    assert known is not None
    assert known.article_id == first.article_id


def test_a_duplicate_is_stored_in_full_and_counted_in_its_cluster(
    store: SqlStore, store_url: str
) -> None:
    original, copy = article("id:1"), article("id:2", source="other")
    write(store, record(original))
    duplicate = {
        "kind": OutcomeKind.DUPLICATE,
        "cluster_id": original.article_id,
        "signal": "near",
        "rival": original.article_id,
        "scores": {"containment": 0.9},
        "thresholds": {"containment": 0.4},
    }
    written = record(copy, verdict=duplicate)
    (outcome,) = write(store, written)
    assert outcome.kind is OutcomeKind.DUPLICATE
    assert len(rows(store_url, "revisions")) == 2
    counted = {c["cluster_id"]: c["articles"] for c in rows(store_url, "clusters")}
    assert counted[original.article_id] == 2
    (decision,) = [d for d in rows(store_url, "decisions") if d["receipt"] == written.receipt]
    assert decision["rival"] == original.article_id
    assert decision["scores"] == {"containment": 0.9}


def test_an_article_that_changes_its_cluster_is_counted_once(
    store: SqlStore, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(store, record(article("id:1")), record(article("id:2")))
    other = article("id:1").article_id

    def moving(verdict: Verdict, content_hash: str, known: StoredIdentity | None) -> Verdict:
        return replace(recheck_under_lock(verdict, content_hash, known), cluster_id=other)

    monkeypatch.setattr("worker.dedup.recheck_under_lock", moving)
    store.write([record(article("id:2", text="x"))], [], [], now=NOW)
    counts = {c["cluster_id"]: c["articles"] for c in rows(store_url, "clusters")}
    assert counts == {other: 2, article("id:2").article_id: 0}


def pending(url: str, of: Article) -> bool:
    (found,) = [a for a in rows(url, "articles") if a["article_id"] == of.article_id]
    return bool(found["canonical_pending"])


def test_a_duplicate_waits_for_a_canonical_article_that_is_not_stored_yet(
    store: SqlStore, store_url: str
) -> None:
    original, copy = article("id:1"), article("id:2")
    duplicate = {"kind": OutcomeKind.DUPLICATE, "cluster_id": original.article_id}
    write(store, record(copy, verdict=duplicate))
    assert pending(store_url, copy)
    write(store, record(article("id:3")))
    assert pending(store_url, copy)
    write(store, record(original))
    assert not pending(store_url, copy)


def test_a_duplicate_does_not_wait_for_a_canonical_article_of_its_own_batch(
    store: SqlStore, store_url: str
) -> None:
    original, copy = article("id:1"), article("id:2")
    duplicate = {"kind": OutcomeKind.DUPLICATE, "cluster_id": original.article_id}
    write(store, record(copy, verdict=duplicate), record(original))
    assert not pending(store_url, copy)


def test_a_new_revision_replaces_the_tags(store: SqlStore, store_url: str) -> None:
    write(store, record(tags=(tag("weather"), tag("ports"))))
    write(store, record(article(text="Other words."), tags=(tag("ports"), tag("trade"))))
    assert [t["code"] for t in rows(store_url, "tags")] == ["ports", "trade"]


def test_a_tag_given_twice_is_stored_once(store: SqlStore, store_url: str) -> None:
    write(store, record(tags=(tag(score=0.9), tag(score=0.1))))
    assert row(store_url, "tags")["score"] == 0.9
