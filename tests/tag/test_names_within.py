"""A name that is only a part of a longer one says less of what an article is about."""

import pytest

from tests.make import article
from tests.support.pipelines import CONFIG
from worker.tag.entities import entity_tags
from worker.tag.entities.mentions import ORGANISATION, PERSON, PLACE, Mention
from worker.tag.entities.names_within import with_parts_marked


def mention(text: str, name: str, kind: str) -> Mention:
    start = text.index(name)
    return Mention(start, start + len(name), name, kind, 0.9, "own")


@pytest.mark.parametrize(
    ("text", "name", "kind", "within"),
    [
        ("The 2012 Ohio gubernatorial election was close.", "Ohio", PLACE, True),
        ("He fought in the Vietnam War for years.", "Vietnam", PLACE, True),
        ("Before the EU referendum she resigned.", "EU", ORGANISATION, True),
        ("Boats left the Florida Keys early.", "Florida", PLACE, True),
        ("They slept at Cheap Hotel Rome for a week.", "Rome", PLACE, True),
        ("He met Ohio Governor Jane Roe.", "Ohio", PLACE, False),
        ("He flew to Ohio. Elections were near.", "Ohio", PLACE, False),
        ("Yesterday Rome was calm.", "Rome", PLACE, False),
        ("The EU Commission was silent.", "EU", ORGANISATION, False),
        ("The Vietnam War ended.", "Vietnam", PERSON, False),
    ],
)
def test_a_name_is_a_part_if_the_words_around_it_make_it_longer(
    text: str, name: str, kind: str, *, within: bool
) -> None:
    assert [m.within for m in with_parts_marked([mention(text, name, kind)], text)] == [within]


def test_a_name_inside_a_longer_mention_is_a_part_and_the_longer_one_is_none() -> None:
    text = "The Socialist Party of Great Britain met in London."
    names = [
        mention(text, "Great Britain", PLACE),
        mention(text, "Socialist Party of Great Britain", ORGANISATION),
        mention(text, "London", PLACE),
    ]
    marked = with_parts_marked(names, text)
    assert [(m.surface, m.within) for m in marked] == [
        ("Socialist Party of Great Britain", False),
        ("Great Britain", True),
        ("London", False),
    ]


def test_the_name_after_a_place_makes_it_no_part() -> None:
    text = "A summit with the President of France Emmanuel Macron."
    names = [mention(text, "France", PLACE), mention(text, "Emmanuel Macron", PERSON)]
    assert not any(m.within for m in with_parts_marked(names, text))


def test_a_place_that_only_names_an_election_is_shown_with_less_certainty() -> None:
    apart = article(text="Ships of the United Kingdom left the harbour on Monday.")
    part = article(text="He lost his seat in the 1997 United Kingdom general election.")
    scores = [
        {t.label: t.score for t in entity_tags(each, CONFIG.tagging.entities)}["United Kingdom"]
        for each in (apart, part)
    ]
    assert scores == [0.99, 0.8]
