"""One suite for both indexes; test_redis has the properties of the shared one alone."""

import random
from collections.abc import Iterator
from dataclasses import replace
from threading import Thread

import fakeredis
import pytest

from tests.dedup.texts import RULES, STORY, fingerprint_of, invented
from worker.index import Candidate, CopyVote, Index, IndexEntry
from worker.index.memory_index import MemoryIndex
from worker.index.redis_index import RedisIndex
from worker.model.records import Fingerprint, article_id_of

A, B, C, D = (article_id_of("wire", f"id:{name}") for name in "abcd")
PRINT = fingerprint_of(STORY)
EDITED = fingerprint_of(STORY.replace("Friday", "Saturday"))
OTHER = fingerprint_of(invented(1))


@pytest.fixture(scope="module")
def fake_url() -> Iterator[str]:
    server = fakeredis.TcpFakeServer(("127.0.0.1", 0), server_type="redis")
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"redis://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture(params=["memory", "fake", pytest.param("valkey", marks=pytest.mark.processes)])
def index(request: pytest.FixtureRequest) -> Iterator[Index]:
    if request.param == "memory":
        yield MemoryIndex(RULES)
        return
    url = request.getfixturevalue(f"{request.param}_url")
    index = RedisIndex(url, RULES)
    index.client.execute([("FLUSHALL",)])
    yield index
    index.close()


def register(index: Index, **prints: Fingerprint) -> dict[str, list[Candidate]]:
    """One call for articles by their letters."""
    ids = {"a": A, "b": B, "c": C, "d": D}
    entries = [IndexEntry(article_id=ids[letter], fingerprint=p) for letter, p in prints.items()]
    return dict(zip(prints, index.register_and_match(entries), strict=True))


def ids(candidates: list[Candidate]) -> list[str]:
    return [candidate.article_id for candidate in candidates]


def test_the_first_of_its_kind_has_no_rivals(index: Index) -> None:
    assert register(index, a=PRINT, b=OTHER) == {"a": [], "b": []}


def test_an_article_meets_those_before_it_with_their_fingerprints(index: Index) -> None:
    register(index, a=PRINT, b=OTHER)
    (candidate,) = register(index, c=EDITED)["c"]
    assert (candidate.article_id, candidate.fingerprint) == (A, PRINT)
    assert RULES.index.min_hits <= candidate.hits <= len(PRINT.sketch)


def test_claims_of_one_call_meet_each_other(index: Index) -> None:
    met = register(index, a=PRINT, b=EDITED, c=OTHER)
    assert ids(met["b"]) == [A]
    assert A not in ids(met["a"])
    assert met["c"] == []


def test_an_article_never_meets_itself(index: Index) -> None:
    register(index, a=PRINT)
    assert register(index, a=PRINT) == {"a": []}
    assert ids(register(index, a=EDITED)["a"]) == []
    assert register(index, a=EDITED) == {"a": []}


def test_a_revision_is_met_with_its_newest_fingerprint(index: Index) -> None:
    register(index, a=PRINT)
    register(index, a=EDITED)
    assert [candidate.fingerprint for candidate in register(index, b=PRINT)["b"]] == [EDITED]


def test_the_fingerprint_of_a_stored_article_is_not_kept_and_the_article_is_still_met(
    index: Index,
) -> None:
    register(index, a=PRINT, b=OTHER)
    index.release([A])
    register(index, c=OTHER)
    met = register(index, d=PRINT)["d"]
    assert [(c.article_id, c.fingerprint) for c in met] == [(A, None)]
    assert [c.fingerprint for c in index.match([IndexEntry(article_id=A, fingerprint=OTHER)])[0]]


def test_the_fingerprint_of_a_revision_is_kept_when_it_is_stored(index: Index) -> None:
    register(index, a=PRINT)
    register(index, a=EDITED)
    index.release([A, article_id_of("wire", "unknown")])
    register(index, c=OTHER)
    assert [candidate.fingerprint for candidate in register(index, b=PRINT)["b"]] == [EDITED]


