"""Topics and entities out of the box: what the shipped models say, with evidence."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.config.loader import load_config
from worker.model.records import Article, Tag
from worker.tag import Tagging, TopicRules, tag
from worker.tag.entities import EntityRules, entity_tags
from worker.tag.entities.entity_rules import Entity
from worker.tag.entities.name_model import shipped as entity_model
from worker.tag.topics.model_tags import merge_tags, model_topic_tags
from worker.tag.topics.topic_model import first_occurrences, words
from worker.tag.topics.topic_model import shipped as topic_model

SEED = Path(__file__).parents[2] / "seeds" / "01-putin-rejects-conditions.txt"
NOW = datetime(2026, 11, 22, tzinfo=UTC)


@cache
def tagging() -> Tagging:
    return load_config().tagging


def article(title: str = "", text: str = "", language: str = "en", **more: str) -> Article:
    return Article(source="wire", key="id:1", title=title, text=text, language=language, **more)


def seed() -> Article:
    title, _, text = SEED.read_text("utf-8").partition("\n")
    return article(title, text.strip())


def topic_rules(**changes: object) -> TopicRules:
    ordinary = {"version": "1", "model": True, "max_words": 5}
    return TopicRules.model_validate(ordinary | changes)


def by_label(tags: list[Tag] | tuple[Tag, ...]) -> dict[str, Tag]:
    return {each.label: each for each in tags}


def learned(of: Article, **changes: object) -> dict[str, Tag]:
    return by_label(model_topic_tags(of, topic_rules(**changes), tagging().taxonomy))


def surfaces_stand_where_they_say(tags: tuple[Tag, ...] | list[Tag], of: Article) -> bool:
    return all(
        getattr(of, span.field)[span.start : span.end] == span.surface
        for each in tags
        for span in each.spans
        if span.field != "category"
    )


def test_the_first_seed_gets_its_topics_people_and_places_each_with_evidence() -> None:
    tags = tag(seed(), tagging(), NOW)
    wanted = {
        "taxonomy": {"conflict, war and peace", "politics"},
        "person": {
            "Vladimir Putin",
            "Joe Biden",
            "Dmitry Peskov",
            "Olaf Scholz",
            "Emmanuel Macron",
        },
        "place": {"Ukraine", "Moscow", "Kyiv"},
    }
    for scheme, labels in wanted.items():
        found = by_label([each for each in tags if each.scheme == scheme])
        assert labels <= found.keys()
        assert all(found[label].spans and found[label].version for label in labels)
    assert surfaces_stand_where_they_say(tags, seed())


def test_every_mention_of_a_surname_belongs_to_the_full_name() -> None:
    biden = by_label(tag(seed(), tagging(), NOW))["Joe Biden"]
    assert "title" in {span.field for span in biden.spans}
    assert {span.surface for span in biden.spans} == {"Joe Biden", "Biden"}


def test_kiev_and_kyiv_are_one_place() -> None:
    kyiv = by_label(tag(seed(), tagging(), NOW))["Kyiv"]
    assert {span.surface for span in kyiv.spans} == {"Kiev", "Kyiv"}


def test_a_topic_says_how_likely_it_is_and_which_words_spoke_for_it() -> None:
    of = article("Striker scores twice", "The club won the cup final after extra time.")
    sport = learned(of)["sport"]
    assert sport.method == "model"
    assert 0.5 < sport.score <= 1
    assert {span.surface for span in sport.spans} & {"Striker", "cup", "club"}
    assert surfaces_stand_where_they_say([sport], of)


def test_what_stands_first_says_more_than_what_stands_last() -> None:
    sport = "The striker scored twice and the club won the cup final after extra time. " * 6
    court = "The judge sentenced the man to nine years in prison for the murder of a clerk. " * 6
    first, last = (learned(article(text=text)) for text in (sport + court, court + sport))
    assert next(iter(first)) == "sport"
    assert next(iter(last)) == "crime, law and justice"


@pytest.mark.parametrize("text", ["", "zzz qqq", "1234 5678"])
def test_a_text_that_says_nothing_has_no_topic(text: str) -> None:
    assert learned(article(text=text)) == {}


@pytest.mark.parametrize("language", ["de", "und", "zh"])
def test_in_other_languages_the_models_are_silent(language: str) -> None:
    of = replace(seed(), language=language)
    rules = EntityRules(version="1")
    assert learned(of) == {}
    assert entity_tags(of, rules) == []


def test_own_entities_are_found_in_any_language_and_in_their_own_case() -> None:
    own = Entity(name="Deutsche Bahn", kind="organisation", aliases=("DB",))
    rules = EntityRules(version="1", entities=(own,))
    found = entity_tags(article("Die DB streikt", "Deutsche Bahn und db", "de"), rules)
    assert [(t.label, t.scheme, t.method, len(t.spans)) for t in found] == [
        ("Deutsche Bahn", "organisation", "own", 2)
    ]


def test_thresholds_and_classes_are_the_operators() -> None:
    of = article("Striker scores twice", "The club won the cup final after extra time.")
    assert "sport" not in learned(of, leave_out=["medtop:15000000"])
    assert "sport" not in learned(of, thresholds={"medtop:15000000": 1.0})
    assert learned(of, model=False) == {}


def test_rule_and_model_make_one_tag_with_the_evidence_of_both() -> None:
    rule = Tag(scheme="taxonomy", code="c", label="C", score=0.6, rule="c/en", version="r1")
    model = Tag(scheme="taxonomy", code="c", label="C", score=0.5, method="model", version="m1")
    other = replace(model, code="d")
    both, alone = merge_tags([rule], [model, other])
    assert (both.score, both.method, both.rule, both.version) == (
        0.8,
        "rule+model",
        "c/en",
        "r1 m1",
    )
    assert alone == other


def test_in_a_title_in_capitals_only_what_the_text_names_is_a_name() -> None:
    of = article("Angela Merkel Says Things Will Get Better", "Angela Merkel spoke in Berlin.")
    found = by_label(entity_tags(of, EntityRules(version="1")))
    assert found.keys() == {"Angela Merkel", "Berlin"}
    assert len(found["Angela Merkel"].spans) == 2


def test_a_letter_that_no_encoding_has_stops_no_tagging() -> None:
    text = "Joe \ud800Biden won the elec\udfffion. " * 20
    of = article("Joe Biden wins \ud800", text)
    assert "Joe Biden" in by_label(tag(of, tagging(), NOW))


def test_models_are_in_the_version_of_tagging() -> None:
    assert topic_model().version in tagging().version
    assert entity_model().version in tagging().version


@given(st.text(max_size=300), st.text(max_size=40))
def test_any_text_is_tagged_and_evidence_stands_where_it_says(text: str, title: str) -> None:
    of = article(title, text)
    rules = EntityRules(version="1", entities=(Entity(name="EU", kind="organisation"),))
    assert surfaces_stand_where_they_say(entity_tags(of, rules), of)
    assert surfaces_stand_where_they_say(list(learned(of).values()), of)


@given(st.text(max_size=100))
def test_words_are_where_they_are_said_to_be(text: str) -> None:
    for word, (start, end) in first_occurrences(text, set(words(text))).items():
        assert len(text[start:end]) == len(word)


def test_an_own_entry_inside_a_recognised_name_hides_neither() -> None:
    of = article("", "US President Joe Biden met the UN Security Council. Joe Biden left.")
    own = [
        Entity(name="United States", kind="place", aliases=("US",)),
        Entity(name="United Nations", kind="organisation", aliases=("UN",)),
    ]
    found = by_label(entity_tags(of, EntityRules(version="1", entities=tuple(own))))
    assert found.keys() >= {"United States", "Joe Biden", "UN Security Council", "United Nations"}
    assert {span.surface for span in found["Joe Biden"].spans} == {"Joe Biden"}
    assert surfaces_stand_where_they_say(list(found.values()), of)


def test_a_house_that_stands_for_a_government_is_an_organisation() -> None:
    found = by_label(tag(seed(), tagging(), NOW))
    assert found["Kremlin"].scheme == "organisation"
    assert "Kremlin" not in {span.surface for span in found["Dmitry Peskov"].spans}


def test_the_thorough_path_finds_the_same_people_and_says_so_in_the_version() -> None:
    fast, thorough = EntityRules(version="1"), EntityRules(version="1", path="thorough")
    found = by_label(entity_tags(seed(), thorough))
    assert found.keys() >= {"Vladimir Putin", "Joe Biden", "Dmitry Peskov", "Olaf Scholz"}
    assert surfaces_stand_where_they_say(list(found.values()), seed())
    assert fast.full_version != thorough.full_version
    assert {tag.version for tag in found.values()} == {thorough.full_version}
