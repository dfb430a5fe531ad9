"""Names are corrected by the words in them and beside them."""

import sys
from time import process_time

import pytest

from tests.make import article
from tests.support.pipelines import CONFIG
from worker.tag.entities import entity_tags
from worker.tag.entities.mentions import ORGANISATION, PERSON, PLACE, Mention
from worker.tag.entities.name_surroundings import corrected


def mention(text: str, name: str, kind: str, method: str = "crf") -> Mention:
    start = text.index(name)
    return Mention(start, start + len(name), name, kind, 0.9, method)


@pytest.mark.parametrize(
    ("text", "name", "kind", "expected"),
    [
        ("She landed at Kalibo International Airport.", "Kalibo International Airport",
         ORGANISATION, PLACE),
        ("Ships wait in the Thames Estuary.", "Thames Estuary", ORGANISATION, PLACE),
        ("He was held at Marlow Prison.", "Marlow Prison", PERSON, PLACE),
        ("A study by Imperial College London says so.", "Imperial College London",
         PLACE, ORGANISATION),
        ("The Florida Highway Patrol closed the road.", "Florida Highway Patrol",
         PLACE, ORGANISATION),
        ("Airport is a novel by Hailey.", "Hailey", PERSON, PERSON),
        ("She lives in Bridgeport.", "Bridgeport", PLACE, PLACE),
        ("Snow fell on County Mayo.", "County Mayo", PERSON, PLACE),
        ("It seeks an office in Southern Poland.", "Southern Poland", ORGANISATION, PLACE),
        ("Ships cross the Gulf of Oman.", "Gulf of Oman", ORGANISATION, PLACE),
        ("The North Atlantic Treaty Organization met.", "North Atlantic Treaty Organization",
         ORGANISATION, ORGANISATION),
        ("They met at the Mesquite Convention Center.", "Mesquite Convention Center",
         ORGANISATION, PLACE),
    ],
)  # fmt: skip
def test_the_last_word_of_a_name_shows_its_kind(
    text: str, name: str, kind: str, expected: str
) -> None:
    assert [m.kind for m in corrected([mention(text, name, kind)], text)] == [expected]


@pytest.mark.parametrize(
    ("text", "name", "kind"),
    [
        ("Write to @JaneRoe about it.", "JaneRoe", PERSON),
        ("See pic.example.com/SpTLHBE for more.", "SpTLHBE", ORGANISATION),
        ("The shares (OTCBB:LNVGY) fell.", "OTCBB", ORGANISATION),
        ("The shares (OTCBB:LNVGY) fell.", "LNVGY", ORGANISATION),
        ("The stock MSFT.O rose.", "MSFT.O", ORGANISATION),
        ("A risk of age-related macular degeneration (AMD) remains.", "AMD", ORGANISATION),
        ("Food with genetically modified organisms (GMOs) and GMO feed.", "GMO feed"[:3],
         ORGANISATION),
        ("Typhoon Haiyan hit the coast.", "Typhoon Haiyan", PERSON),
        ("The holiday is Martin Luther King Jr. Day.", "Jr.", PERSON),
        ("Photo by Tim CookApple today.", "Tim CookApple", PERSON),
        ("It costs 30 US dollars there.", "US", PLACE),
        ("The African Export-Import Bank lends.", "Import Bank", ORGANISATION),
        ("The Syrian Observatory for Human Rights counts.", "Human Rights", ORGANISATION),
        ("A Boeing 737-800 jet crashed.", "Boeing", ORGANISATION),
        ("Europe won the Ryder Cup.", "Ryder", ORGANISATION),
        ("Hundreds of Australian police came.", "Australian police", ORGANISATION),
        ("She won the George Pólya Prize.", "George Pólya Prize", PERSON),
        ("He starred as Kevin McCallister in it.", "Kevin McCallister", PERSON),
        ("By the Automatic Identification System (AIS) and so on.", "AIS", ORGANISATION),
        ("They won gold at the Asian Games.", "Asian Games", ORGANISATION),
        ("In CCTV footage a man runs.", "CCTV", ORGANISATION),
        ("RT @harbour it is open", "RT", ORGANISATION),
        ("((WN)) What did you do?", "WN", ORGANISATION),
        ("The Post had earlier reported it.", "The Post", ORGANISATION),
        ("They live in Santa Caterina now.", "Santa Caterina", PERSON),
        ("The U.S.S. Grayback was lost.", "U.S.S. Grayback", PERSON),
        ("said Jim) Hedges of it", "Jim) Hedges", PERSON),
    ],
)  # fmt: skip
def test_what_is_no_name_is_left_out(text: str, name: str, kind: str) -> None:
    assert corrected([mention(text, name, kind)], text) == []


