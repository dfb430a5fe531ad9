"""The conformance suite of all indexes; tests of the shared index alone are in test_redis."""

from collections.abc import Iterator
from dataclasses import replace
from threading import Thread

import fakeredis
import pytest

from tests.dedup.texts import RULES, STORY, fingerprint_of, invented
from worker.index import Candidate, Claim, CopyVote, Index
from worker.index.memory_index import MemoryIndex
from worker.index.redis_index import RedisIndex
from worker.model.records import Fingerprint, article_id_of

A, B, C, D = (article_id_of("wire", f"id:{name}") for name in "abcd")
FINGERPRINT = fingerprint_of(STORY)
EDITED = fingerprint_of(STORY.replace("Friday", "Saturday"))
OTHER = fingerprint_of(invented(1))


@pytest.fixture(scope="module")
def fake_url() -> Iterator[str]:
    server = fakeredis.TcpFakeServer(("127.0.0.1", 0), server_type="redis")
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"redis://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture(params=["memory", "fake", "valkey"])
def index(request: pytest.FixtureRequest) -> Iterator[Index]:
    if request.param == "memory":
        yield MemoryIndex(RULES)
        return
    url = request.getfixturevalue(f"{request.param}_url")
    index = RedisIndex(url, RULES)
    index.wire.trip([("FLUSHALL",)])
    yield index
    index.close()


def claim(index: Index, **fingerprints: Fingerprint) -> dict[str, list[Candidate]]:
    """Claim articles a to d in one call; return the candidates of each."""
    ids = {"a": A, "b": B, "c": C, "d": D}
    claims = [
        Claim(article_id=ids[letter], fingerprint=fingerprint)
        for letter, fingerprint in fingerprints.items()
    ]
    return dict(zip(fingerprints, index.claim(claims), strict=True))


def ids(candidates: list[Candidate]) -> list[str]:
    return [candidate.article_id for candidate in candidates]


def test_the_first_article_of_a_story_has_no_candidates(index: Index) -> None:
    assert claim(index, a=FINGERPRINT, b=OTHER) == {"a": [], "b": []}


def test_earlier_articles_are_candidates_with_their_fingerprints(index: Index) -> None:
    claim(index, a=FINGERPRINT, b=OTHER)
    (candidate,) = claim(index, c=EDITED)["c"]
    assert (candidate.article_id, candidate.fingerprint) == (A, FINGERPRINT)
    assert RULES.index.min_hits <= candidate.hits <= len(FINGERPRINT.sketch)


def test_claims_of_one_call_are_candidates_of_each_other(index: Index) -> None:
    candidates = claim(index, a=FINGERPRINT, b=EDITED, c=OTHER)
    assert ids(candidates["b"]) == [A]
    assert A not in ids(candidates["a"])
    assert candidates["c"] == []


def test_an_article_is_no_candidate_of_itself(index: Index) -> None:
    claim(index, a=FINGERPRINT)
    assert claim(index, a=FINGERPRINT) == {"a": []}
    assert ids(claim(index, a=EDITED)["a"]) == []
    assert claim(index, a=EDITED) == {"a": []}


def test_a_revised_article_is_a_candidate_with_its_newest_fingerprint(index: Index) -> None:
    claim(index, a=FINGERPRINT)
    claim(index, a=EDITED)
    assert [candidate.fingerprint for candidate in claim(index, b=FINGERPRINT)["b"]] == [EDITED]


def test_the_candidate_with_the_same_text_comes_first(index: Index) -> None:
    claim(index, a=FINGERPRINT, b=EDITED)
    assert ids(claim(index, c=EDITED)["c"]) == [B, A]


def test_tiny_texts_are_candidates_only_for_the_same_words(index: Index) -> None:
    claim(
        index, a=fingerprint_of("See the video", "Fire"), b=fingerprint_of("See the video", "Flood")
    )
    (candidate,) = claim(index, c=fingerprint_of("See the video!", "Fire"))["c"]
    assert (candidate.article_id, candidate.hits) == (A, 0)


