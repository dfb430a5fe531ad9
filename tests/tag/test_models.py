"""Topics and entities of the shipped models, with evidence."""

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
from worker.tag.tokens import Tokens
from worker.tag.topics.function_words import function_words
from worker.tag.topics.model_tags import merge_tags, model_topic_tags
from worker.tag.topics.topic_model import shipped as topic_model
from worker.tag.topics.topic_words import first_occurrences, words

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
    return {tag_.label: tag_ for tag_ in tags}


def learned(of: Article, **changes: object) -> dict[str, Tag]:
    return by_label(model_topic_tags(of, topic_rules(**changes), tagging().taxonomy))


def surfaces_match_their_spans(tags: tuple[Tag, ...] | list[Tag], of: Article) -> bool:
    return all(
        getattr(of, span.field)[span.start : span.end] == span.surface
        for tag_ in tags
        for span in tag_.spans
        if span.field != "category"
    )


def test_the_first_seed_gets_its_topics_people_and_places_each_with_evidence() -> None:
    tags = tag(seed(), tagging(), NOW)
    expected = {
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
    for scheme, labels in expected.items():
        tagged = by_label([tag_ for tag_ in tags if tag_.scheme == scheme])
        assert labels <= tagged.keys()
        assert all(tagged[label].spans and tagged[label].version for label in labels)
    assert surfaces_match_their_spans(tags, seed())


def test_every_mention_of_a_surname_belongs_to_the_full_name() -> None:
    biden = by_label(tag(seed(), tagging(), NOW))["Joe Biden"]
    assert "title" in {span.field for span in biden.spans}
    assert {"Joe Biden", "Biden"} <= {span.surface for span in biden.spans}
    assert all(span.surface.endswith("Biden") for span in biden.spans)


def test_kiev_and_kyiv_are_one_place() -> None:
    kyiv = by_label(tag(seed(), tagging(), NOW))["Kyiv"]
    assert {span.surface for span in kyiv.spans} == {"Kiev", "Kyiv"}


def test_a_topic_has_its_probability_and_the_words_that_raised_it() -> None:
    of = article("Striker scores twice", "The club won the cup final after extra time.")
    sport = learned(of)["sport"]
    assert sport.method == "model"
    assert 0.5 < sport.score <= 1
    assert {span.surface for span in sport.spans} & {"Striker", "cup", "club"}
    assert surfaces_match_their_spans([sport], of)


def test_words_at_the_beginning_count_more_than_words_at_the_end() -> None:
    sport = "The striker scored twice and the club won the cup final after extra time. " * 6
    court = "The judge sentenced the man to nine years in prison for the murder of a clerk. " * 6
    lower = {"medtop:15000000": 0.2, "medtop:02000000": 0.2}
    first, last = (
        learned(article(text=text), thresholds=lower) for text in (sport + court, court + sport)
    )
    assert next(iter(first)) == "sport"
    assert next(iter(last)) == "crime, law and justice"


@pytest.mark.parametrize("text", ["", "zzz qqq", "1234 5678"])
def test_a_text_without_known_words_has_no_topic(text: str) -> None:
    assert learned(article(text=text)) == {}


@pytest.mark.parametrize("language", ["nl", "und", "zh"])
def test_the_models_give_no_tags_in_other_languages(language: str) -> None:
    of = replace(seed(), language=language)
    rules = EntityRules(version="1")
    assert learned(of) == {}
    assert {tag.method for tag in entity_tags(of, rules)} <= {"gazetteer"}
    assert entity_tags(of, rules.model_copy(update={"gazetteer": False})) == []


def test_own_entities_are_found_in_any_language_and_in_their_own_case() -> None:
    own = Entity(name="Deutsche Bahn", kind="organisation", aliases=("DB",))
    rules = EntityRules(version="1", entities=(own,))
    tagged = entity_tags(article("Die DB streikt", "Deutsche Bahn und db", "de"), rules)
    assert [(t.label, t.scheme, t.method, len(t.spans)) for t in tagged] == [
        ("Deutsche Bahn", "organisation", "own", 2)
    ]


def test_the_operator_sets_thresholds_and_leaves_out_classes() -> None:
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
        0.6,
        "rule+model",
        "c/en",
        "r1 m1",
    )
    assert alone == other


def test_in_a_title_with_capitals_only_names_that_the_text_repeats_are_tags() -> None:
    of = article("Angela Merkel Says Things Will Get Better", "Angela Merkel spoke in Berlin.")
    tagged = by_label(entity_tags(of, EntityRules(version="1")))
    assert tagged.keys() == {"Angela Merkel", "Berlin"}
    assert len(tagged["Angela Merkel"].spans) == 2


