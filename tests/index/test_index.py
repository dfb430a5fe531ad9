"""One suite for every index; what only the shared one has is in test_redis."""

from collections.abc import Iterator
from dataclasses import replace
from threading import Thread

import fakeredis
import pytest

from tests.dedup.texts import RULES, STORY, invented, print_of
from worker.index import Candidate, Claim, CopyVote, Index
from worker.index.memory_index import MemoryIndex
from worker.index.redis_index import RedisIndex
from worker.model.records import Fingerprint, article_id_of

A, B, C, D = (article_id_of("wire", f"id:{name}") for name in "abcd")
PRINT = print_of(STORY)
EDITED = print_of(STORY.replace("Friday", "Saturday"))
OTHER = print_of(invented(1))


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
    index.wire.trip([("FLUSHALL",)])
    yield index
    index.close()


def claim(index: Index, **prints: Fingerprint) -> dict[str, list[Candidate]]:
    """One call for articles by their letters."""
    ids = {"a": A, "b": B, "c": C, "d": D}
    claims = [Claim(article_id=ids[letter], fingerprint=p) for letter, p in prints.items()]
    return dict(zip(prints, index.claim(claims), strict=True))


def ids(rivals: list[Candidate]) -> list[str]:
    return [rival.article_id for rival in rivals]


def test_the_first_of_its_kind_has_no_rivals(index: Index) -> None:
    assert claim(index, a=PRINT, b=OTHER) == {"a": [], "b": []}


def test_an_article_meets_those_before_it_with_their_fingerprints(index: Index) -> None:
    claim(index, a=PRINT, b=OTHER)
    (rival,) = claim(index, c=EDITED)["c"]
    assert (rival.article_id, rival.fingerprint) == (A, PRINT)
    assert RULES.index.min_hits <= rival.hits <= len(PRINT.sketch)


def test_claims_of_one_call_meet_each_other(index: Index) -> None:
    met = claim(index, a=PRINT, b=EDITED, c=OTHER)
    assert ids(met["b"]) == [A]
    assert A not in ids(met["a"])
    assert met["c"] == []


def test_an_article_never_meets_itself(index: Index) -> None:
    claim(index, a=PRINT)
    assert claim(index, a=PRINT) == {"a": []}
    assert ids(claim(index, a=EDITED)["a"]) == []
    assert claim(index, a=EDITED) == {"a": []}


def test_a_revision_is_met_with_its_newest_fingerprint(index: Index) -> None:
    claim(index, a=PRINT)
    claim(index, a=EDITED)
    assert [rival.fingerprint for rival in claim(index, b=PRINT)["b"]] == [EDITED]


def test_the_exact_text_comes_first(index: Index) -> None:
    claim(index, a=PRINT, b=EDITED)
    assert ids(claim(index, c=EDITED)["c"]) == [B, A]


def test_tiny_texts_meet_only_the_same_words(index: Index) -> None:
    claim(index, a=print_of("See the video", "Fire"), b=print_of("See the video", "Flood"))
    (rival,) = claim(index, c=print_of("See the video!", "Fire"))["c"]
    assert (rival.article_id, rival.hits) == (A, 0)


def test_rivals_are_limited(index: Index) -> None:
    """Each of many articles owns some shingles of the last one."""
    parts = [invented(seed, words=30) for seed in range(9)]
    articles = [Claim(article_id=article_id_of("w", p), fingerprint=print_of(p)) for p in parts]
    index.claim(articles)
    (met,) = index.claim([Claim(article_id=A, fingerprint=sum_of(articles))])
    assert len(met) == RULES.index.most_rivals
    assert [rival.hits for rival in met] == sorted((r.hits for r in met), reverse=True)


def sum_of(claims: list[Claim]) -> Fingerprint:
    """A fingerprint that has the smallest hashes of all of these."""
    sketch = sorted(h for claim in claims for h in claim.fingerprint.sketch[:3])
    return replace(PRINT, sketch=tuple(sketch))


def test_who_has_no_copies_is_canonical(index: Index) -> None:
    claim(index, a=PRINT, b=OTHER)
    assert index.settle([CopyVote(article_id=A), CopyVote(article_id=B)]) == [A, B]


def test_of_two_undecided_copies_the_earlier_is_canonical(index: Index) -> None:
    claim(index, a=PRINT)
    claim(index, b=EDITED)
    assert index.settle([CopyVote(article_id=B, alike=(A,))]) == [A]
    assert index.settle([CopyVote(article_id=A, alike=(B,))]) == [A]


def test_the_earlier_one_decides_for_the_later_one_too(index: Index) -> None:
    claim(index, a=PRINT, b=EDITED)
    assert index.settle([CopyVote(article_id=A, alike=(B,))]) == [A]
    assert index.settle([CopyVote(article_id=B)]) == [A]


def test_who_is_canonical_stays_so(index: Index) -> None:
    claim(index, a=PRINT, b=EDITED)
    assert index.settle([CopyVote(article_id=B)]) == [B]
    assert index.settle([CopyVote(article_id=A, alike=(B,))]) == [B]
    assert index.settle([CopyVote(article_id=B, alike=(A,))]) == [B]


def test_a_batch_settles_on_one(index: Index) -> None:
    claim(index, a=PRINT, b=EDITED, c=PRINT, d=OTHER)
    wishes = [
        CopyVote(article_id=C, alike=(A, B)),
        CopyVote(article_id=B, alike=(A,)),
        CopyVote(article_id=A),
        CopyVote(article_id=D),
    ]
    assert index.settle(wishes) == [A, A, A, D]
    assert index.settle(wishes) == [A, A, A, D]


def test_a_copy_of_a_copy_belongs_to_the_canonical_article(index: Index) -> None:
    claim(index, a=PRINT, b=EDITED)
    index.settle([CopyVote(article_id=A), CopyVote(article_id=B, alike=(A,))])
    claim(index, c=EDITED)
    assert index.settle([CopyVote(article_id=C, alike=(B,))]) == [A]


def test_what_the_index_does_not_know_is_canonical(index: Index) -> None:
    claim(index, a=PRINT)
    assert index.settle([CopyVote(article_id=A, alike=(D,))]) == [D]
    assert index.settle([CopyVote(article_id=D)]) == [D]


def test_nothing_in_nothing_out(index: Index) -> None:
    assert index.claim([]) == []
    assert index.settle([]) == []


def test_who_is_forgotten_is_nobodys_rival(index: Index) -> None:
    claim(index, a=PRINT, d=OTHER)
    index.forget([A, B])
    assert claim(index, b=EDITED) == {"b": []}
    assert ids(claim(index, c=PRINT)["c"]) == [B]
    assert ids(claim(index, a=OTHER)["a"]) == [D]


def test_copies_of_what_was_forgotten_have_a_canonical_article_among_them(index: Index) -> None:
    claim(index, a=PRINT)
    index.settle([CopyVote(article_id=A)])
    index.forget([A])
    claim(index, b=EDITED, c=PRINT)
    claim(index, b=EDITED)
    assert index.settle([CopyVote(article_id=B), CopyVote(article_id=C, alike=(B,))]) == [B, B]
    index.forget([])
