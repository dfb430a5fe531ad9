"""Pairs of texts are duplicates, variants or unrelated, and comparing them is symmetric."""

import re
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dedup.texts import (
    CHINESE,
    CHINESE_OTHER,
    ISSUE,
    ISSUES,
    OTHER,
    OTHER_TITLE,
    PARAGRAPHS,
    RULES,
    STORY,
    TITLE,
    fingerprint_of,
    invented,
)
from worker.dedup import Match, compare
from worker.model.records import Fingerprint, OutcomeKind

LIGHT = STORY.replace("on Friday evening", "late on Friday").replace("told reporters", "said")
HEAVY = " ".join(w for n, w in enumerate(STORY.split()) if n % 9 or any(c.isdigit() for c in w))
REWRITTEN = " ".join(w for n, w in enumerate(STORY.split()) if n % 7 or any(c.isdigit() for c in w))
FIGURES = re.sub(r"\d+(\.\d+)?", lambda found: str(7 + 3 * len(found[0]) + found.start()), STORY)
BRIEF = PARAGRAPHS[0]
SUNNY = "Sunny and warm all day long"
SHORT = "The central bank of Norway left its key rate unchanged after a meeting of its board today"
RATES = "Norges bank leaves its key rate unchanged"


def symmetric_match(article: Fingerprint, candidate: Fingerprint) -> Match | None:
    """The match of two fingerprints, after a check that the reverse match agrees with it."""
    swapped = {"contained": "extended", "extended": "contained"}
    match, reverse = compare(article, candidate, RULES), compare(candidate, article, RULES)
    if match is None or reverse is None:
        assert match == reverse
        return match
    assert (match.kind, match.scores, match.thresholds) == (
        reverse.kind,
        reverse.scores,
        reverse.thresholds,
    )
    assert match.signal == swapped.get(reverse.signal, reverse.signal)
    return match


@pytest.mark.parametrize(
    ("text", "title", "signal"),
    [
        pytest.param(STORY, TITLE, "exact", id="identical"),
        pytest.param(STORY.replace('"', "“").upper(), TITLE, "exact", id="typography"),
        pytest.param(STORY, "North Sea braces for Ida", "exact", id="another headline"),
        pytest.param(LIGHT, TITLE, "near", id="light edit"),
        pytest.param(HEAVY, TITLE, "near", id="heavy edit"),
        pytest.param(LIGHT, "North Sea braces for the worst", "near", id="edit and headline"),
        pytest.param("\n\n".join(PARAGRAPHS[:3]), TITLE, "contained", id="truncated"),
        pytest.param("\n\n".join(PARAGRAPHS[3:]), "Dikes hold", "contained", id="only the end"),
        pytest.param(STORY + "\n\n" + OTHER, TITLE, "extended", id="extended"),
        pytest.param(OTHER + "\n\n" + STORY, OTHER_TITLE, "extended", id="spliced"),
        pytest.param(BRIEF, TITLE, "contained", id="a brief of the first paragraph"),
    ],
)
def test_copies_are_duplicates(text: str, title: str, signal: str) -> None:
    match = symmetric_match(fingerprint_of(text, title), fingerprint_of(STORY))
    assert match is not None
    assert (match.kind, match.signal) == (OutcomeKind.DUPLICATE, signal)


@pytest.mark.parametrize(
    ("text", "title", "signal"),
    [
        pytest.param(FIGURES, TITLE, "series", id="the same text, other figures"),
        pytest.param(FIGURES, "North Sea braces for Ida", "series", id="other headline too"),
        pytest.param(BRIEF.replace("2", "5"), TITLE, "series", id="short, one other figure"),
        pytest.param(PARAGRAPHS[5], OTHER_TITLE, "template", id="short, from the middle"),
    ],
)
def test_the_same_words_with_another_meaning_are_variants(
    text: str, title: str, signal: str
) -> None:
    match = symmetric_match(fingerprint_of(text, title), fingerprint_of(STORY))
    assert match is not None
    assert (match.kind, match.signal) == (OutcomeKind.VARIANT, signal)