@pytest.mark.parametrize(
    ("text", "name", "kind"),
    [
        ("Chips of AMD sell well.", "AMD", ORGANISATION),
        ("Advanced Micro Devices (AMD) gained.", "AMD", ORGANISATION),
        ("Angus MacDonald spoke.", "Angus MacDonald", PERSON),
        ("Garret FitzGerald spoke.", "Garret FitzGerald", PERSON),
        ("He works for Goldman Sachs.", "Goldman Sachs", ORGANISATION),
        ("US troops left.", "US", PLACE),
        ("Time: NATO meets.", "NATO", ORGANISATION),
        ("Die CDU/CSU stimmt zu.", "CSU", ORGANISATION),
        ("Then La Toya Jackson sang.", "La Toya Jackson", PERSON),
        ("Photo: AFP/Getty Images.", "Getty Images", ORGANISATION),
    ],
)
def test_names_with_similar_surroundings_stay(text: str, name: str, kind: str) -> None:
    found = mention(text, name, kind)
    assert corrected([found], text) == [found]


@pytest.mark.parametrize(
    ("text", "name", "whole"),
    [
        ("She told NBC News so.", "NBC", "NBC News"),
        ("It ran on BBC Radio 1 first.", "BBC", "BBC Radio 1"),
        ("Amazon Web Services knows.", "Amazon Web", "Amazon Web Services"),
        ("The Tunisian League for the Defence of Human Rights said so.", "Tunisian League",
         "Tunisian League for the Defence of Human Rights"),
        ("Rings of Tiffany & sell.", "Tiffany &", "Tiffany"),
        ("The Labour Council of the city met.", "Labour Council", "Labour Council"),
        ("The Chinese University of Hong Kong is shut.", "Chinese University",
         "Chinese University of Hong Kong"),
        ("At the University of California, San Diego it", "University of California",
         "University of California, San Diego"),
        ("The University of Oslo, Norway says", "University of Oslo", "University of Oslo"),
        ("the Office of Naval Research paid", "Naval Research", "Office of Naval Research"),
        ("the Bill and Melinda Gates Foundation gave", "Melinda Gates Foundation",
         "Bill and Melinda Gates Foundation"),
        ("He and Wellcome Trust agree", "Wellcome Trust", "Wellcome Trust"),
    ],
)  # fmt: skip
def test_half_a_name_becomes_the_whole(text: str, name: str, whole: str) -> None:
    assert [m.surface for m in corrected([mention(text, name, ORGANISATION)], text)] == [whole]


def test_a_court_is_called_by_the_place_before_it() -> None:
    text = "Then the Ontario Superior Court ruled, and London High Court too."
    found = [mention(text, "Ontario", PLACE), mention(text, "Superior Court", ORGANISATION)]
    assert [m.surface for m in corrected(found, text)] == ["Ontario Superior Court"]


def test_a_bracket_that_is_not_closed_ends_a_name() -> None:
    text = "In Washington (D.C.) it rained."
    assert corrected([mention(text, "Washington (D.C.", PLACE)], text)[0].surface == "Washington"


def test_a_name_inside_a_completed_one_goes() -> None:
    text = "The Tunisian League for the Defence of Human Rights said so."
    names = [mention(text, n, ORGANISATION) for n in ("Tunisian League", "Defence of Human Rights")]
    assert len(corrected(names, text)) == 1


def test_many_completed_names_take_time_in_proportion() -> None:
    def steps(count: int) -> int:
        text = "NBC News met. " * count
        at = range(0, len(text), 14)
        names = [Mention(n, n + 3, "NBC", ORGANISATION, 0.9, "crf") for n in at]
        calls = 0

        def count_calls(*_: object) -> None:
            nonlocal calls
            calls += 1

        sys.setprofile(count_calls)
        try:
            corrected(names, text)
        finally:
            sys.setprofile(None)
        return calls

    assert steps(800) < 2.2 * steps(400)


def test_names_of_the_operator_stay_as_they_are() -> None:
    text = "Write to @Desk or NBC News."
    own = [mention(text, name, ORGANISATION, "own") for name in ("Desk", "NBC")]
    assert corrected(own, text) == own


def test_the_state_in_the_name_of_a_group_is_no_place() -> None:
    text = "Fighters of the Islamic State of Iraq and Syria took the town, the army said."
    tags = entity_tags(article(text=text, language="en"), CONFIG.tagging.entities)
    assert "Islamic State" in [tag.label for tag in tags]
    assert not {"Iraq", "Syria"} & {tag.label for tag in tags}