def test_the_number_of_candidates_is_limited(index: Index) -> None:
    """The last article shares some shingles with each of many articles."""
    parts = [invented(seed, words=30) for seed in range(9)]
    articles = [
        Claim(article_id=article_id_of("w", p), fingerprint=fingerprint_of(p)) for p in parts
    ]
    index.claim(articles)
    (candidates,) = index.claim([Claim(article_id=A, fingerprint=sum_of(articles))])
    assert len(candidates) == RULES.index.most_rivals
    assert [candidate.hits for candidate in candidates] == sorted(
        (candidate.hits for candidate in candidates), reverse=True
    )


def sum_of(claims: list[Claim]) -> Fingerprint:
    """A fingerprint that has the smallest hashes of all of these."""
    sketch = sorted(h for claim in claims for h in claim.fingerprint.sketch[:3])
    return replace(FINGERPRINT, sketch=tuple(sketch))


def test_an_article_without_copies_is_canonical(index: Index) -> None:
    claim(index, a=FINGERPRINT, b=OTHER)
    assert index.settle([CopyVote(article_id=A), CopyVote(article_id=B)]) == [A, B]


def test_of_two_undecided_copies_the_earlier_is_canonical(index: Index) -> None:
    claim(index, a=FINGERPRINT)
    claim(index, b=EDITED)
    assert index.settle([CopyVote(article_id=B, alike=(A,))]) == [A]
    assert index.settle([CopyVote(article_id=A, alike=(B,))]) == [A]


def test_the_vote_of_the_earlier_article_decides_for_its_later_copy_too(index: Index) -> None:
    claim(index, a=FINGERPRINT, b=EDITED)
    assert index.settle([CopyVote(article_id=A, alike=(B,))]) == [A]
    assert index.settle([CopyVote(article_id=B)]) == [A]


def test_a_canonical_article_stays_canonical(index: Index) -> None:
    claim(index, a=FINGERPRINT, b=EDITED)
    assert index.settle([CopyVote(article_id=B)]) == [B]
    assert index.settle([CopyVote(article_id=A, alike=(B,))]) == [B]
    assert index.settle([CopyVote(article_id=B, alike=(A,))]) == [B]


def test_the_copies_of_a_batch_have_one_canonical_article(index: Index) -> None:
    claim(index, a=FINGERPRINT, b=EDITED, c=FINGERPRINT, d=OTHER)
    votes = [
        CopyVote(article_id=C, alike=(A, B)),
        CopyVote(article_id=B, alike=(A,)),
        CopyVote(article_id=A),
        CopyVote(article_id=D),
    ]
    assert index.settle(votes) == [A, A, A, D]
    assert index.settle(votes) == [A, A, A, D]


def test_a_copy_of_a_copy_belongs_to_the_canonical_article(index: Index) -> None:
    claim(index, a=FINGERPRINT, b=EDITED)
    index.settle([CopyVote(article_id=A), CopyVote(article_id=B, alike=(A,))])
    claim(index, c=EDITED)
    assert index.settle([CopyVote(article_id=C, alike=(B,))]) == [A]


def test_an_article_that_the_index_does_not_know_is_canonical(index: Index) -> None:
    claim(index, a=FINGERPRINT)
    assert index.settle([CopyVote(article_id=A, alike=(D,))]) == [D]
    assert index.settle([CopyVote(article_id=D)]) == [D]


def test_empty_batches_have_empty_results(index: Index) -> None:
    assert index.claim([]) == []
    assert index.settle([]) == []


def test_a_forgotten_article_is_no_candidate(index: Index) -> None:
    claim(index, a=FINGERPRINT, d=OTHER)
    index.forget([A, B])
    assert claim(index, b=EDITED) == {"b": []}
    assert ids(claim(index, c=FINGERPRINT)["c"]) == [B]
    assert ids(claim(index, a=OTHER)["a"]) == [D]


def test_copies_of_a_forgotten_article_have_a_canonical_article_among_them(index: Index) -> None:
    claim(index, a=FINGERPRINT)
    index.settle([CopyVote(article_id=A)])
    index.forget([A])
    claim(index, b=EDITED, c=FINGERPRINT)
    claim(index, b=EDITED)
    assert index.settle([CopyVote(article_id=B), CopyVote(article_id=C, alike=(B,))]) == [B, B]
    index.forget([])