def test_a_shared_background_is_a_template() -> None:
    background = "\n\n".join(PARAGRAPHS[1:5])
    article = fingerprint_of(f"{OTHER}\n\n{background}", OTHER_TITLE)
    candidate = fingerprint_of(f"{invented(5, words=90)}\n\n{background}", "Mapolo verter sunka")
    match = symmetric_match(article, candidate)
    assert match is not None
    assert (match.kind, match.signal) == (OutcomeKind.VARIANT, "template")


def test_reports_of_bonds_of_two_borrowers_are_no_copies() -> None:
    first, second = (ISSUE.format(**issue) for issue in ISSUES)
    match = symmetric_match(
        fingerprint_of(first, "Elektra issues Australian dollar bond"),
        fingerprint_of(second, "Hanse Bank issues 75 million bond"),
    )
    assert match is None or match.kind is OutcomeKind.VARIANT


@pytest.mark.parametrize(
    ("article", "candidate"),
    [
        pytest.param(fingerprint_of(STORY), fingerprint_of(OTHER, OTHER_TITLE), id="two stories"),
        pytest.param(
            fingerprint_of(STORY), fingerprint_of(OTHER, TITLE), id="only the title is shared"
        ),
        pytest.param(
            fingerprint_of(CHINESE), fingerprint_of(CHINESE_OTHER), id="two Chinese stories"
        ),
        pytest.param(fingerprint_of(SUNNY), fingerprint_of(SUNNY, days=1), id="tiny, next day"),
        pytest.param(
            fingerprint_of(SUNNY), fingerprint_of(SUNNY, "Lisbon"), id="tiny, another title"
        ),
        pytest.param(
            fingerprint_of(SUNNY, days=None), fingerprint_of(SUNNY, days=None), id="tiny, undated"
        ),
        pytest.param(
            fingerprint_of(SUNNY), fingerprint_of(f"{SUNNY} again"), id="tiny, one word more"
        ),
        pytest.param(fingerprint_of(""), fingerprint_of(STORY), id="an empty text"),
    ],
)
def test_unrelated_texts_have_no_match(article: Fingerprint, candidate: Fingerprint) -> None:
    assert symmetric_match(article, candidate) is None


@pytest.mark.parametrize(
    ("days", "kind"),
    [(0, OutcomeKind.DUPLICATE), (3, OutcomeKind.DUPLICATE), (4, OutcomeKind.VARIANT)],
)
def test_a_short_text_that_is_repeated_days_later_is_the_next_of_a_series(
    days: int, kind: OutcomeKind
) -> None:
    repeated, reworded = (
        fingerprint_of(SHORT, RATES, days),
        fingerprint_of(SHORT + " in Oslo", RATES, days),
    )
    for article in (repeated, reworded):
        match = symmetric_match(article, fingerprint_of(SHORT, RATES))
        assert match is not None
        assert match.kind is kind


@pytest.mark.parametrize(
    ("text", "days", "kind"),
    [
        pytest.param(LIGHT, 20, OutcomeKind.DUPLICATE, id="a reprint"),
        pytest.param(REWRITTEN, 1, OutcomeKind.DUPLICATE, id="rewritten at once"),
        pytest.param(REWRITTEN, 20, OutcomeKind.VARIANT, id="rewritten weeks later"),
    ],
)
def test_a_long_text_is_a_duplicate_weeks_later_unless_it_is_rewritten(
    text: str, days: int, kind: OutcomeKind
) -> None:
    match = symmetric_match(fingerprint_of(text, days=days), fingerprint_of(STORY))
    assert match is not None
    assert match.kind is kind


def test_tiny_texts_are_copies_on_the_same_day() -> None:
    match = symmetric_match(fingerprint_of(SUNNY), fingerprint_of(SUNNY.upper()))
    assert match is not None
    assert (match.kind, match.signal) == (OutcomeKind.DUPLICATE, "exact")