def test_the_red_cross_is_not_the_committee_in_geneva() -> None:
    tags = entity_tags(
        article(text="The Red Cross brought tents to Dover.", language="en"),
        CONFIG.tagging.entities,
    )
    assert ("Red Cross", "wd:Q7178") in [(tag.label, tag.code) for tag in tags]


@pytest.mark.parametrize(
    ("text", "name", "kind", "whole"),
    [
        ("IS leader Abu Bakr al-Baghdadi is dead.", "Abu Bakr", PERSON, "Abu Bakr al-Baghdadi"),
        ("In came Ursula von der Leyen.", "Ursula", PERSON, "Ursula von der Leyen"),
        ("As Cumbria Sgt. Gill Cherry said.", "Cumbria Sgt. Gill Cherry", PERSON, "Gill Cherry"),
        ("We can, said Cummings, do it.", "said Cummings", PERSON, "Cummings"),
        ("In 2010 Julian Assange.Image by Roe", "Julian Assange.Image", PERSON, "Julian Assange"),
        ("said prosecutor Kama Melly QC in court", "Kama Melly QC", PERSON, "Kama Melly"),
        ('Craig "Gray Wolf" Hammond left.', 'Craig "Gray Wolf', PERSON,
         'Craig "Gray Wolf" Hammond'),
        ("The London-based Sunday Times wrote", "London-based Sunday Times", ORGANISATION,
         "Sunday Times"),
        ("an Aaron Sorkin-penned film", "Aaron Sorkin-penned", PERSON, "Aaron Sorkin"),
        ("Valéry Giscard d'Estaing died.", "Valéry Giscard", PERSON, "Valéry Giscard d'Estaing"),
        ("Fourteen-year-old Zoe ran.", "Fourteen-year-old Zoe", PERSON, "Zoe"),
        ("His mistake: Yang CYCLED there", "Yang CYCLED", PERSON, "Yang"),
        ("Report: Jane Roe ID’d by police", "Jane Roe ID’d", PERSON, "Jane Roe"),
        ("So said JOHN SMITH today", "JOHN SMITH", PERSON, "JOHN SMITH"),
        ("She paints as Vincent van Gogh did.", "Vincent van Gogh", PERSON, "Vincent van Gogh"),
        ("the National Union of Rail, Maritime and Transport Workers", "National Union of Rail",
         ORGANISATION, "National Union of Rail, Maritime and Transport Workers"),
        ("the Department of Emergency Services and Public Protection", "Department of Emergency "
         "Services", ORGANISATION, "Department of Emergency Services and Public Protection"),
        ("the Ministry of Defence, and nothing", "Ministry of Defence", ORGANISATION,
         "Ministry of Defence"),
    ],
)  # fmt: skip
def test_a_name_is_whole_and_has_no_word_too_many(
    text: str, name: str, kind: str, whole: str
) -> None:
    assert [(m.surface, m.kind) for m in corrected([mention(text, name, kind)], text)] == [
        (whole, kind)
    ]


def test_an_organisation_does_not_take_in_the_person_after_it() -> None:
    text = "The Ministry of Defence and President Emmanuel Macron agreed."
    found = [mention(text, "Ministry of Defence", ORGANISATION)]
    found.append(mention(text, "Emmanuel Macron", PERSON))
    assert corrected(found, text) == found


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("At Tamasese Meaole Hospital beds are free.", "Tamasese Meaole",
         [("Tamasese Meaole Hospital", ORGANISATION)]),
        ("Boats pass the Harald Sund Bridge.", "Harald Sund", [("Harald Sund Bridge", PLACE)]),
        ("The James Webb Space Telescope looks out.", "James Webb", []),
        ("James Webb. Telescopes cost much.", "James Webb", [("James Webb", PERSON)]),
        ("Hurricane Barry came on land; Barry was weak.", "Barry", []),
    ],
)  # fmt: skip
def test_what_is_named_after_a_person_is_no_person(
    text: str, name: str, expected: list[tuple[str, str]]
) -> None:
    found = corrected([mention(text, name, PERSON)], text)
    assert [(m.surface, m.kind) for m in found] == expected


@pytest.mark.parametrize("phrase", ["Aa ", "Bank of ", "Office of Naval Research "])
def test_a_name_without_end_is_none_and_takes_no_time(phrase: str) -> None:
    of = article(text=phrase * 6000)
    began = process_time()
    found = entity_tags(of, CONFIG.tagging.entities)
    assert process_time() - began < 3  # 6 to 40 s if parts of the name were compared
    assert not any(len(tag.label.split()) > 20 for tag in found)
