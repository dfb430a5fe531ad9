"""What one text is to another, as tables; symmetry as a property."""

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
    invented,
    print_of,
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


def same_kind(mine: Fingerprint, rival: Fingerprint) -> Match | None:
    """What `mine` is to the rival, checked against what the rival is to it."""
    swapped = {"contained": "extended", "extended": "contained"}
    like, other = compare(mine, rival, RULES), compare(rival, mine, RULES)
    if like is None or other is None:
        assert like == other
        return like
    assert (like.kind, like.scores, like.thresholds) == (other.kind, other.scores, other.thresholds)
    assert like.signal == swapped.get(other.signal, other.signal)
    return like


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
    like = same_kind(print_of(text, title), print_of(STORY))
    assert like is not None
    assert (like.kind, like.signal) == (OutcomeKind.DUPLICATE, signal)


@pytest.mark.parametrize(
    ("text", "title", "signal"),
    [
        pytest.param(FIGURES, TITLE, "series", id="the same text, other figures"),
        pytest.param(FIGURES, "North Sea braces for Ida", "series", id="other headline too"),
        pytest.param(BRIEF.replace("2", "5"), TITLE, "series", id="short, one other figure"),
        pytest.param(PARAGRAPHS[5], OTHER_TITLE, "template", id="short, from the middle"),
    ],
)
def test_the_same_words_with_another_sense_are_variants(text: str, title: str, signal: str) -> None:
    like = same_kind(print_of(text, title), print_of(STORY))
    assert like is not None
    assert (like.kind, like.signal) == (OutcomeKind.VARIANT, signal)


def test_a_shared_background_is_a_template() -> None:
    background = "\n\n".join(PARAGRAPHS[1:5])
    mine = print_of(f"{OTHER}\n\n{background}", OTHER_TITLE)
    rival = print_of(f"{invented(5, words=90)}\n\n{background}", "Mapolo verter sunka")
    like = same_kind(mine, rival)
    assert like is not None
    assert (like.kind, like.signal) == (OutcomeKind.VARIANT, "template")


def test_issues_of_two_borrowers_are_no_copies() -> None:
    mine, rival = (ISSUE.format(**issue) for issue in ISSUES)
    like = same_kind(
        print_of(mine, "Elektra issues Australian dollar bond"),
        print_of(rival, "Hanse Bank issues 75 million bond"),
    )
    assert like is None or like.kind is OutcomeKind.VARIANT


@pytest.mark.parametrize(
    ("mine", "rival"),
    [
        pytest.param(print_of(STORY), print_of(OTHER, OTHER_TITLE), id="two stories"),
        pytest.param(print_of(STORY), print_of(OTHER, TITLE), id="only the title is shared"),
        pytest.param(print_of(CHINESE), print_of(CHINESE_OTHER), id="two Chinese stories"),
        pytest.param(print_of(SUNNY), print_of(SUNNY, days=1), id="tiny, next day"),
        pytest.param(print_of(SUNNY), print_of(SUNNY, "Lisbon"), id="tiny, another title"),
        pytest.param(print_of(SUNNY, days=None), print_of(SUNNY, days=None), id="tiny, undated"),
        pytest.param(print_of(SUNNY), print_of(f"{SUNNY} again"), id="tiny, one word more"),
        pytest.param(print_of(""), print_of(STORY), id="nothing against something"),
    ],
)
def test_what_is_not_alike_is_nothing(mine: Fingerprint, rival: Fingerprint) -> None:
    assert same_kind(mine, rival) is None


@pytest.mark.parametrize(
    ("days", "kind"),
    [(0, OutcomeKind.DUPLICATE), (3, OutcomeKind.DUPLICATE), (4, OutcomeKind.VARIANT)],
)
def test_a_short_text_that_comes_again_later_is_the_next_of_a_series(
    days: int, kind: OutcomeKind
) -> None:
    again, reworded = print_of(SHORT, RATES, days), print_of(SHORT + " in Oslo", RATES, days)
    for mine in (again, reworded):
        like = same_kind(mine, print_of(SHORT, RATES))
        assert like is not None
        assert like.kind is kind


