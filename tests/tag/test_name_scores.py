"""The tags of names: how likely each is to be right, how much the article is about it, and what is
no name."""

import pytest

from worker.config.loader import load_config
from worker.model.records import Article, Tag
from worker.model.tags import ABOUT
from worker.tag.entities import EntityRules, entity_tags
from worker.tag.entities.mentions import Mention
from worker.tag.entities.name_cues import (
    ACTS,
    BODY,
    GENITIVE,
    HYPHEN,
    LOCATED,
    PART,
    QUOTED,
    name_cues,
)
from worker.tag.entities.name_scores import NameFeatures, name_score

FILLER = "It rained all day and nobody went out to see what was left of the old road. " * 12


def rules(**changes: object) -> EntityRules:
    """The packaged rules with some changes; a `min_score` among them holds in all languages."""
    if "min_score" in changes:
        changes = {"min_scores": {}, **changes}
    packaged = load_config().tagging.entities
    assert packaged is not None
    return packaged.model_copy(update=changes)


def tags_of(text: str, title: str = "", language: str = "en", **changes: object) -> dict[str, Tag]:
    article = Article(source="a", key="b", title=title, text=text, language=language)
    return {tag.label: tag for tag in entity_tags(article, rules(**changes))}


@pytest.mark.parametrize(
    ("text", "label", "named"),
    [
        ("An Iranian official spoke to Iranian papers.", "Iranian", False),
        ("North Koreans and Saudi Arabian men met Swedes.", "North Koreans", False),
        ("Prime Minister Bill English spoke. English laughed.", "Bill English", True),
        ("They flew to Luxembourg and Singapore.", "Luxembourg", True),
        ("Rep. Jason Chaffetz (R-UT) spoke with Ann Poe (D-Calif.) then.", "R-UT", False),
        ("Engineers at Acme met Jane Doe (D-Wave) in May.", "Jane Doe", True),
        ("It costs US$5 million and HK$9 more.", "United States", False),
        ("In the US, $5 buys nothing.", "United States", True),
        ("The U.S. Geological Survey said so.", "U.S. Geological Survey", True),
        ("The U.S. Geological Survey said so.", "Geological Survey", False),
        ("President Joe Biden spoke. Mr Biden left.", "Joe Biden", True),
    ],
)
def test_peoples_currencies_and_parties_are_no_names(text: str, label: str, named: bool) -> None:
    assert (label in tags_of(text, min_score=0.0)) is named


def test_a_name_in_title_and_text_is_what_the_article_is_about() -> None:
    text = f"Angela Merkel spoke in Berlin. Merkel was calm. {FILLER} Emmanuel Macron was silent."
    tags = tags_of(text, "Angela Merkel speaks in Berlin")
    salience = {label: tag.salience for label, tag in tags.items()}
    about = {label for label, value in salience.items() if value is not None and value >= ABOUT}
    assert {"Angela Merkel", "Berlin"} <= about
    assert salience["Emmanuel Macron"] == 0.3
    assert next(iter(tags)) == "Angela Merkel"


def test_a_mention_counts_less_in_a_long_text() -> None:
    named_three_times = f"{FILLER} Paris. {FILLER} Paris. {FILLER} Paris."
    short = tags_of(named_three_times)["Paris"].salience or 0
    long = tags_of(named_three_times + FILLER * 9)["Paris"].salience or 0
    assert 0.3 < long < short < 1


def test_the_score_is_not_how_often_a_name_occurs() -> None:
    tags = tags_of(f"Angela Merkel spoke. {FILLER} She met Zorblatt. {FILLER}", min_score=0.0)
    assert tags["Angela Merkel"].score > 0.9
    assert all(0 <= tag.score <= 1 for tag in tags.values())


