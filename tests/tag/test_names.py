"""Mentions are resolved to names: full names, titles, aliases, acronyms."""

import pytest

from worker.tag.entities.entity_rules import EntityRules
from worker.tag.entities.mentions import (
    ORGANISATION,
    PERSON,
    PLACE,
    Mention,
    resolve,
    without_titles,
)
from worker.tag.tokens import Tokens

KINDS = {"P": PERSON, "O": ORGANISATION, "L": PLACE}


def names(text: str, *marked: str, **place_aliases: str) -> list[tuple[str, str, int]]:
    """`P:Joe Biden` is the next mention of Joe Biden, a person."""
    mentions, at = [], 0
    for mark in marked:
        kind, surface = mark.split(":")
        at = text.index(surface, at)
        mentions.append(Mention(at, at + len(surface), surface, KINDS[kind], 0.9, "crf"))
        at += len(surface)
    return [(n.name, n.kind, len(n.mentions)) for n in resolve(mentions, place_aliases, {}, text)]


def test_a_surname_is_joined_to_the_full_name_of_the_article() -> None:
    text = "Mr Biden spoke. Joe Biden left. Biden slept."
    assert names(text, "P:Biden", "P:Joe Biden", "P:Biden") == [("Joe Biden", PERSON, 3)]


def test_a_surname_taken_for_something_else_is_the_person_all_the_same() -> None:
    assert names("Vladimir Putin left Putin", "P:Vladimir Putin", "L:Putin") == [
        ("Vladimir Putin", PERSON, 2)
    ]


def test_a_surname_of_two_people_is_joined_to_neither_and_is_no_name_of_its_own() -> None:
    text = "George Bush met Barbara Bush. Bush smiled."
    resolved = names(text, "P:George Bush", "P:Barbara Bush", "P:Bush")
    assert sorted(resolved) == [("Barbara Bush", PERSON, 1), ("George Bush", PERSON, 1)]


def test_a_full_name_with_a_middle_name_does_not_make_the_surname_one_of_two_people() -> None:
    text = "Elijah Cummings died. Cummings was 68. Elijah Eugene Cummings was born in 1951."
    resolved = names(text, "P:Elijah Cummings", "P:Cummings", "P:Elijah Eugene Cummings")
    assert ("Elijah Cummings", PERSON, 2) in resolved


def test_a_name_without_its_first_name_is_joined_to_the_whole() -> None:
    text = "Afton Elaine Burton came. Elaine Burton left."
    resolved = names(text, "P:Afton Elaine Burton", "P:Elaine Burton")
    assert resolved == [("Afton Elaine Burton", PERSON, 2)]


def test_a_part_of_the_name_of_an_organisation_is_joined_to_the_whole_name() -> None:
    text = "The Washington Post asked the House of Representatives. The Post waits, the House too."
    resolved = names(text, "O:Washington Post", "O:House of Representatives", "O:Post", "O:House")
    assert sorted(resolved) == [
        ("House of Representatives", ORGANISATION, 2),
        ("Washington Post", ORGANISATION, 2),
    ]


def test_a_part_of_two_names_of_organisations_is_joined_to_neither() -> None:
    text = "The Supreme Court and the District Court met. The Court rose."
    resolved = names(text, "O:Supreme Court", "O:District Court", "O:Court")
    assert ("Court", ORGANISATION, 1) in resolved


def test_a_surname_with_a_particle_is_joined_at_the_begin_of_a_sentence_too() -> None:
    text = "Bill de Blasio left. De Blasio ran, and de Blasio lost."
    resolved = names(text, "P:Bill de Blasio", "P:De Blasio", "P:de Blasio")
    assert resolved == [("Bill de Blasio", PERSON, 3)]


def test_a_place_gets_the_name_of_the_gazetteer_and_a_person_does_not() -> None:
    resolved = names(
        "Kiev and Florence Kiev", "L:Kiev", "P:Florence", Kiev="Kyiv", Florence="Firenze"
    )
    assert resolved == [("Kyiv", PLACE, 1), ("Florence", PERSON, 1)]


def test_an_acronym_means_what_stood_before_it() -> None:
    text = "The World Health Organization (WHO) met. WHO left."
    assert names(text, "O:World Health Organization", "O:WHO", "O:WHO") == [
        ("World Health Organization", ORGANISATION, 3)
    ]


def test_one_surface_has_one_kind_by_majority() -> None:
    text = "Jordan, Jordan and Jordan"
    assert names(text, "L:Jordan", "P:Jordan", "L:Jordan") == [("Jordan", PLACE, 3)]


@pytest.mark.parametrize(
    ("surface", "name"),
    [("President Joe Biden", "Joe Biden"), ("Mrs. Li", "Li"), ("King", "King"), ("A\nB", "A B")],
)
def test_titles_are_no_part_of_a_name(surface: str, name: str) -> None:
    assert without_titles(surface) == name


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Biden’s U.S. trip.", ["Biden", "’s", "U.S.", "trip", ".", ""]),
        ("Mr. Al-Sisi, J. Doe", ["Mr.", "Al-Sisi", ",", "J.", "Doe", ""]),
        ("AT&T\nO'Neil_𝔸", ["AT&T", "", "O'Neil", "𝔸", ""]),
        (" A\n \n\tbee.\n", ["A", "", "", "bee", ".", ""]),
        ("a\0b\n\0", ["a", "b", "", ""]),
        ("", []),
    ],
)
def test_tokens_are_those_of_the_training_corpora(text: str, words: list[str]) -> None:
    tokens = Tokens(text)
    assert tokens.words == words
    first = range(len(words))
    surfaces = [text[start:end] for start, end in tokens.spans(first, [n + 1 for n in first])]
    assert surfaces == words


def test_an_alias_of_two_entities_is_refused() -> None:
    entity = {"name": "Apple", "kind": "organisation", "aliases": ["AAPL"]}
    with pytest.raises(ValueError, match="'AAPL' means both Apple and Apple Corps"):
        EntityRules.model_validate(
            {"version": "1", "entities": [entity, {**entity, "name": "Apple Corps"}]}
        )