def test_a_short_text_without_a_title_is_a_duplicate_only_if_it_is_complete() -> None:
    longer = symmetric_match(fingerprint_of(SHORT + " in Oslo", ""), fingerprint_of(SHORT, ""))
    assert longer is not None
    assert longer.kind is OutcomeKind.DUPLICATE
    reworded = symmetric_match(
        fingerprint_of(BRIEF.replace("Friday evening", "Sunday"), ""), fingerprint_of(BRIEF)
    )
    assert reworded is not None
    assert (reworded.kind, reworded.signal) == (OutcomeKind.VARIANT, "template")


def test_a_chinese_copy_is_found() -> None:
    edited = CHINESE.replace("港务局表示,", "").replace("周五晚间", "星期五晚上")
    match = symmetric_match(
        fingerprint_of(edited, "风暴逼近鹿特丹"), fingerprint_of(CHINESE, "鹿特丹港关闸")
    )
    assert match is not None
    assert (match.kind, match.signal) == (OutcomeKind.DUPLICATE, "near")


def test_a_part_is_found_in_a_sampled_text() -> None:
    book = invented(6, words=6000)
    part = " ".join(book.split()[2000:3500])
    match = symmetric_match(fingerprint_of(part), fingerprint_of(book))
    assert match is not None
    assert match.signal == "contained"
    assert match.scores["containment"] == 1


def test_fingerprints_of_other_rules_are_not_compared() -> None:
    stale = fingerprint_of(LIGHT)
    assert compare(replace(stale, version="0"), fingerprint_of(STORY), RULES) is None


def test_a_match_has_its_scores_and_thresholds() -> None:
    match = compare(fingerprint_of(LIGHT), fingerprint_of(STORY, days=1), RULES)
    assert match is not None
    measured = {"containment", "numbers", "about", "opening", "days", "frame", "replaced"}
    assert set(match.scores) == measured
    assert match.thresholds["containment"] == RULES.copies.containment
    assert match.strength == match.scores["containment"]


@pytest.mark.parametrize(
    ("title", "candidate_title", "about"),
    [
        pytest.param("Zoo gardens", "Palm gardens", 0.0, id="one word of two counts as chance"),
        pytest.param("Gardens", "Palm gardens", 1.0, id="the only word of a title"),
        pytest.param("Zoo gardens reopen", "Palm gardens reopen", 0.6667, id="two of three"),
    ],
)
def test_titles_support_each_other_by_more_than_one_word(
    title: str, candidate_title: str, about: float
) -> None:
    match = symmetric_match(fingerprint_of(LIGHT, title), fingerprint_of(STORY, candidate_title))
    assert match is not None
    assert match.scores["about"] == about


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(PARAGRAPHS + OTHER.split(". ")), max_size=8),
    st.lists(st.sampled_from(PARAGRAPHS + OTHER.split(". ")), max_size=8),
    st.sampled_from([0, 2, 9, None]),
    st.integers(0, 3),
)
def test_comparing_is_symmetric(
    parts: list[str], candidate_parts: list[str], days: int | None, edits: int
) -> None:
    words = " ".join(parts).split()
    Random(edits).shuffle(words[: edits * 5])
    symmetric_match(
        fingerprint_of(" ".join(words)),
        fingerprint_of(" ".join(candidate_parts), TITLE.lower(), days),
    )


@settings(deadline=None)
@given(st.text(max_size=300), st.text(max_size=60))
def test_a_text_is_an_exact_copy_of_itself(text: str, title: str) -> None:
    match = compare(fingerprint_of(text, title), fingerprint_of(text, title), RULES)
    assert match is not None
    assert (match.kind, match.signal) == (OutcomeKind.DUPLICATE, "exact")


def test_texts_with_equally_many_runs_of_words_are_compared_alike_in_both_orders() -> None:
    short = fingerprint_of(PARAGRAPHS[0])
    longer = fingerprint_of(f"{PARAGRAPHS[1]}\n\n{PARAGRAPHS[0]}\n\n{PARAGRAPHS[0]}")
    assert len(short.shingles) == len(longer.shingles)
    assert symmetric_match(short, longer) is not None