def test_unlikely_names_become_no_tag_by_the_limit_in_the_config() -> None:
    text = "The meeting of Foo Bar Society in Upper Qux was led by Zed. Blip and Blop agreed."
    every = tags_of(text, min_score=0.0)
    limit = sorted(tag.score for tag in every.values())[len(every) // 2]
    kept = tags_of(text, min_score=limit)
    assert kept.keys() == {label for label, tag in every.items() if tag.score >= limit}
    assert len(kept) < len(every)


@pytest.mark.parametrize("name", ["Zoltan", "de Zoltan", "Prince Zoltan"])
def test_a_person_with_one_name_only_becomes_no_tag_but_one_of_the_list_does(name: str) -> None:
    text = f"{name} said on Monday that he would resign, and {name} left. Trump smiled at Trump."
    of = Article(source="s", key="", title="", text=text, language="en")
    found = {tag.label for tag in entity_tags(of, load_config().tagging.entities)}
    assert not any("Zoltan" in label for label in found)
    assert any("Trump" in label for label in found)


def test_names_that_the_operator_listed_are_kept_by_any_limit_but_one() -> None:
    assert "United States" in tags_of("It is about the US.", min_score=0.98)


@pytest.mark.parametrize("language", ["en", "de", "fr", "nl"])
@pytest.mark.parametrize("kind", ["person", "organisation", "place"])
@pytest.mark.parametrize(
    ("less", "more"),
    [
        (NameFeatures("words", 1.0, 0.0), NameFeatures("words", 3.0, 0.0)),
        (NameFeatures("word", 2.0, 0.0), NameFeatures("word", 2.0, 2.0)),
        (NameFeatures("several-", 0.0, 0.0), NameFeatures("several+", 3.5, 0.0)),
        (NameFeatures("single:", 0.0, 0.0), NameFeatures("several:", 0.0, 0.0)),
        (NameFeatures("words", 3.9, 0.0), NameFeatures("own", 0.0, 0.0)),
    ],
)
def test_more_evidence_gives_a_higher_score(
    kind: str, less: NameFeatures, more: NameFeatures, language: str
) -> None:
    assert 0 < name_score(kind, less, language) <= name_score(kind, more, language) < 1


@pytest.mark.parametrize("kind", ["person", "place"])
def test_one_word_needs_two_mentions_where_no_sentence_was_labelled_by_hand(kind: str) -> None:
    once, twice = NameFeatures("word", 3.9, 0.0), NameFeatures("word", 3.9, 1.0)
    least = rules().min_score
    assert name_score(kind, once, "pt") >= least
    assert name_score(kind, once, "it") < least
    assert name_score("person", twice, "it") >= least


def test_a_name_in_a_language_without_a_model_has_a_score_too() -> None:
    tags = tags_of("De kanselier reisde naar Frankrijk en sprak met Emmanuel Macron.", "", "nl")
    assert {"France", "Emmanuel Macron"} <= tags.keys()


@pytest.mark.parametrize(
    ("text", "name", "cues"),
    [
        ("It met the Ministry of Fish today.", "Ministry of Fish", {BODY}),
        ("It rained in Upper Qux, they say.", "Upper Qux", {LOCATED}),
        ("He lives in Upper Qux.", "Upper Qux", {LOCATED}),
        ("Zed Blip said so.", "Zed Blip", {ACTS}),
        ("Zed Blip's dog.", "Zed Blip", {ACTS}),
        ("It was made by Blop yesterday.", "Blop", {ACTS}),
        ("The Upper Qux Valley is wide.", "Qux", {PART}),
        ("The Institute of Fish and Chips is open.", "Institute of Fish", {BODY, PART}),
        ('They saw "Zed Blip" again.', "Zed Blip", {QUOTED}),
        ("The Qux-led talks of O'Blip's end", "Qux-led", {HYPHEN}),
        ("It is O'Blip again.", "O'Blip", {GENITIVE}),
        ("Qux", "Qux", set()),
    ],
)
def test_the_words_beside_a_name_are_cues(text: str, name: str, cues: set[str]) -> None:
    start = text.index(name)
    found = Mention(start, start + len(name), name, "organisation", 0.9, "crf")
    assert name_cues(found, text) == cues


@pytest.mark.parametrize(
    ("kind", "cue", "likelier"),
    [
        ("organisation", BODY, True),
        ("organisation", ACTS, True),
        ("organisation", PART, False),
        ("place", LOCATED, True),
        ("person", QUOTED, False),
    ],
)
def test_a_cue_makes_a_name_more_or_less_likely(kind: str, cue: str, likelier: bool) -> None:
    without = name_score(kind, NameFeatures("words", 1.0, 0.0))
    with_cue = name_score(kind, NameFeatures("words", 1.0, 0.0, cues=frozenset((cue,))))
    assert (with_cue > without) is likelier