def test_the_exact_text_comes_first(index: Index) -> None:
    register(index, a=PRINT, b=EDITED)
    assert ids(register(index, c=EDITED)["c"]) == [B, A]


def test_tiny_texts_meet_only_the_same_words(index: Index) -> None:
    register(
        index, a=fingerprint_of("See the video", "Fire"), b=fingerprint_of("See the video", "Flood")
    )
    (candidate,) = register(index, c=fingerprint_of("See the video!", "Fire"))["c"]
    assert (candidate.article_id, candidate.hits) == (A, 0)


def test_rivals_are_limited(index: Index) -> None:
    """Each of many articles owns some shingles of the last one."""
    parts = [invented(seed, words=30) for seed in range(9)]
    articles = [
        IndexEntry(article_id=article_id_of("w", p), fingerprint=fingerprint_of(p)) for p in parts
    ]
    index.register_and_match(articles)
    (met,) = index.register_and_match([IndexEntry(article_id=A, fingerprint=sum_of(articles))])
    assert len(met) == RULES.index.most_rivals
    assert [candidate.hits for candidate in met] == sorted((r.hits for r in met), reverse=True)


def sum_of(entries: list[IndexEntry]) -> Fingerprint:
    """A fingerprint that has the smallest hashes of all of these."""
    sketch = sorted(h for entry in entries for h in entry.fingerprint.sketch[:3])
    return replace(PRINT, sketch=tuple(sketch))


def test_who_has_no_copies_is_canonical(index: Index) -> None:
    register(index, a=PRINT, b=OTHER)
    assert index.elect_canonical([CopyVote(article_id=A), CopyVote(article_id=B)]) == [A, B]


def test_of_two_undecided_copies_the_earlier_is_canonical(index: Index) -> None:
    register(index, a=PRINT)
    register(index, b=EDITED)
    assert index.elect_canonical([CopyVote(article_id=B, copies=(A,))]) == [A]
    assert index.elect_canonical([CopyVote(article_id=A, copies=(B,))]) == [A]


def test_the_earlier_one_decides_for_the_later_one_too(index: Index) -> None:
    register(index, a=PRINT, b=EDITED)
    assert index.elect_canonical([CopyVote(article_id=A, copies=(B,))]) == [A]
    assert index.elect_canonical([CopyVote(article_id=B)]) == [A]


def test_who_is_canonical_stays_so(index: Index) -> None:
    register(index, a=PRINT, b=EDITED)
    assert index.elect_canonical([CopyVote(article_id=B)]) == [B]
    assert index.elect_canonical([CopyVote(article_id=A, copies=(B,))]) == [B]
    assert index.elect_canonical([CopyVote(article_id=B, copies=(A,))]) == [B]


def test_a_batch_settles_on_one(index: Index) -> None:
    register(index, a=PRINT, b=EDITED, c=PRINT, d=OTHER)
    votes = [
        CopyVote(article_id=C, copies=(A, B)),
        CopyVote(article_id=B, copies=(A,)),
        CopyVote(article_id=A),
        CopyVote(article_id=D),
    ]
    assert index.elect_canonical(votes) == [A, A, A, D]
    assert index.elect_canonical(votes) == [A, A, A, D]


def test_a_copy_of_a_copy_belongs_to_the_canonical_article(index: Index) -> None:
    register(index, a=PRINT, b=EDITED)
    index.elect_canonical([CopyVote(article_id=A), CopyVote(article_id=B, copies=(A,))])
    register(index, c=EDITED)
    assert index.elect_canonical([CopyVote(article_id=C, copies=(B,))]) == [A]


def test_what_the_index_does_not_know_is_canonical(index: Index) -> None:
    register(index, a=PRINT)
    assert index.elect_canonical([CopyVote(article_id=A, copies=(D,))]) == [D]
    assert index.elect_canonical([CopyVote(article_id=D)]) == [D]


def test_nothing_in_nothing_out(index: Index) -> None:
    assert index.register_and_match([]) == []
    assert index.elect_canonical([]) == []


