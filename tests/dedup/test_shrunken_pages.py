"""A page with much less text than was known: when it is held back, and when it is shown."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.make import NOW, article, record
from worker.dedup import fetched_page, held_after, hold_if_shrunken
from worker.dedup.dedup_rules import PageRules
from worker.model.fetched_page import (
    SHRUNKEN,
    SHRUNKEN_LONG,
    SHRUNKEN_TWICE,
    FetchedPage,
    HeldContent,
)
from worker.model.records import OutcomeKind, StoredIdentity, Verdict

HOUR = timedelta(hours=1)
RULES = PageRules()


def page(words: int, hours: float = 0, *, dated: bool = True) -> FetchedPage:
    at = NOW + hours * HOUR
    fetched = fetched_page(article(words=words, page_fetched=at, fetch_dated=dated), RULES)
    assert fetched
    return fetched


def stored(words: int, *held: HeldContent) -> StoredIdentity:
    return StoredIdentity(
        article_id="a", hashes=frozenset({"known"}), revision=3, cluster_id="c", words=words,
        held=held,
    )  # fmt: skip


def waiting(content_hash: str = "short", hours: float = 0) -> HeldContent:
    return HeldContent(content_hash=content_hash, since=NOW + hours * HOUR)


def revision(**changes: object) -> Verdict:
    verdict = {"kind": OutcomeKind.REVISION, "revision": 4, "article_id": "a", "signal": "key"}
    return record(verdict={**verdict, **changes}).verdict


@pytest.mark.parametrize(
    ("words", "known", "signal"),
    [
        (99, 300, SHRUNKEN),
        (100, 300, "key"),  # a third is no less than a third
        (101, 300, "key"),
        (3333, 10_000, SHRUNKEN),
        (1, 3, "key"),
        (1, 4, SHRUNKEN),
        (0, 1, SHRUNKEN),
        (0, 0, "key"),
        (5, 0, "key"),  # only the title was known
        (900, 300, "key"),
    ],
)
def test_a_page_with_less_than_a_third_of_the_known_words_is_held_back(
    words: int, known: int, signal: str
) -> None:
    verdict = hold_if_shrunken(revision(), "short", page(words), stored(known))
    assert verdict.signal == signal
    assert (verdict.kind is OutcomeKind.UNCHANGED) == (signal == SHRUNKEN)
    assert verdict.revision == (3 if signal == SHRUNKEN else 4)


def test_text_that_is_not_of_a_fetched_page_is_never_held_back() -> None:
    assert fetched_page(article(words=1), RULES) is None
    assert hold_if_shrunken(revision(), "short", None, stored(300)) == revision()


@pytest.mark.parametrize("kind", [k for k in OutcomeKind if k is not OutcomeKind.REVISION])
def test_only_a_revision_is_held_back(kind: OutcomeKind) -> None:
    verdict = revision(kind=kind)
    assert hold_if_shrunken(verdict, "short", page(1), stored(300)) == verdict


def test_nothing_is_held_back_for_an_article_without_content() -> None:
    for nothing in (
        None,
        StoredIdentity(article_id="a", hashes=frozenset(), revision=0, cluster_id="a"),
        StoredIdentity(
            article_id="a", hashes=frozenset(), revision=2, cluster_id="a", words=300,
            withdrawn=True,
        ),
    ):  # fmt: skip
        assert hold_if_shrunken(revision(), "short", page(1), nothing) == revision()


@pytest.mark.parametrize(
    ("held", "hours", "dated", "signal"),
    [
        ([waiting()], 0.1, True, SHRUNKEN_TWICE),
        ([waiting()], 0, True, SHRUNKEN),  # one fetch, delivered twice
        ([waiting()], -1, True, SHRUNKEN),  # an earlier fetch that came late
        ([waiting()], 0, False, SHRUNKEN_TWICE),  # without a date, but stored before
        ([waiting()], -1, False, SHRUNKEN_TWICE),  # the clock of another worker is behind
        ([waiting("other")], 5.9, True, SHRUNKEN),
        ([waiting("other")], 6, True, SHRUNKEN_LONG),
        ([waiting("other"), waiting("more", 5)], 6, True, SHRUNKEN_LONG),
        ([waiting(), waiting("other", -6)], 0.1, True, SHRUNKEN_TWICE),
        ([HeldContent(content_hash="short", since=None)], 9, True, SHRUNKEN),
        ([HeldContent(content_hash="short", since=NOW, stored=False)], 0, False, SHRUNKEN),
        ([HeldContent(content_hash="short", since=NOW, stored=False)], 1, True, SHRUNKEN_TWICE),
        ([], 100, True, SHRUNKEN),
    ],
)
def test_it_is_shown_when_it_comes_again_or_pages_have_been_short_for_six_hours(
    held: list[HeldContent], hours: float, *, dated: bool, signal: str
) -> None:
    verdict = hold_if_shrunken(revision(), "short", page(9, hours, dated=dated), stored(300, *held))
    assert verdict.signal == signal
    assert verdict.scores["words"] == 0.03
    assert verdict.thresholds["words"] == RULES.shrunken_share


def test_a_page_that_was_held_back_is_shown_if_less_is_stored_by_now() -> None:
    held = hold_if_shrunken(revision(), "short", page(9), stored(300))
    raced = hold_if_shrunken(held, "short", page(9), stored(20))
    assert (raced.kind, raced.revision, raced.signal) == (OutcomeKind.REVISION, 4, "race")
    assert hold_if_shrunken(held, "short", page(9), stored(300)).kind is OutcomeKind.UNCHANGED


def test_a_revision_is_held_back_if_more_is_stored_by_now() -> None:
    shown = hold_if_shrunken(revision(), "short", page(9), stored(20))
    assert shown.kind is OutcomeKind.REVISION
    assert hold_if_shrunken(shown, "short", page(9), stored(300)).signal == SHRUNKEN


def test_a_page_that_is_whole_again_ends_the_wait() -> None:
    known = stored(300, waiting(), waiting("later", 2))
    unchanged = revision(kind=OutcomeKind.UNCHANGED, revision=3)
    ended = HeldContent(content_hash="short", since=None)
    assert held_after(unchanged, "known", page(300, 1), known) == (ended, waiting("later", 2))
    for not_whole in (None, page(9, 1)):  # a feed; an old short revision that came again
        assert held_after(unchanged, "known", not_whole, known) == known.held


def test_a_content_that_became_a_revision_is_held_no_longer() -> None:
    known = stored(300, waiting(), waiting("other"))
    assert held_after(revision(), "short", None, known) == (waiting("other"),)
    (other,) = held_after(revision(signal=SHRUNKEN_TWICE), "short", page(9, 1), known)
    assert (other.content_hash, other.since) == ("other", None)


def test_nothing_is_held_back_if_the_share_is_nothing() -> None:
    fetched = fetched_page(
        article(words=1, page_fetched=NOW), PageRules(shrunken_share=0.0, hold_h=6)
    )
    assert hold_if_shrunken(revision(), "short", fetched, stored(300)) == revision()


deliveries = st.lists(
    st.tuples(
        st.sampled_from([2, 5, 9, 20, 27, 60, 61, 200]),  # words, and thereby the content
        st.floats(0, 4),  # hours since the one before
        st.sampled_from(["page", "undated page", "feed"]),
    ),
    max_size=14,
)


@given(deliveries)
def test_no_shrunken_text_is_shown_unless_it_came_again_or_after_six_hours(
    sequence: list[tuple[int, float, str]],
) -> None:
    """Whatever comes in whatever order. The text shown, the deliveries and their times are noted
    independently of what the functions return."""
    known = stored(300)
    hours, earlier = 0.0, []
    for words, passed, way in sequence:
        hours += passed
        content_hash, fetched = str(words), page(words, hours, dated=way == "page")
        came = None if way == "feed" else fetched
        verdict = revision(revision=known.revision + 1)
        if content_hash in known.hashes:
            verdict = revision(kind=OutcomeKind.UNCHANGED, revision=known.revision)
        verdict = hold_if_shrunken(verdict, content_hash, came, known)
        held = held_after(verdict, content_hash, came, known)
        is_short = came is not None and words * 3 < known.words
        stored_held = tuple(HeldContent(content_hash=h.content_hash, since=h.since) for h in held)
        if verdict.kind is OutcomeKind.UNCHANGED:
            known = StoredIdentity(**{**_fields(known), "held": stored_held})
            if verdict.signal == SHRUNKEN:
                assert words * 3 < known.words
                assert content_hash in {h.content_hash for h in held}
        else:
            if is_short:
                again = any(w == words for w, _ in earlier)
                assert again or any(hours - at >= 6 for _, at in earlier)
            changed = {"words": words, "revision": verdict.revision, "held": stored_held}
            hashes = known.hashes | {content_hash}
            known = StoredIdentity(**{**_fields(known), **changed, "hashes": hashes})
        assert not known.hashes & {h.content_hash for h in known.held}
        if is_short:
            earlier.append((words, hours))


def _fields(identity: StoredIdentity) -> dict[str, object]:
    return {name: getattr(identity, name) for name in StoredIdentity.__dataclass_fields__}
