"""Identity before likeness, the evidence of each verdict, and the last word under the lock."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import make
from tests.dedup.texts import OTHER, OTHER_TITLE, RULES, STORY, TITLE, print_of
from worker.dedup import (
    Match,
    compare,
    identify,
    identity_after,
    recheck_under_lock,
    resolve,
    with_key,
)
from worker.model.completeness import Extent
from worker.model.records import (
    Article,
    Fingerprint,
    OutcomeKind,
    StoredIdentity,
    Verdict,
    article_id_of,
)

ARTICLE = make.article(title=TITLE, text=STORY)
PRINT = print_of(STORY)
EDITED = print_of(STORY.replace("two", "three"))
OLD = article_id_of("wire", "id:old")


def known(of: Article = ARTICLE, **changes: Any) -> StoredIdentity:
    ordinary = {
        "article_id": of.article_id,
        "hashes": frozenset({PRINT.content_hash, "older"}),
        "revision": 2,
        "cluster_id": OLD,
        "fingerprint": PRINT,
    }
    return StoredIdentity(**(ordinary | changes))


def new(**changes: Any) -> Verdict:
    return replace(identify(ARTICLE, PRINT, None, RULES), **changes)


def like(text: str, title: str = TITLE) -> Match:
    found = compare(PRINT, print_of(text, title), RULES)
    assert found is not None
    return found


COPY, LESSER_COPY = like(STORY.replace("told", "said to")), like(STORY.replace("s", "z", 40))
SERIES = like("".join("7" if c.isdigit() else c for c in STORY))


def test_an_unseen_article_is_new_and_its_own_cluster() -> None:
    verdict = identify(ARTICLE, PRINT, None, RULES)
    assert (verdict.kind, verdict.revision, verdict.signal) == (OutcomeKind.NEW, 1, "unseen")
    assert verdict.cluster_id == verdict.article_id == ARTICLE.article_id
    assert RULES.version in verdict.version


def test_a_tombstone_of_what_never_came_leaves_the_article_new() -> None:
    empty = known(revision=0, hashes=frozenset())
    assert identify(ARTICLE, PRINT, empty, RULES).kind is OutcomeKind.NEW


@pytest.mark.parametrize("hashes", [{PRINT.content_hash}, {"newest", PRINT.content_hash}])
def test_any_known_content_is_unchanged(hashes: set[str]) -> None:
    verdict = identify(ARTICLE, PRINT, known(hashes=frozenset(hashes)), RULES)
    assert (verdict.kind, verdict.revision, verdict.cluster_id) == (OutcomeKind.UNCHANGED, 2, OLD)


def test_other_content_under_the_same_key_is_the_next_revision() -> None:
    verdict = identify(ARTICLE, EDITED, known(), RULES)
    assert (verdict.kind, verdict.revision, verdict.signal) == (OutcomeKind.REVISION, 3, "key")
    assert verdict.cluster_id == OLD


def test_content_that_shares_nothing_is_an_article_of_its_own() -> None:
    its = replace(ARTICLE, opening_key="text:~1")
    verdict = identify(its, print_of(OTHER, OTHER_TITLE), known(), RULES)
    assert (verdict.kind, verdict.signal) == (OutcomeKind.NEW, "reused-id")
    assert verdict.rival == ARTICLE.article_id != verdict.article_id
    assert with_key(its, verdict).article_id == verdict.article_id
    assert verdict.scores == {"containment": 0.0, "title": 0.0}
    assert verdict.thresholds == {"containment": RULES.identity.stranger_containment}


@pytest.mark.parametrize(
    ("mine", "before"),
    [
        pytest.param(print_of(OTHER, TITLE), PRINT, id="the titles share a word"),
        pytest.param(print_of("Wait for news on this", "Soon"), PRINT, id="too short to tell"),
        pytest.param(print_of(OTHER, OTHER_TITLE), None, id="no fingerprint to compare"),
    ],
)
def test_without_doubt_a_revision_is_ordinary(
    mine: Fingerprint, before: Fingerprint | None
) -> None:
    verdict = identify(ARTICLE, mine, known(fingerprint=before), RULES)
    assert (verdict.kind, verdict.signal) == (OutcomeKind.REVISION, "key")


def test_an_alias_that_the_content_confirms_leads_to_the_known_article() -> None:
    verdict = identify(ARTICLE, EDITED, known(article_id=OLD), RULES)
    assert (verdict.kind, verdict.signal, verdict.article_id) == (
        OutcomeKind.REVISION,
        "alias",
        OLD,
    )


def test_equal_words_confirm_an_alias() -> None:
    tiny = print_of("No more news", "Soon")
    verdict = identify(ARTICLE, tiny, known(article_id=OLD, fingerprint=tiny), RULES)
    assert (verdict.signal, verdict.scores) == ("alias", {"containment": 1.0})


def test_unchanged_content_found_by_an_alias_is_unchanged() -> None:
    verdict = identify(ARTICLE, PRINT, known(article_id=OLD), RULES)
    assert (verdict.kind, verdict.article_id) == (OutcomeKind.UNCHANGED, OLD)


@pytest.mark.parametrize("before", [print_of(OTHER, OTHER_TITLE), None])
def test_an_alias_that_nothing_confirms_is_a_conflict(before: Fingerprint | None) -> None:
    verdict = identify(
        ARTICLE, PRINT, known(article_id=OLD, hashes=frozenset(), fingerprint=before), RULES
    )
    assert (verdict.kind, verdict.signal, verdict.rival) == (OutcomeKind.NEW, "alias-conflict", OLD)
    assert verdict.article_id == verdict.cluster_id == ARTICLE.article_id
    assert verdict.scores == {"containment": 0.0}


def test_a_second_copy_in_a_batch_is_unchanged_and_an_edit_the_next_revision() -> None:
    first = identify(ARTICLE, PRINT, None, RULES)
    then = identity_after(None, first, PRINT)
    assert identify(ARTICLE, PRINT, then, RULES).kind is OutcomeKind.UNCHANGED
    edit = identify(ARTICLE, EDITED, then, RULES)
    assert (edit.kind, edit.revision) == (OutcomeKind.REVISION, 2)
    last = identity_after(then, edit, EDITED)
    assert last.hashes == {PRINT.content_hash, EDITED.content_hash}
    assert (last.revision, last.fingerprint) == (2, EDITED)


def test_what_is_unchanged_changes_nothing_that_is_known() -> None:
    before = known()
    assert identity_after(before, identify(ARTICLE, PRINT, before, RULES), PRINT) == before


def test_after_an_alias_conflict_the_article_stands_alone() -> None:
    before = known(article_id=OLD, hashes=frozenset(), fingerprint=None)
    verdict = identify(ARTICLE, PRINT, before, RULES)
    assert identity_after(before, verdict, PRINT).hashes == {PRINT.content_hash}


def test_a_copy_of_another_article_is_its_duplicate() -> None:
    likes = [("x", SERIES), ("y", LESSER_COPY), ("z", COPY)]
    verdict = resolve(new(), likes, "canonical", RULES)
    assert (verdict.kind, verdict.cluster_id) == (OutcomeKind.DUPLICATE, "canonical")
    assert (verdict.rival, verdict.signal, verdict.scores) == ("z", "near", COPY.scores)
    assert verdict.thresholds == COPY.thresholds


def test_a_duplicate_by_the_rivals_word_alone_names_the_canonical_article() -> None:
    verdict = resolve(new(), [], "canonical", RULES)
    assert (verdict.kind, verdict.rival, verdict.signal) == (
        OutcomeKind.DUPLICATE,
        "canonical",
        "settled",
    )


def test_only_variants_make_a_variant_in_its_own_cluster() -> None:
    verdict = resolve(new(), [("x", SERIES)], ARTICLE.article_id, RULES)
    assert (verdict.kind, verdict.rival, verdict.signal) == (OutcomeKind.VARIANT, "x", "series")
    assert verdict.cluster_id == ARTICLE.article_id


@pytest.mark.parametrize("likes", [[], [("x", COPY)], [("x", COPY), ("y", SERIES)]])
def test_the_canonical_article_is_new_whatever_copies_it_has(
    likes: list[tuple[str, Match]],
) -> None:
    assert resolve(new(), likes, ARTICLE.article_id, RULES) == new()


@pytest.mark.parametrize("mine", [PRINT, EDITED])
def test_what_is_known_already_is_resolved(mine: Fingerprint) -> None:
    verdict = identify(ARTICLE, mine, known(), RULES)
    assert resolve(verdict, [("x", COPY)], "canonical", RULES) == verdict


@pytest.mark.parametrize("under_lock", [None, known(revision=0)])
def test_a_verdict_holds_when_nothing_came_meanwhile(under_lock: StoredIdentity | None) -> None:
    assert recheck_under_lock(new(), PRINT.content_hash, under_lock) == new()


@pytest.mark.parametrize("kind", [OutcomeKind.NEW, OutcomeKind.DUPLICATE, OutcomeKind.VARIANT])
def test_who_comes_second_is_a_revision(kind: OutcomeKind) -> None:
    verdict = recheck_under_lock(new(kind=kind, rival="x"), "other content", known())
    assert (verdict.kind, verdict.revision, verdict.cluster_id) == (OutcomeKind.REVISION, 3, OLD)
    assert (verdict.signal, verdict.rival) == ("race", "")


def test_a_revision_is_numbered_after_the_newest() -> None:
    verdict = identify(ARTICLE, EDITED, known(), RULES)
    later = recheck_under_lock(verdict, EDITED.content_hash, known(revision=6, cluster_id="moved"))
    assert (later.revision, later.cluster_id, later.signal) == (7, "moved", "key")


TITLE_ONLY = replace(ARTICLE, text="", words=0)
TEASER = replace(ARTICLE, text="Storm Ida nears.", flags=("no-page",), words=3)
SUMMARY = replace(TEASER, flags=("summary-only", "truncated"))


@pytest.mark.parametrize(
    ("its", "stored", "kind"),
    [
        (TITLE_ONLY, Extent.TEXT, OutcomeKind.UNCHANGED),
        (TITLE_ONLY, Extent.TEASER, OutcomeKind.UNCHANGED),
        (TITLE_ONLY, Extent.TITLE, OutcomeKind.REVISION),
        (TEASER, Extent.TEXT, OutcomeKind.UNCHANGED),
        (TEASER, Extent.TEASER, OutcomeKind.REVISION),
        (TEASER, Extent.TITLE, OutcomeKind.REVISION),
        (SUMMARY, Extent.TEXT, OutcomeKind.UNCHANGED),
        (ARTICLE, Extent.TEXT, OutcomeKind.REVISION),
        (ARTICLE, Extent.TEASER, OutcomeKind.REVISION),
    ],
)
def test_less_of_an_article_never_replaces_more(
    its: Article, stored: Extent, kind: OutcomeKind
) -> None:
    before = known(hashes=frozenset({"older"}), extent=stored)
    verdict = identify(its, print_of(its.text), before, RULES)
    assert (verdict.kind, verdict.extent) == (kind, its.extent)
    assert (verdict.revision, verdict.cluster_id) == (2 + (kind is OutcomeKind.REVISION), OLD)
    assert (verdict.signal == "less-text") == (kind is OutcomeKind.UNCHANGED)
    assert recheck_under_lock(verdict, "unseen", before) == verdict
    assert identity_after(before, verdict, print_of(its.text)).extent is max(its.extent, stored)


def test_less_that_an_alias_leads_to_replaces_nothing_either() -> None:
    teaser = replace(TEASER, text=STORY[:200], words=30)
    before = known(article_id=OLD, extent=Extent.TEXT)
    verdict = identify(teaser, print_of(STORY[:200]), before, RULES)
    assert (verdict.kind, verdict.signal, verdict.article_id) == (
        OutcomeKind.UNCHANGED,
        "less-text",
        OLD,
    )


@pytest.mark.parametrize(
    "kind", [OutcomeKind.NEW, OutcomeKind.DUPLICATE, OutcomeKind.VARIANT, OutcomeKind.REVISION]
)
def test_less_that_comes_second_in_a_race_is_unchanged(kind: OutcomeKind) -> None:
    mine = new(kind=kind, extent=Extent.TEASER, rival="x", scores={"containment": 1.0})
    verdict = recheck_under_lock(mine, "unseen", known(extent=Extent.TEXT))
    assert (verdict.kind, verdict.signal, verdict.revision) == (
        OutcomeKind.UNCHANGED,
        "less-text",
        2,
    )
    assert (verdict.rival, verdict.scores) == ("", {})


def test_less_is_more_than_what_was_there_before_where_that_was_less_still() -> None:
    stale = identify(TEASER, print_of(TEASER.text), known(extent=Extent.TEXT), RULES)
    assert (
        recheck_under_lock(stale, "unseen", known(extent=Extent.TITLE)) == stale
    )  # the store numbers it


def test_what_is_stored_may_be_less_when_it_is_cleaned_again() -> None:
    before = known(hashes=frozenset({"older"}), extent=Extent.TEXT)
    verdict = identify(TEASER, print_of(TEASER.text), before, RULES, reprocessed=True)
    assert (verdict.kind, verdict.signal) == (OutcomeKind.REVISION, "cleaned-again")
    assert recheck_under_lock(verdict, "unseen", before).kind is OutcomeKind.REVISION
    revised_meanwhile = known(hashes=frozenset({"older"}), extent=Extent.TEXT, revision=3)
    assert recheck_under_lock(verdict, "unseen", revised_meanwhile).kind is OutcomeKind.UNCHANGED


verdicts = st.builds(
    new,
    kind=st.sampled_from(
        [OutcomeKind.NEW, OutcomeKind.DUPLICATE, OutcomeKind.VARIANT, OutcomeKind.REVISION]
    ),
    extent=st.sampled_from(Extent),
)
knowns = st.none() | st.builds(
    known,
    revision=st.integers(0, 5),
    hashes=st.frozensets(st.sampled_from(["a", "b", "c"])),
    cluster_id=st.sampled_from(["x", "y"]),
    extent=st.sampled_from(Extent),
)


@settings(deadline=None)
@given(verdicts, st.sampled_from(["a", "b"]), knowns)
def test_judging_twice_is_judging_once(
    verdict: Verdict, content_hash: str, under_lock: StoredIdentity | None
) -> None:
    once = recheck_under_lock(verdict, content_hash, under_lock)
    assert recheck_under_lock(once, content_hash, under_lock) == once


@settings(deadline=None)
@given(verdicts, st.sampled_from(["a", "b"]), knowns)
def test_content_is_never_written_twice(
    verdict: Verdict, content_hash: str, under_lock: StoredIdentity | None
) -> None:
    judged = recheck_under_lock(verdict, content_hash, under_lock)
    if under_lock and under_lock.revision:
        unchanged = content_hash in under_lock.hashes or verdict.extent < under_lock.extent
        assert (judged.kind is OutcomeKind.UNCHANGED) == unchanged
        assert judged.revision == under_lock.revision + (not unchanged)
