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


JOBS = (
    "{count} {jobs} are wanted by the town of {town}. Whoever is interested must apply by the end "
    "of the month. The town pays 2,900 a month for 39 hours a week, and a pension. "
    "Applicants send their papers through the portal of the town, with a photograph and copies of "
    "all certificates. Interviews are held in the town hall in the first week of the new year, and "
    "everybody is told within a fortnight whether he or she was chosen. Travel costs are not paid. "
    "Persons with a disability are preferred if their ability is equal. The list of those who "
    "were not chosen is kept for two years, in case that somebody leaves."
)


@pytest.mark.parametrize(
    ("title", "fields", "days", "copied"),
    [
        pytest.param(
            "Town of Alderam seeks 31", ("31", "gardeners and two foresters"), 2, False, id="others"
        ),
        pytest.param(
            "Town of Alderam seeks 31", ("31", "police officers"), 2, True, id="corrected"
        ),
        pytest.param(
            "Town of Alderam seeks twelve", ("Twelve", "police men"), 2, True, id="spelled"
        ),
        pytest.param(
            "Town of Alderam seeks 31", ("31", "gardeners and two foresters"), 0, True, id="one day"
        ),
    ],
)
def test_titles_with_other_numbers_are_two_reports_if_other_words_were_filled_in(
    title: str, fields: tuple[str, str], days: int, *, copied: bool
) -> None:
    first = fingerprint_of(
        JOBS.format(count="12", jobs="police officers", town="Alderam"), "Town of Alderam seeks 12"
    )
    count, jobs = fields
    other = fingerprint_of(JOBS.format(count=count, jobs=jobs, town="Alderam"), title, days)
    match = compare(other, first, RULES)
    assert match is not None
    assert (match.kind is OutcomeKind.DUPLICATE) == copied


NOTICE = (
    "{name}, {age}, died on Monday at home among friends. {name} was born in {year} and worked for "
    "{years} years at {work}. Friends may call from four to seven on Thursday at the house of "
    "Miller and Sons. The service follows at ten on Friday in the chapel, and burial will be in "
    "the old cemetery by the river. Instead of flowers the family asks for gifts to the hospice of "
    "the county, which has cared for people of the valley since 1961. Words for the family may "
    "be left on the page of the house, which has served the valley for four generations."
)
WENZEL = NOTICE.format(name="Harold Wenzel", age=88, year=1938, years=41, work="the paper mill")
LEAD = (
    "Whoever bought a ticket in the last 25 years, or in the 16 before, knew that laugh. Our town "
    "says goodbye to its Harold, who never missed a day at the gate and knew us all by name."
)


@pytest.mark.parametrize(
    ("title", "text", "copied"),
    [
        pytest.param(
            "Marian Kopp, 79",
            NOTICE.format(name="Marian Kopp", age=79, year=1947, years=33, work="the library"),
            False,
            id="another person",
        ),
        pytest.param(
            "Goodbye to the man at the gate",
            f"{LEAD} {WENZEL.partition('. ')[2]}",
            True,
            id="lead with figures",
        ),
        pytest.param("Mill worker is mourned", WENZEL, True, id="another title"),
    ],
)
def test_a_form_with_another_name_and_other_figures_is_another_report(
    title: str, text: str, *, copied: bool
) -> None:
    first = fingerprint_of(WENZEL, "Harold Wenzel, 88")
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


@pytest.mark.parametrize("algorithm", ["3", "4"])
def test_fingerprints_of_the_versions_before_are_compared(algorithm: str) -> None:
    today = fingerprint_of(STORY)
    digest = today.version.partition(".")[2]
    stored = replace(today, version=f"{algorithm}.{digest}")
    edited = fingerprint_of(STORY.replace("on Friday evening", "late on Friday"))
    match = compare(edited, stored, RULES)
    assert match is not None
    assert match.kind is OutcomeKind.DUPLICATE
    assert compare(edited, replace(today, version=f"2.{digest}"), RULES) is None