def test_who_is_forgotten_is_nobodys_rival(index: Index) -> None:
    register(index, a=PRINT, d=OTHER)
    index.forget([A, B])
    assert register(index, b=EDITED) == {"b": []}
    assert ids(register(index, c=PRINT)["c"]) == [B]
    assert ids(register(index, a=OTHER)["a"]) == [D]


def test_copies_of_what_was_forgotten_have_a_canonical_article_among_them(index: Index) -> None:
    register(index, a=PRINT)
    index.elect_canonical([CopyVote(article_id=A)])
    index.forget([A])
    register(index, b=EDITED, c=PRINT)
    register(index, b=EDITED)
    assert index.elect_canonical([CopyVote(article_id=B), CopyVote(article_id=C, copies=(B,))]) == [
        B,
        B,
    ]
    index.forget([])


def test_copies_of_one_call_meet_each_other_if_their_original_was_forgotten(index: Index) -> None:
    register(index, a=PRINT)
    index.forget([A])
    found = register(index, b=PRINT, c=EDITED)
    assert B in ids(found["c"]) or C in ids(found["b"])


def test_a_forgotten_article_that_comes_back_joins_the_copy_that_took_its_place(
    index: Index,
) -> None:
    register(index, a=PRINT)
    assert index.elect_canonical([CopyVote(article_id=A)]) == [A]
    index.forget([A])
    register(index, b=EDITED)
    assert index.elect_canonical([CopyVote(article_id=B)]) == [B]
    assert ids(register(index, a=PRINT)["a"]) == [B]
    assert index.elect_canonical([CopyVote(article_id=A, copies=(B,))]) == [B]
    assert {A, B} >= {*ids(register(index, c=PRINT)["c"])} != set()


def test_an_article_of_common_words_is_found_by_alternates(index: Index) -> None:
    """Others have most of its hashes, and it gets as many alternates in their place."""
    others = [article_id_of("wire", f"other:{n}") for n in range(len(PRINT.sketch) - 1)]
    index.register_and_match(
        [
            IndexEntry(article_id=i, fingerprint=replace(OTHER, text_hash=f"{n:032x}", sketch=(h,)))
            for n, (i, h) in enumerate(zip(others, PRINT.sketch, strict=False))
        ]
    )
    assert register(index, a=PRINT) == {"a": []}
    part = replace(EDITED, sketch=PRINT.alternates[:2])
    assert ids(register(index, b=part)["b"]) == [A]


def test_an_article_gets_no_alternates_for_hashes_of_its_own_or_of_its_original(
    index: Index,
) -> None:
    register(index, a=PRINT)
    register(index, a=PRINT, b=EDITED)
    part = replace(OTHER, sketch=PRINT.alternates[:2])
    assert register(index, c=part) == {"c": []}


@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=pytest.mark.long) for n in (1, 2, 3))])
def test_both_indexes_find_the_same_after_any_order_of_calls(fake_url: str, seed: int) -> None:
    """Articles of four texts are registered, elected, forgotten, and come back."""
    rng = random.Random(seed)
    texts = [PRINT, EDITED, OTHER, fingerprint_of(invented(2))]
    articles = [article_id_of("wire", f"any:{n}") for n in range(12)]
    redis_, memory = RedisIndex(fake_url, RULES), MemoryIndex(RULES)
    redis_.client.execute([("FLUSHALL",)])
    for _ in range(40):
        chosen = rng.sample(articles, rng.randint(1, 3))
        if rng.random() < 0.3:
            redis_.forget(chosen)
            memory.forget(chosen)
            continue
        entries = [IndexEntry(article_id=i, fingerprint=rng.choice(texts)) for i in chosen]
        found, expected = (i.register_and_match(entries) for i in (redis_, memory))
        assert [{*ids(of)} for of in found] == [{*ids(of)} for of in expected]
        votes = [
            CopyVote(article_id=e.article_id, copies=tuple(ids(of)))
            for e, of in zip(entries, expected, strict=True)
        ]
        assert redis_.elect_canonical(votes) == memory.elect_canonical(votes)
    redis_.close()
