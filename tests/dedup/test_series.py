"""Issues of automated series stay apart, and copies of agency texts are found."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from tests.dedup.corpus import Copy, Series, copies, reprinted, series
from tests.dedup.texts import PARAGRAPHS, RULES, STORY, TITLE, fingerprint_of
from worker.dedup import compare, fingerprint
from worker.model.records import Article, OutcomeKind


def is_copy(article: Article, other: Article) -> bool:
    match = compare(fingerprint(article, RULES), fingerprint(other, RULES), RULES)
    return match is not None and match.kind is OutcomeKind.DUPLICATE


def named(entries: Iterable[Series | Copy]) -> list[object]:
    return [pytest.param(entry, id=entry.name) for entry in entries]


@pytest.mark.parametrize("entry", named(series()))
def test_no_issue_of_a_series_is_a_copy_of_another(entry: Series) -> None:
    pairs = [(a, b) for n, a in enumerate(entry.issues) for b in entry.issues[:n]]
    assert not any(is_copy(a, b) for a, b in pairs)


@pytest.mark.parametrize("entry", named(copies()))
def test_a_text_that_another_paper_edited_is_a_copy(entry: Copy) -> None:
    assert is_copy(entry.copy, entry.original)


def test_an_issue_of_a_series_in_another_paper_is_a_copy() -> None:
    missed = [entry.name for entry in reprinted() if not is_copy(entry.copy, entry.original)]
    assert not missed


FORM = (
    "The bridge at {town} is closed from Monday, the council said. {who} asked drivers to take the "
    "road by the mill. Workers renew the deck, the rails and both bearings, which were built when "
    "the valley had a railway. Buses stop at the school instead of the market, and pupils have "
    "to leave home ten minutes earlier. The council has set up a line for questions, and publishes "
    "the state of the work each week on its page. Lorries have to use the motorway until the end "
    "of the work, because the road by the mill is narrow."
)
LUND, MOS = "Mayor Ada Lund", "Engineer Piet Mos"


@pytest.mark.parametrize(
    ("title", "text", "copied"),
    [
        pytest.param(
            "Bridge at Brede closes", FORM.format(town="Brede", who=MOS), False, id="town"
        ),
        pytest.param(
            "Bridge at Alderham closes", FORM.format(town="Alderham", who=LUND), True, id="spelling"
        ),
        pytest.param(
            "Drivers face a detour",
            FORM.format(town="Alderam", who=MOS),
            True,
            id="other headline",
        ),
    ],
)
def test_announcements_are_two_if_their_titles_name_two_subjects(
    title: str, text: str, copied: bool
) -> None:
    first = fingerprint_of(FORM.format(town="Alderam", who=LUND), "Bridge at Alderam closes")
    match = compare(fingerprint_of(text, title), first, RULES)
    assert match is not None
    assert (match.kind is OutcomeKind.DUPLICATE) == copied


@pytest.mark.parametrize(("days", "kind"), [(0, OutcomeKind.DUPLICATE), (1, OutcomeKind.VARIANT)])
def test_a_new_opening_under_the_same_title_is_another_issue_a_day_later(
    days: int, kind: OutcomeKind
) -> None:
    frame = FORM.format(town="Alderam", who=LUND)
    first, second = (
        f"{opening}\n\n{frame}"
        for opening in (
            "A calm day waits for you, and a friend brings news that you had long hoped for. Stay "
            "at home tonight and think about what you really want from the coming month.",
            "Money comes and goes: lend nothing today. A walk clears your head before that talk "
            "with your neighbour, who means well and will thank you for an honest word.",
        )
    )
    match = compare(
        fingerprint_of(second, "Daily page", days), fingerprint_of(first, "Daily page"), RULES
    )
    assert match is not None
    assert match.kind is kind


def test_a_body_is_found_under_another_title_and_lead() -> None:
    lead = (
        "Our reporter spent the night on the quay with a thermos and a wet notebook, among people "
        "who had come to watch the water rise and who did not want to go home before dawn came."
    )
    own = fingerprint_of("\n\n".join([lead, *PARAGRAPHS[1:]]), "A night by the water")
    match = compare(own, fingerprint_of(STORY, TITLE), RULES)
    assert match is not None
    assert match.kind is OutcomeKind.DUPLICATE


def test_fingerprints_of_the_version_before_are_compared() -> None:
    today = fingerprint_of(STORY)
    digest = today.version.partition(".")[2]
    stored = replace(today, version=f"3.{digest}")
    edited = fingerprint_of(STORY.replace("on Friday evening", "late on Friday"))
    match = compare(edited, stored, RULES)
    assert match is not None
    assert match.kind is OutcomeKind.DUPLICATE
    assert compare(edited, replace(today, version=f"2.{digest}"), RULES) is None
