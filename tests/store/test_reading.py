"""Look-ups in the store, on both databases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from typing import get_args, get_type_hints

import pytest

from tests.make import NOW, article, dead, record, tag
from tests.store.stored import statements
from worker.model.fetched_page import FetchedPage
from worker.model.records import DeadLetter, OutcomeKind, Record, Span
from worker.store.cluster_values import ClusterMove, MoveReason
from worker.store.sql_store import SqlStore
from worker.store.view_values import ArticleView, TagSpan


def write(store: SqlStore, *records: Record, dead: tuple[DeadLetter, ...] = ()) -> None:
    store.write(records, [], dead, now=NOW)


def test_outcomes_are_those_that_write_returned(store: SqlStore) -> None:
    given = store.write([record()], [], [dead()], now=NOW)
    asked = [*(o.receipt for o in given), "unknown"]
    assert store.outcomes(asked) == {o.receipt: o for o in given}


def test_more_receipts_than_a_statement_takes_can_be_asked_for(store: SqlStore) -> None:
    one = record()
    write(store, one)
    many = [f"unknown-{n}" for n in range(70_000)]
    assert list(store.outcomes([*many, one.receipt])) == [one.receipt]


def test_latest_answers_in_order_and_none_for_the_unknown(store: SqlStore) -> None:
    write(store, record(article("id:1")), record(article("id:2")))
    asked = [article("id:2"), article("id:3"), article("id:1"), article("id:2")]
    known = store.latest_identities(asked)
    assert [k and k.article_id for k in known] == [
        article("id:2").article_id,
        None,
        article("id:1").article_id,
        article("id:2").article_id,
    ]


def test_latest_knows_all_hashes_and_the_newest_fingerprint(store: SqlStore) -> None:
    versions = [record(article(text=text)) for text in ("one", "two", "three")]
    write(store, *versions)
    (known,) = store.latest_identities([article()])
    assert known is not None
    assert known.hashes == {r.fingerprint.content_hash for r in versions}
    assert (known.revision, known.fingerprint) == (3, versions[-1].fingerprint)
    assert not known.withdrawn


def test_its_own_key_leads_before_an_alias(store: SqlStore) -> None:
    write(store, record(article("id:1", aliases=("url:a",))), record(article("id:2")))
    for asked, expected in [
        (article("id:2", aliases=("url:a",)), "id:2"),
        (article("id:9", aliases=("url:z", "url:a")), "id:1"),
        (article("url:a", aliases=("id:2",)), "id:1"),
    ]:
        (known,) = store.latest_identities([asked])
        assert known is not None
        assert known.article_id == article(expected).article_id


def test_the_same_key_of_another_source_leads_nowhere(store: SqlStore) -> None:
    write(store, record())
    assert store.latest_identities([article(source="other")]) == [None]


def test_an_own_key_that_another_article_took_as_alias_still_leads_home(store: SqlStore) -> None:
    taker, home = article("id:1", aliases=("url:a",)), article("url:a")
    write(store, record(taker), record(home))
    (known,) = store.latest_identities([home])
    assert known is not None
    assert known.article_id == home.article_id


def test_latest_sends_two_queries_whatever_the_batch(store: SqlStore) -> None:
    for size in (1, 100):
        with statements() as sent:
            store.latest_identities(
                [article(f"id:{n}", aliases=(f"url:{n}",)) for n in range(size)]
            )
        assert len([s for s in sent if not s.startswith("BEGIN")]) == 2


def test_fingerprints_are_those_of_the_newest_revisions(store: SqlStore) -> None:
    newest = record(article(text="Other words."))
    write(store, record(), newest)
    article_id = article().article_id
    assert store.fingerprints([article_id, "unknown"]) == {article_id: newest.fingerprint}


def test_moments_come_back_as_aware_utc(store: SqlStore) -> None:
    published = datetime(2026, 7, 1, 1, 30, 0, 123456, timezone(timedelta(hours=5, minutes=30)))
    written = record(article(published=published))
    write(store, written)
    ((outcome, found),) = store.listing([written.receipt])
    assert found is not None
    assert found.published == published
    assert (found.published.tzinfo, found.received.tzinfo, outcome.at.tzinfo) == (UTC, UTC, UTC)


def test_a_moment_without_time_zone_is_refused(store: SqlStore) -> None:
    with pytest.raises(Exception, match="without time zone"):
        store.write([record()], [], [], now=NOW.replace(tzinfo=None))


def test_listing_tells_what_became_of_each_receipt_in_the_order_asked(store: SqlStore) -> None:
    one = record(article("id:1"), tags=(tag("b", score=0.5), tag("a", score=0.9)))
    newer = record(article("id:1", text="Other words."), tags=one.tags)
    letter = dead()
    write(store, one, newer, dead=(letter,))
    listed = store.listing([letter.receipt, "unknown", newer.receipt, one.receipt])
    assert [(o.receipt, o.kind, f and f.revision) for o, f in listed] == [
        (letter.receipt, OutcomeKind.DEAD, None),
        (newer.receipt, OutcomeKind.REVISION, 2),
        (one.receipt, OutcomeKind.NEW, 2),
    ]
    found = listed[2][1]
    assert found is not None
    assert found.tags == ("taxonomy:a", "taxonomy:b")
    assert (found.verdict, found.title) == ("revision", newer.article.title)


def test_letters_come_in_the_order_asked(store: SqlStore) -> None:
    one, two = dead({"title": 1}), dead([2], detail="two")
    write(store, dead=(one, two, replace(one, receipt="again")))
    letters = store.letters([two.letter_id, "unknown", one.letter_id])
    assert [letter.letter_id for letter in letters] == [two.letter_id, one.letter_id]
    assert (letters[0].payload, letters[0].detail, letters[0].seen) == ("[2]", "two", 1)
    assert (letters[1].payload, letters[1].seen, letters[1].first) == ('{"title":1}', 2, NOW)


def test_show_tells_all_that_is_stored_of_an_article(store: SqlStore) -> None:
    first = record(article(aliases=("url:a",)))
    second = record(article(text="Other words."), tags=(tag("ports"),))
    copy = article("id:2", title="A copy")
    duplicate = {"kind": OutcomeKind.DUPLICATE, "cluster_id": first.article.article_id}
    write(store, first, second, record(copy, verdict=duplicate))

    shown = store.show(first.article.article_id[:8])

    assert shown is not None
    assert shown["article"]["key"] == "id:1"
    assert shown["article"]["sightings"] == 2
    assert [r["number"] for r in shown["revisions"]] == [1, 2]
    assert shown["revisions"][1]["text"] == "Other words."
    assert shown["revisions"][1]["received"] == NOW
    assert [t["code"] for t in shown["tags"]] == ["ports"]
    receipts = {first.receipt, second.receipt}
    assert {d["receipt"] for d in shown["decisions"]} == receipts
    assert {s["receipt"] for s in shown["sightings"]} == receipts
    assert [a["key"] for a in shown["aliases"]] == ["id:1", "url:a"]
    assert {m["title"] for m in shown["cluster"]} == {first.article.title, "A copy"}


def test_a_view_of_an_article_has_exactly_the_keys_of_its_type(store: SqlStore) -> None:
    tagged = tag("ports", spans=(Span(field="title", start=0, end=4, surface="Text"),))
    first = record(article(aliases=("url:a",)), tags=(tagged,))
    write(store, first, record(article("id:2")))
    first_id, second_id = first.article.article_id, article("id:2").article_id
    move = ClusterMove(
        article_id=first_id, left=first_id, joined=second_id, reason=MoveReason.MERGED
    )
    assert store.clusters.move([move], now=NOW) == [move]
    page = FetchedPage(at=NOW, dated=True, words=2, least_share=0.3, hold=timedelta(hours=6))
    short = article(text="Accept cookies.", words=2, page_fetched=NOW)
    revision = {"kind": OutcomeKind.REVISION, "revision": 2}
    write(store, record(short, page=page, verdict=revision))

    shown = store.show(first_id)

    assert shown is not None
    types = get_type_hints(ArticleView)
    assert shown.keys() == types.keys()
    assert shown["article"].keys() == get_type_hints(types.pop("article")).keys()
    for name, listed in types.items():
        row_type = get_args(listed)[0]
        assert [row.keys() for row in shown[name]][:1] == [get_type_hints(row_type).keys()]
    assert shown["tags"][0]["spans"][0].keys() == get_type_hints(TagSpan).keys()


@pytest.mark.parametrize("beginning", ["", "zz", "%", "_", "\0", "ffffffffffffffffff"])
def test_show_knows_nothing_of_an_unknown_beginning(store: SqlStore, beginning: str) -> None:
    write(store, record())
    assert store.show(beginning) is None


def test_show_names_the_candidates_of_an_ambiguous_beginning(store: SqlStore) -> None:
    many = [article(f"id:{n}") for n in range(17)]  # 16 beginnings of one digit
    write(store, *map(record, many))
    ids = sorted(a.article_id for a in many)
    ambiguous = next(a[0] for a, b in pairwise(ids) if a[0] == b[0])
    with pytest.raises(LookupError) as caught:
        store.show(ambiguous)
    candidates = [i for i in ids if i.startswith(ambiguous)]
    assert all(i in str(caught.value) for i in candidates[:5])
    assert store.show(ids[0].upper()) is not None
