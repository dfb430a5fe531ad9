"""Verdicts: identity is checked before similarity, and the verdict is rechecked under the lock."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import make
from tests.dedup.texts import OTHER, OTHER_TITLE, RULES, STORY, TITLE, fingerprint_of
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
FINGERPRINT = fingerprint_of(STORY)
EDITED = fingerprint_of(STORY.replace("two", "three"))
OLD = article_id_of("wire", "id:old")


def stored_identity(article: Article = ARTICLE, **changes: Any) -> StoredIdentity:
    ordinary = {
        "article_id": article.article_id,
        "hashes": frozenset({FINGERPRINT.content_hash, "older"}),
        "revision": 2,
        "cluster_id": OLD,
        "fingerprint": FINGERPRINT,
    }
    return StoredIdentity(**(ordinary | changes))


def new(**changes: Any) -> Verdict:
    return replace(identify(ARTICLE, FINGERPRINT, None, RULES), **changes)


def match_with(text: str, title: str = TITLE) -> Match:
    match = compare(FINGERPRINT, fingerprint_of(text, title), RULES)
    assert match is not None
    return match


COPY, LESSER_COPY = (
    match_with(STORY.replace("told", "said to")),
    match_with(STORY.replace("s", "z", 40)),
)
SERIES = match_with("".join("7" if c.isdigit() else c for c in STORY))


def test_an_unseen_article_is_new_and_its_own_cluster() -> None:
    verdict = identify(ARTICLE, FINGERPRINT, None, RULES)
    assert (verdict.kind, verdict.revision, verdict.signal) == (OutcomeKind.NEW, 1, "unseen")
    assert verdict.cluster_id == verdict.article_id == ARTICLE.article_id
    assert RULES.version in verdict.version


def test_an_article_withdrawn_before_it_arrived_is_new_when_it_arrives() -> None:
    empty = stored_identity(revision=0, hashes=frozenset())
    assert identify(ARTICLE, FINGERPRINT, empty, RULES).kind is OutcomeKind.NEW


@pytest.mark.parametrize(
    "hashes", [{FINGERPRINT.content_hash}, {"newest", FINGERPRINT.content_hash}]
)
def test_content_of_any_stored_revision_is_unchanged(hashes: set[str]) -> None:
    verdict = identify(ARTICLE, FINGERPRINT, stored_identity(hashes=frozenset(hashes)), RULES)
    assert (verdict.kind, verdict.revision, verdict.cluster_id) == (OutcomeKind.UNCHANGED, 2, OLD)


def test_other_content_under_the_same_key_is_the_next_revision() -> None:
    verdict = identify(ARTICLE, EDITED, stored_identity(), RULES)
    assert (verdict.kind, verdict.revision, verdict.signal) == (OutcomeKind.REVISION, 3, "key")
    assert verdict.cluster_id == OLD


def test_unrelated_content_under_the_same_key_is_a_new_article() -> None:
    article = replace(ARTICLE, opening_key="text:~1")
    verdict = identify(article, fingerprint_of(OTHER, OTHER_TITLE), stored_identity(), RULES)
    assert (verdict.kind, verdict.signal) == (OutcomeKind.NEW, "reused-id")
    assert verdict.rival == ARTICLE.article_id != verdict.article_id
    assert with_key(article, verdict).article_id == verdict.article_id
    assert verdict.scores == {"containment": 0.0, "title": 0.0}
    assert verdict.thresholds == {"containment": RULES.identity.stranger_containment}


@pytest.mark.parametrize(
    ("fingerprint", "stored"),
    [
        pytest.param(fingerprint_of(OTHER, TITLE), FINGERPRINT, id="the titles share a word"),
        pytest.param(fingerprint_of("More soon", "Soon"), FINGERPRINT, id="too short to tell"),
        pytest.param(fingerprint_of(OTHER, OTHER_TITLE), None, id="no fingerprint to compare"),
    ],
)
def test_content_that_may_be_related_is_an_ordinary_revision(
    fingerprint: Fingerprint, stored: Fingerprint | None
) -> None:
    verdict = identify(ARTICLE, fingerprint, stored_identity(fingerprint=stored), RULES)
    assert (verdict.kind, verdict.signal) == (OutcomeKind.REVISION, "key")


def test_an_alias_that_the_content_confirms_identifies_the_stored_article() -> None:
    verdict = identify(ARTICLE, EDITED, stored_identity(article_id=OLD), RULES)
    assert (verdict.kind, verdict.signal, verdict.article_id) == (
        OutcomeKind.REVISION,
        "alias",
        OLD,
    )


def test_equal_words_confirm_an_alias() -> None:
    tiny = fingerprint_of("No more news", "Soon")
    verdict = identify(ARTICLE, tiny, stored_identity(article_id=OLD, fingerprint=tiny), RULES)
    assert (verdict.signal, verdict.scores) == ("alias", {"containment": 1.0})


def test_unchanged_content_found_by_an_alias_is_unchanged() -> None:
    verdict = identify(ARTICLE, FINGERPRINT, stored_identity(article_id=OLD), RULES)
    assert (verdict.kind, verdict.article_id) == (OutcomeKind.UNCHANGED, OLD)


@pytest.mark.parametrize("before", [fingerprint_of(OTHER, OTHER_TITLE), None])
def test_an_alias_that_the_content_does_not_confirm_is_a_conflict(
    before: Fingerprint | None,
) -> None:
    verdict = identify(
        ARTICLE,
        FINGERPRINT,
        stored_identity(article_id=OLD, hashes=frozenset(), fingerprint=before),
        RULES,
    )
    assert (verdict.kind, verdict.signal, verdict.rival) == (OutcomeKind.NEW, "alias-conflict", OLD)
    assert verdict.article_id == verdict.cluster_id == ARTICLE.article_id
    assert verdict.scores == {"containment": 0.0}


def test_a_second_copy_in_a_batch_is_unchanged_and_an_edit_the_next_revision() -> None:
    first = identify(ARTICLE, FINGERPRINT, None, RULES)
    then = identity_after(None, first, FINGERPRINT)
    assert identify(ARTICLE, FINGERPRINT, then, RULES).kind is OutcomeKind.UNCHANGED
    edit = identify(ARTICLE, EDITED, then, RULES)
    assert (edit.kind, edit.revision) == (OutcomeKind.REVISION, 2)
    last = identity_after(then, edit, EDITED)
    assert last.hashes == {FINGERPRINT.content_hash, EDITED.content_hash}
    assert (last.revision, last.fingerprint) == (2, EDITED)


def test_an_unchanged_article_leaves_the_stored_identity_as_it_is() -> None:
    before = stored_identity()
    assert (
        identity_after(before, identify(ARTICLE, FINGERPRINT, before, RULES), FINGERPRINT) == before
    )


def test_after_an_alias_conflict_the_article_has_an_identity_of_its_own() -> None:
    before = stored_identity(article_id=OLD, hashes=frozenset(), fingerprint=None)
    verdict = identify(ARTICLE, FINGERPRINT, before, RULES)
    assert identity_after(before, verdict, FINGERPRINT).hashes == {FINGERPRINT.content_hash}


def test_a_copy_of_another_article_is_its_duplicate() -> None:
    matches = [("x", SERIES), ("y", LESSER_COPY), ("z", COPY)]
    verdict = resolve(new(), matches, "canonical", RULES)
    assert (verdict.kind, verdict.cluster_id) == (OutcomeKind.DUPLICATE, "canonical")
    assert (verdict.rival, verdict.signal, verdict.scores) == ("z", "near", COPY.scores)
    assert verdict.thresholds == COPY.thresholds


def test_a_duplicate_without_a_match_of_its_own_names_the_canonical_article() -> None:
    verdict = resolve(new(), [], "canonical", RULES)
    assert (verdict.kind, verdict.rival, verdict.signal) == (
        OutcomeKind.DUPLICATE,
        "canonical",
        "settled",
    )


def test_an_article_with_variants_only_is_a_variant_in_a_cluster_of_its_own() -> None:
    verdict = resolve(new(), [("x", SERIES)], ARTICLE.article_id, RULES)
    assert (verdict.kind, verdict.rival, verdict.signal) == (OutcomeKind.VARIANT, "x", "series")
    assert verdict.cluster_id == ARTICLE.article_id


@pytest.mark.parametrize("matches", [[], [("x", COPY)], [("x", COPY), ("y", SERIES)]])
def test_the_canonical_article_is_new_whatever_copies_it_has(
    matches: list[tuple[str, Match]],
) -> None:
    assert resolve(new(), matches, ARTICLE.article_id, RULES) == new()


@pytest.mark.parametrize("fingerprint", [FINGERPRINT, EDITED])
def test_the_verdict_of_a_stored_article_is_not_resolved_again(fingerprint: Fingerprint) -> None:
    verdict = identify(ARTICLE, fingerprint, stored_identity(), RULES)
    assert resolve(verdict, [("x", COPY)], "canonical", RULES) == verdict


@pytest.mark.parametrize("under_lock", [None, stored_identity(revision=0)])
def test_a_verdict_is_kept_if_no_other_worker_stored_the_article(
    under_lock: StoredIdentity | None,
) -> None:
    assert recheck_under_lock(new(), FINGERPRINT.content_hash, under_lock) == new()


@pytest.mark.parametrize("kind", [OutcomeKind.NEW, OutcomeKind.DUPLICATE, OutcomeKind.VARIANT])
def test_the_second_of_two_workers_writes_a_revision(kind: OutcomeKind) -> None:
    verdict = recheck_under_lock(new(kind=kind, rival="x"), "other content", stored_identity())
    assert (verdict.kind, verdict.revision, verdict.cluster_id) == (OutcomeKind.REVISION, 3, OLD)
    assert (verdict.signal, verdict.rival) == ("race", "")


def test_a_revision_has_the_number_after_the_newest_stored_one() -> None:
    verdict = identify(ARTICLE, EDITED, stored_identity(), RULES)
    later = recheck_under_lock(
        verdict, EDITED.content_hash, stored_identity(revision=6, cluster_id="moved")
    )
    assert (later.revision, later.cluster_id, later.signal) == (7, "moved", "key")


TITLE_ONLY = replace(ARTICLE, text="", words=0)
TEASER = replace(ARTICLE, text="Storm Ida nears.", flags=("no-page",), words=3)
SUMMARY = replace(TEASER, flags=("summary-only", "truncated"))


@pytest.mark.parametrize(
    ("article", "stored", "kind"),
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
def test_a_less_complete_article_never_replaces_a_more_complete_one(
    article: Article, stored: Extent, kind: OutcomeKind
) -> None:
    before = stored_identity(hashes=frozenset({"older"}), extent=stored)
    verdict = identify(article, fingerprint_of(article.text), before, RULES)
    assert (verdict.kind, verdict.extent) == (kind, article.extent)
    assert (verdict.revision, verdict.cluster_id) == (2 + (kind is OutcomeKind.REVISION), OLD)
    assert (verdict.signal == "less-text") == (kind is OutcomeKind.UNCHANGED)
    assert recheck_under_lock(verdict, "unseen", before) == verdict
    assert identity_after(before, verdict, fingerprint_of(article.text)).extent is max(
        article.extent, stored
    )


def test_a_teaser_found_by_an_alias_does_not_replace_a_complete_article() -> None:
    teaser = replace(TEASER, text=STORY[:200], words=30)
    before = stored_identity(article_id=OLD, extent=Extent.TEXT)
    verdict = identify(teaser, fingerprint_of(STORY[:200]), before, RULES)
    assert (verdict.kind, verdict.signal, verdict.article_id) == (
        OutcomeKind.UNCHANGED,
        "less-text",
        OLD,
    )


@pytest.mark.parametrize(
    "kind", [OutcomeKind.NEW, OutcomeKind.DUPLICATE, OutcomeKind.VARIANT, OutcomeKind.REVISION]
)
def test_a_less_complete_article_that_loses_a_race_is_unchanged(kind: OutcomeKind) -> None:
    teaser = new(kind=kind, extent=Extent.TEASER, rival="x", scores={"containment": 1.0})
    verdict = recheck_under_lock(teaser, "unseen", stored_identity(extent=Extent.TEXT))
    assert (verdict.kind, verdict.signal, verdict.revision) == (
        OutcomeKind.UNCHANGED,
        "less-text",
        2,
    )
    assert (verdict.rival, verdict.scores) == ("", {})


def test_a_stale_verdict_is_kept_when_it_is_rechecked_against_a_less_complete_article() -> None:
    stale = identify(
        TEASER, fingerprint_of(TEASER.text), stored_identity(extent=Extent.TEXT), RULES
    )
    # The verdict has no revision number of its own yet: the store assigns it.
    assert recheck_under_lock(stale, "unseen", stored_identity(extent=Extent.TITLE)) == stale


def test_reprocessing_a_stored_article_may_make_it_less_complete() -> None:
    before = stored_identity(hashes=frozenset({"older"}), extent=Extent.TEXT)
    verdict = identify(TEASER, fingerprint_of(TEASER.text), before, RULES, reprocessed=True)
    assert (verdict.kind, verdict.signal) == (OutcomeKind.REVISION, "cleaned-again")
    assert recheck_under_lock(verdict, "unseen", before).kind is OutcomeKind.REVISION
    revised_meanwhile = stored_identity(hashes=frozenset({"older"}), extent=Extent.TEXT, revision=3)
    assert recheck_under_lock(verdict, "unseen", revised_meanwhile).kind is OutcomeKind.UNCHANGED


verdicts = st.builds(
    new,
    kind=st.sampled_from(
        [OutcomeKind.NEW, OutcomeKind.DUPLICATE, OutcomeKind.VARIANT, OutcomeKind.REVISION]
    ),
    extent=st.sampled_from(Extent),
)
stored_identities = st.none() | st.builds(
    stored_identity,
    revision=st.integers(0, 5),
    hashes=st.frozensets(st.sampled_from(["a", "b", "c"])),
    cluster_id=st.sampled_from(["x", "y"]),
    extent=st.sampled_from(Extent),
)


@settings(deadline=None)
@given(verdicts, st.sampled_from(["a", "b"]), stored_identities)
def test_rechecking_a_verdict_twice_is_the_same_as_once(
    verdict: Verdict, content_hash: str, under_lock: StoredIdentity | None
) -> None:
    once = recheck_under_lock(verdict, content_hash, under_lock)
    assert recheck_under_lock(once, content_hash, under_lock) == once


@settings(deadline=None)
@given(verdicts, st.sampled_from(["a", "b"]), stored_identities)
def test_content_is_never_written_twice(
    verdict: Verdict, content_hash: str, under_lock: StoredIdentity | None
) -> None:
    judged = recheck_under_lock(verdict, content_hash, under_lock)
    if under_lock and under_lock.revision:
        unchanged = content_hash in under_lock.hashes or verdict.extent < under_lock.extent
        assert (judged.kind is OutcomeKind.UNCHANGED) == unchanged
        assert judged.revision == under_lock.revision + (not unchanged)
