"""Names of places and organisations in German, French, Spanish, Portuguese and Italian texts, and
titles and nouns before English names."""

from pathlib import Path

import pytest

from worker.config.loader import load_config
from worker.model.records import Article
from worker.tag.entities import entity_tags
from worker.tag.entities.leading_words import without_leading_words
from worker.tag.entities.mentions import ORGANISATION, PERSON, Mention, name_form
from worker.tag.explain_tags import names_found
from worker.tag.topics.topic_model import shipped

_RULES = load_config().tagging.entities
assert _RULES is not None
_LABELLED = [
    line.split("\t")
    for line in Path(__file__).with_name("names-by-language.tsv").read_text("utf-8").splitlines()
]
# Not in the gazetteer (list of known names), or too short for it.
_UNKNOWN = {"Piemonte", "Sinner", "Alcaraz", "IG Metall", "Rom", "Épernay"}


def _found(text: str, language: str) -> set[tuple[str, str]]:
    assert _RULES is not None
    article = Article(source="w", key="", title="", text=text, language=language)
    return {(s.surface, tag.scheme) for tag in entity_tags(article, _RULES) for s in tag.spans}


@pytest.mark.parametrize(("language", "text", "name", "kind"), _LABELLED)
def test_names_are_found_in_their_language_and_nouns_are_not(
    language: str, text: str, name: str, kind: str
) -> None:
    found = _found(text, language)
    if kind == "-":
        assert name not in {surface for surface, _ in found}
    else:
        assert ((name, kind) in found) == (name not in _UNKNOWN)


@pytest.mark.parametrize(
    ("language", "text", "name", "expected"),
    [
        ("de", "Ein Zug fährt nach Essen.", "Essen", True),
        ("de", "Beim Essen redet man nicht.", "Essen", False),
        ("it", "Torino vince.", "Torino", True),
        ("de", "Sie fährt nach Torino.", "Torino", False),  # not its German name
        ("pt", "Ele vive em Natal.", "Natal", True),
        ("pt", "O Natal chega.", "Natal", False),
        ("fr", "Il habite à Nancy.", "Nancy", True),
        ("it", "Una protesta in Africa.", "Africa", True),
        ("pt", "A seca em África continua.", "África", True),
        ("de", "Über den Fluss.", "Über", False),
    ],
)
def test_a_place_is_found_under_its_name_in_the_language(
    language: str, text: str, name: str, expected: bool
) -> None:
    assert ((name, "place") in _found(text, language)) == expected


@pytest.mark.parametrize(
    ("surface", "expected"),
    [
        ("American company Regeneron", "Regeneron"),
        ("Danish drug maker Novo Nordisk", "Novo Nordisk"),
        ("American Airlines", "American Airlines"),
        ("British Museum", "British Museum"),
        ("German Bank", "German Bank"),
        ("French company", "French company"),
        ("Chinese group of Seven", "Chinese group of Seven"),
        ("company Regeneron", "company Regeneron"),
    ],
)
def test_a_people_and_a_noun_are_no_part_of_an_organisation(surface: str, expected: str) -> None:
    mention = Mention(4, 4 + len(surface), surface, ORGANISATION, 0.9, "crf")
    (cut,) = without_leading_words(
        [mention], {"American", "Danish", "British", "German", "French", "Chinese"}
    )
    assert cut.surface == expected
    assert cut.end - cut.start == len(expected)
    assert cut.end == mention.end


@pytest.mark.parametrize(
    ("surface", "expected"),
    [
        ("Taoiseach Micheál Martin", "Micheál Martin"),
        ("Tánaiste Simon Harris", "Simon Harris"),
        ("Chancellor Friedrich Merz", "Friedrich Merz"),
        ("Baroness Smith", "Smith"),
        ("Baron Cohen", "Baron Cohen"),
        ("Micheál Martin", "Micheál Martin"),
        ("Emir Kusturica", "Emir Kusturica"),
        ("Sultan Al Jaber", "Sultan Al Jaber"),
        ("Constance Markievicz", "Constance Markievicz"),
    ],
)
def test_an_office_is_no_part_of_a_persons_name(surface: str, expected: str) -> None:
    assert name_form(surface, PERSON)[0] == expected


@pytest.mark.parametrize(
    ("language", "function", "other"),
    [("fr", "près", "grève"), ("pt", "atinge", "greve"), ("it", "presso", "sciopero")],
)
def test_function_words_are_no_evidence_of_a_topic(
    language: str, function: str, other: str
) -> None:
    model = shipped(language)
    all_topics = dict.fromkeys(model.codes, 0.0)
    guesses = model.guess([function, other], 2, all_topics)
    words = {word for guess in guesses for word in guess.words}
    assert words == {other}


@pytest.mark.parametrize(("language", "word"), [("en", "trained model"), ("it", "one in four")])
def test_it_is_said_how_well_names_are_found_in_a_language(language: str, word: str) -> None:
    article = Article(source="w", key="", title="", text="", language=language)
    assert word in names_found(article, _RULES)
