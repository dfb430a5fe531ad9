"""Lists page by page: complete, stable while the store grows, and cheap however large it is."""

import json
from datetime import timedelta

import pytest

from tests.make import NOW, article, dead, record, tag, withdrawal
from tests.store.stored import statements
from worker.errors import Reason
from worker.model.records import Article, Record
from worker.store.access_values import AccessToken, AuditEntry, Scope
from worker.store.dead_letter_values import DeadLetterQuery
from worker.store.listing_values import Estimate
from worker.store.reading import article_listing
from worker.store.sql_store import SqlStore
from worker.store.values import Query


def story(number: int, **changes: object) -> Article:
    ordinary = {
        "title": f"Story {number}",
        "text": f"Text of story {number} about the harbour.",
        "published": NOW - timedelta(minutes=number),
    }
    return article(f"id:{number}", **(ordinary | changes))


def write(store: SqlStore, *records: Record) -> None:
    store.write(records, [], [], now=NOW)


def pages(store: SqlStore, query: Query, most: int = 50) -> list[list[str]]:
    """The titles of each page."""
    found, after = [], None
    for _ in range(most):
        page = store.listings.article_page(query, after)
        found.append([hit.title for hit in page.hits])
        after = page.next
        if after is None:
            return found
    raise AssertionError("the list has no end")


def titles(store: SqlStore, **query: object) -> list[str]:
    return [title for page in pages(store, Query(limit=3, **query)) for title in page]


def test_pages_together_list_each_article_once_from_the_newest_on(store: SqlStore) -> None:
    same_time = [story(n, published=NOW) for n in range(3)]
    write(store, *(record(each) for each in [*same_time, *map(story, range(3, 10))]))
    found = pages(store, Query(limit=3))
    assert [len(page) for page in found] == [3, 3, 3, 1]
    assert sorted(found[0]) == ["Story 0", "Story 1", "Story 2"]
    assert [title for page in found[1:] for title in page] == [f"Story {n}" for n in range(3, 10)]


def test_articles_stored_meanwhile_do_not_move_the_next_page(store: SqlStore) -> None:
    write(store, *(record(story(n)) for n in range(1, 7)))
    first = store.listings.article_page(Query(limit=3))
    write(store, *(record(story(n)) for n in (0, -1, -2)))
    second = store.listings.article_page(Query(limit=3), first.next)
    assert [hit.title for hit in second.hits] == ["Story 4", "Story 5", "Story 6"]


def test_each_filter_keeps_only_its_articles(store: SqlStore) -> None:
    write(
        store,
        record(story(1, flags=("paywalled",)), tags=(tag("storm"),)),
        record(story(2, source="paper", flags=("paywalled-not",)), tags=()),
        record(story(3, language="de", text="Der Hafen liegt im Norden."), tags=()),
        record(story(4, published=NOW - timedelta(days=2)), tags=()),
    )
    day = {"since": NOW - timedelta(days=2, hours=1), "until": NOW - timedelta(days=1)}
    assert titles(store, flag="paywalled") == ["Story 1"]
    assert titles(store, flag='"') == []
    assert titles(store, flag="%") == []
    assert titles(store, tag="taxonomy:storm") == ["Story 1"]
    assert titles(store, source="paper") == ["Story 2"]
    assert titles(store, language="de") == ["Story 3"]
    assert titles(store, verdict="new") == [f"Story {n}" for n in (1, 2, 3, 4)]
    assert titles(store, verdict="duplicate") == []
    assert titles(store, words="Norden -Süden") == ["Story 3"]
    assert titles(store, words="harbour -paper", source="paper") == ["Story 2"]
    assert titles(store, words="harbour", language="de") == []
    assert titles(store, **day) == ["Story 4"]
    assert titles(store, words="- *") == [f"Story {n}" for n in (1, 2, 3, 4)]