def test_lone_surrogates_stop_no_tagging() -> None:
    text = "Joe \ud800Biden won the elec\udfffion. " * 20
    of = article("Joe Biden wins \ud800", text)
    assert "Joe Biden" in by_label(tag(of, tagging(), NOW))


def test_models_are_in_the_version_of_tagging() -> None:
    assert topic_model().version in tagging().version
    assert entity_model().version in tagging().version


@given(st.text(max_size=300), st.text(max_size=40))
def test_any_text_is_tagged_and_each_span_has_its_surface(text: str, title: str) -> None:
    of = article(title, text)
    rules = EntityRules(version="1", entities=(Entity(name="EU", kind="organisation"),))
    assert surfaces_match_their_spans(entity_tags(of, rules), of)
    assert surfaces_match_their_spans(list(learned(of).values()), of)


@given(st.text(max_size=100))
def test_first_occurrences_are_the_offsets_of_the_words(text: str) -> None:
    for word, (start, end) in first_occurrences(text, set(words(text))).items():
        assert len(text[start:end]) == len(word)


def test_an_own_entry_inside_a_recognised_name_hides_neither() -> None:
    of = article("", "US President Joe Biden met the UN Security Council. Joe Biden left.")
    own = [
        Entity(name="United States", kind="place", aliases=("US",)),
        Entity(name="United Nations", kind="organisation", aliases=("UN",)),
    ]
    tagged = by_label(entity_tags(of, EntityRules(version="1", entities=tuple(own))))
    assert tagged.keys() >= {"United States", "Joe Biden", "UN Security Council", "United Nations"}
    assert {span.surface for span in tagged["Joe Biden"].spans} == {"Joe Biden"}
    assert surfaces_match_their_spans(list(tagged.values()), of)


def test_a_house_that_stands_for_a_government_is_an_organisation() -> None:
    tagged = by_label(tag(seed(), tagging(), NOW))
    assert tagged["Kremlin"].scheme == "organisation"
    assert "Kremlin" not in {span.surface for span in tagged["Dmitry Peskov"].spans}


def test_the_thorough_path_finds_the_same_people_and_says_so_in_the_version() -> None:
    fast, thorough = EntityRules(version="1"), EntityRules(version="1", path="thorough")
    tagged = by_label(entity_tags(seed(), thorough))
    assert tagged.keys() >= {"Vladimir Putin", "Joe Biden", "Dmitry Peskov", "Olaf Scholz"}
    assert surfaces_match_their_spans(list(tagged.values()), seed())
    assert fast.full_version != thorough.full_version
    assert {tag.version for tag in tagged.values()} == {thorough.full_version}


WORDS = st.sampled_from(
    [
        "Joe's",
        "’s",
        "rock'n'roll's",
        "1,000",
        "İstanbul",
        "ΟΔΟΣ",
        "e-mail",
        "_x_",
        "U.S.",
        "war,",
        ",",
    ]
)


@given(
    title=st.lists(WORDS | st.text(max_size=6), max_size=6),
    text=st.lists(WORDS | st.text(max_size=6) | st.just("vote " * 900), max_size=12),
    between=st.sampled_from([" ", "\n", ",", "\r\n", "\x0b", "\0", " "]),
)
def test_the_topic_model_reads_the_same_words_from_pieces_of_a_text_as_from_its_characters(
    title: list[str], text: list[str], between: str
) -> None:
    article = f"{between.join(title)}\n{between.join(text)}"
    expected = words(article)
    read = topic_model().read(Tokens(article))
    assert [read.word_at(index) for index in range(len(read.rows))] == expected


def test_a_text_longer_than_the_topic_model_reads_is_cut_at_the_same_character() -> None:
    article = "Title\n" + "wörter-und-mehr " * 5 + "x" * 5000 + " 12345" * 1000 + " ballot" * 10
    read = topic_model().read(Tokens(article))
    assert [read.word_at(index) for index in range(len(read.rows))] == words(article)


@pytest.mark.parametrize(
    "text",
    [
        "At least two of them said that they were at the match, before the final of the league.",
        "It will be over when they say so: the players of both clubs have had their last game.",
    ],
)
def test_function_words_are_no_evidence_of_a_topic_and_other_words_are(text: str) -> None:
    guesses = topic_model().guess(
        words(f"At least it's over\n{text}"), 20, {"medtop:15000000": 0.01}
    )
    sport = next(g for g in guesses if topic_model().codes[g.number] == "medtop:15000000")
    assert function_words({"en"}).isdisjoint(sport.words)
    assert {"match", "final", "league", "players", "clubs", "game"}.intersection(sport.words)