@pytest.mark.parametrize(
    ("text", "days", "kind"),
    [
        pytest.param(LIGHT, 20, OutcomeKind.DUPLICATE, id="a reprint"),
        pytest.param(REWRITTEN, 1, OutcomeKind.DUPLICATE, id="rewritten at once"),
        pytest.param(REWRITTEN, 20, OutcomeKind.VARIANT, id="rewritten weeks later"),
    ],
)
def test_a_long_text_may_come_again_later_but_not_rewritten(
    text: str, days: int, kind: OutcomeKind
) -> None:
    like = same_kind(print_of(text, days=days), print_of(STORY))
    assert like is not None
    assert like.kind is kind


def test_tiny_texts_are_copies_on_the_same_day() -> None:
    like = same_kind(print_of(SUNNY), print_of(SUNNY.upper()))
    assert like is not None
    assert (like.kind, like.signal) == (OutcomeKind.DUPLICATE, "exact")


def test_a_short_text_without_a_title_has_to_be_all_there() -> None:
    longer = same_kind(print_of(SHORT + " in Oslo", ""), print_of(SHORT, ""))
    assert longer is not None
    assert longer.kind is OutcomeKind.DUPLICATE
    reworded = same_kind(print_of(BRIEF.replace("Friday evening", "Sunday"), ""), print_of(BRIEF))
    assert reworded is not None
    assert (reworded.kind, reworded.signal) == (OutcomeKind.VARIANT, "template")


def test_a_chinese_copy_is_found() -> None:
    edited = CHINESE.replace("港务局表示,", "").replace("周五晚间", "星期五晚上")
    like = same_kind(print_of(edited, "风暴逼近鹿特丹"), print_of(CHINESE, "鹿特丹港关闸"))
    assert like is not None
    assert (like.kind, like.signal) == (OutcomeKind.DUPLICATE, "near")


def test_a_part_is_found_in_a_sampled_text() -> None:
    book = invented(6, words=6000)
    part = " ".join(book.split()[2000:3500])
    like = same_kind(print_of(part), print_of(book))
    assert like is not None
    assert like.signal == "contained"
    assert like.scores["containment"] == 1


def test_fingerprints_of_other_rules_are_not_compared() -> None:
    mine = print_of(LIGHT)
    assert compare(replace(mine, version="0"), print_of(STORY), RULES) is None


def test_a_likeness_shows_scores_and_thresholds() -> None:
    like = compare(print_of(LIGHT), print_of(STORY, days=1), RULES)
    assert like is not None
    assert set(like.scores) == {"containment", "numbers", "about", "opening", "days"}
    assert like.thresholds["containment"] == RULES.copies.containment
    assert like.strength == like.scores["containment"]


@pytest.mark.parametrize(
    ("mine", "rival", "about"),
    [
        pytest.param("Zoo gardens", "Palm gardens", 0.0, id="one word of two is there by chance"),
        pytest.param("Gardens", "Palm gardens", 1.0, id="one word is all there is"),
        pytest.param("Zoo gardens reopen", "Palm gardens reopen", 0.6667, id="two of three"),
    ],
)
def test_titles_are_about_each_other_by_more_than_one_word(
    mine: str, rival: str, about: float
) -> None:
    like = same_kind(print_of(LIGHT, mine), print_of(STORY, rival))
    assert like is not None
    assert like.scores["about"] == about


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(PARAGRAPHS + OTHER.split(". ")), max_size=8),
    st.lists(st.sampled_from(PARAGRAPHS + OTHER.split(". ")), max_size=8),
    st.sampled_from([0, 2, 9, None]),
    st.integers(0, 3),
)
def test_comparing_is_symmetric(
    mine: list[str], rival: list[str], days: int | None, edits: int
) -> None:
    words = " ".join(mine).split()
    Random(edits).shuffle(words[: edits * 5])
    same_kind(print_of(" ".join(words)), print_of(" ".join(rival), TITLE.lower(), days))


@settings(deadline=None)
@given(st.text(max_size=300), st.text(max_size=60))
def test_a_text_is_an_exact_copy_of_itself(text: str, title: str) -> None:
    like = compare(print_of(text, title), print_of(text, title), RULES)
    assert like is not None
    assert (like.kind, like.signal) == (OutcomeKind.DUPLICATE, "exact")