def test_a_page_looks_at_a_limited_number_of_articles_and_says_where_to_go_on(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(article_listing, "_WINDOWS", (2, 3))
    monkeypatch.setattr(article_listing, "_FEW", 0)
    rare = [story(n, language="de" if n in (6, 13) else "en") for n in range(14)]
    write(store, *map(record, rare))
    found = pages(store, Query(language="de", limit=3))
    assert found == [[], ["Story 6"], ["Story 13"]]
    assert pages(store, Query(words="harbour", language="de", limit=3)) == found
    assert pages(store, Query(limit=5))[0] == [f"Story {n}" for n in range(5)]
    tagged = pages(store, Query(tag="taxonomy:weather", limit=5))
    assert tagged[0] == [f"Story {n}" for n in range(5)]
    assert pages(store, Query(tag="taxonomy:none", limit=5)) == [[]]
    facets = store.listings.article_facets(Query(language="de"))
    assert (facets.articles, facets.is_complete) == (0, False)


def test_facets_count_the_values_of_what_matches(store: SqlStore) -> None:
    write(
        store,
        record(story(1, flags=("no-page", "bad-date"))),
        record(story(2, source="paper", language="")),
        record(story(3, published=NOW - timedelta(days=1), flags=("no-page",))),
    )
    facets = store.listings.article_facets(Query())
    assert (facets.articles, facets.is_complete) == (3, True)
    counts = {
        name: [(c.value, c.articles) for c in values] for name, values in facets.counts.items()
    }
    assert counts == {
        "source": [("wire", 2), ("paper", 1)],
        "tag": [("taxonomy:weather", 3)],
        "language": [("en", 2)],
        "verdict": [("new", 3)],
        "flag": [("no-page", 2), ("bad-date", 1)],
        "day": [("2026-11-22", 2), ("2026-11-21", 1)],
    }
    assert facets.counts["tag"][0].label == "Weather"


def test_a_small_store_is_counted_and_a_large_one_estimated(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(store, *(record(story(n)) for n in range(5)))
    assert store.listings.article_total() == Estimate(5, is_exact=True)
    store.write([], [withdrawal("id:1")], [], now=NOW)
    assert store.listings.article_total() == Estimate(4, is_exact=True)  # as lists show
    assert store.listings.article_facets(Query()).articles == 4
    monkeypatch.setattr(article_listing, "MOST_EXACT", 3)
    total = store.listings.article_total()
    assert (total.number >= 4, total.is_exact) == (True, False)


def test_a_raw_article_is_given_as_it_came_for_each_revision(store: SqlStore) -> None:
    write(store, record(story(1)))
    article_id = story(1).article_id
    raw = store.listings.raw_payload(article_id)
    assert raw is not None
    assert raw.revision == 1
    assert json.loads(raw.payload)["title"] == "Story 1"
    assert store.listings.raw_payload(article_id, 2) is None
    assert store.listings.raw_payload("unknown") is None


def copies(store: SqlStore, cluster: int, sources: int, articles: int) -> None:
    first = story(cluster, source="s0")
    for number in range(articles):
        copy = story(1000 * cluster + number, source=f"s{number % sources}") if number else first
        write(store, record(copy, verdict={"cluster_id": first.article_id}))


def test_clusters_come_by_their_number_of_sources_page_by_page(store: SqlStore) -> None:
    copies(store, 1, sources=1, articles=1)
    copies(store, 2, sources=2, articles=4)
    copies(store, 3, sources=3, articles=3)
    copies(store, 4, sources=2, articles=2)
    since = NOW - timedelta(days=1)
    first = store.listings.cluster_page(since, limit=2)
    assert [(c.title, c.sources, c.articles) for c in first.clusters] == [
        ("Story 3", 3, 3),
        ("Story 2", 2, 4),
    ]
    copies(store, 5, sources=5, articles=5)  # while somebody reads
    second = store.listings.cluster_page(since, first.next, limit=2)
    assert [(c.title, c.sources) for c in second.clusters] == [("Story 4", 2)]
    assert (second.next, second.is_complete) == (None, True)
    assert store.listings.cluster_page(NOW + timedelta(seconds=1)).clusters == ()


def letters(store: SqlStore, count: int, reason: Reason, minutes: int) -> None:
    batch = [dead(f"{reason} {n}", reason=reason) for n in range(count)]
    store.write([], [], batch, now=NOW + timedelta(minutes=minutes))


def test_dead_letters_are_paged_without_payloads_and_counted_up_to_a_limit(
    store: SqlStore,
) -> None:
    letters(store, 3, Reason.MALFORMED, 0)
    letters(store, 2, Reason.CRASHED, 1)
    query = DeadLetterQuery(limit=2)
    seen, after = [], None
    while True:
        page = store.listings.letter_page(query, after)
        seen += [letter.reason for letter in page.letters]
        assert {letter.payload for letter in page.letters} == {""}
        if (after := page.next) is None:
            break
    assert seen == ["crashed"] * 2 + ["malformed"] * 3
    counts = store.listings.count_some_letters(query, 10)
    assert (dict(counts.reasons), counts.is_complete) == ({"malformed": 3, "crashed": 2}, True)
    assert not store.listings.count_some_letters(query, 4).is_complete


def test_letters_are_dropped_only_if_there_are_as_many_as_were_shown(store: SqlStore) -> None:
    letters(store, 3, Reason.MALFORMED, 0)
    letters(store, 2, Reason.CRASHED, 0)
    query = DeadLetterQuery(reason="malformed", before=NOW + timedelta(seconds=1))
    letters(store, 1, Reason.MALFORMED, 1)  # one of the three failed again since it was shown
    assert store.drop_matching(query, 3) == 2
    assert store.count_letters(DeadLetterQuery()) == {"malformed": 3, "crashed": 2}
    assert store.drop_matching(query, 2) == 2
    assert store.count_letters(DeadLetterQuery()) == {"crashed": 2, "malformed": 1}


def test_a_token_is_found_by_its_hash_until_it_is_revoked(store: SqlStore) -> None:
    access = store.access
    token = AccessToken(name="desk", scopes=(Scope.READ, Scope.ACT), created=NOW)
    assert access.add_token(token, "h1")
    assert not access.add_token(token, "h2")
    assert access.token_by_hash("h1") == token
    assert access.token_by_hash("h2") is None
    assert access.revoke_token("desk", now=NOW)
    assert not access.revoke_token("desk", now=NOW)
    assert not access.revoke_token("nobody", now=NOW)
    assert [(each.name, each.revoked) for each in access.tokens()] == [("desk", NOW)]


def test_the_audit_log_is_read_from_its_end(store: SqlStore) -> None:
    for number in range(5):
        entry = AuditEntry(
            at=NOW, who="ada", action="letters.dropped", about="\0", details={"count": number}
        )
        store.access.add_audit_entry(entry)
    latest = store.access.audit_entries(None, 2)
    assert [entry.details["count"] for entry in latest] == [4, 3]
    assert [e.details["count"] for e in store.access.audit_entries(latest[-1].number, 9)] == [
        2,
        1,
        0,
    ]


def test_a_page_costs_a_fixed_number_of_statements(store: SqlStore) -> None:
    write(store, *(record(story(n)) for n in range(12)))
    counts = []
    for limit in (2, 10):
        with statements() as sent:
            store.listings.article_page(Query(limit=limit, words="harbour"))
        counts.append(len([s for s in sent if s.startswith(("SELECT", "WITH"))]))
    assert counts[0] == counts[1] <= 6
