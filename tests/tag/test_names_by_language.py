"""Names of places and organisations in German, French, Spanish, Portuguese and Italian texts, and
titles and nouns before English names."""

from pathlib import Path

import pytest

from worker.config.loader import load_config
from worker.model.records import Article
from worker.tag.entities import entity_tags
from worker.tag.entities.leading_words import without_leading_words
from worker.tag.entities.mentions import ORGANISATION, PERSON, Mention, name_form
from worker.tag.entities.name_model import MODEL_LANGUAGES
from worker.tag.entities.name_model import shipped as names_model
from worker.tag.explain_tags import names_found
from worker.tag.tokens import Tokens
from worker.tag.topics.topic_model import shipped

_RULES = load_config().tagging.entities
assert _RULES is not None
_LABELLED = [
    line.split("\t")
    for line in Path(__file__).with_name("names-by-language.tsv").read_text("utf-8").splitlines()
]
# Not in the gazetteer (list of known names), and not recognised.
_UNKNOWN = {"Piemonte", "Sinner", "Alcaraz", "IG Metall", "Épernay"}


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
        ("nl", "Sie fährt nach Torino.", "Torino", False),  # a language without a model
        ("pt", "Ele vive em Natal.", "Natal", True),
        ("pt", "O Natal chega.", "Natal", False),
        ("pt", "Feliz Natal a todos os leitores.", "Natal", False),
        ("pt", "A cidade de Natal espera turistas.", "Natal", True),
        ("pt", "As lojas de Natal abrem cedo.", "Natal", False),
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


@pytest.mark.parametrize(
    ("language", "word"),
    [
        ("en", "find most names"),
        ("it", "two names in three"),
        ("nl", "one in four"),
        ("ru", "only well-known ones"),
    ],
)
def test_it_is_said_how_well_names_are_found_in_a_language(language: str, word: str) -> None:
    article = Article(source="w", key="", title="", text="", language=language)
    assert word in names_found(article, _RULES)


@pytest.mark.parametrize(
    ("language", "text", "name", "kind"),
    [
        ("de", "Bürgermeisterin Antje Wolters dankte den Helfern.", "Antje Wolters", "person"),
        ("de", "Die Polizei in Gifhorn sucht Zeugen.", "Gifhorn", "place"),
        ("de", "Die Regierung will die Steuern auf Benzin senken.", "Regierung", "-"),
        ("de", "Der Bericht nennt Fehler der Verwaltung.", "Verwaltung", "-"),
        ("pt", "O deputado Anselmo Quadros votou contra.", "Anselmo Quadros", "person"),
        ("pt", "A reunião em Itapeva terminou tarde.", "Itapeva", "place"),
        ("pt", "A decisão do juiz saiu na terça-feira.", "juiz", "-"),
        ("fr", "Selon le procureur Yves Tardieu, il a avoué.", "Yves Tardieu", "person"),
        ("fr", "Lundi, les élus ont voté le budget.", "Lundi", "-"),
        ("es", "El juez Esteban Rojo citó a los testigos.", "Esteban Rojo", "person"),
        ("es", "Los vecinos del barrio protestan.", "Los", "-"),
        ("it", "Il sindaco Bruno Sciarra ha scritto alla prefettura.", "Bruno Sciarra", "person"),
        ("it", "Giovedì la neve ha chiuso la strada.", "Giovedì", "-"),
    ],
)
def test_names_that_no_list_has_are_recognised(
    language: str, text: str, name: str, kind: str
) -> None:
    found = _found(text, language)
    if kind == "-":
        assert found == set()
    else:
        assert (name, kind) in found


@pytest.mark.parametrize("language", MODEL_LANGUAGES[1:])
def test_a_language_that_the_config_leaves_out_has_names_of_lists_only(language: str) -> None:
    assert _RULES is not None
    rules = _RULES.model_copy(update={"languages": ("en",)})
    article = Article(source="w", key="", title="", text="Antje Wolters, Berlin", language=language)
    assert "person" not in {tag.scheme for tag in entity_tags(article, rules)}


def test_a_language_without_a_model_gets_the_english_one_if_the_config_asks_for_it() -> None:
    assert names_model(language="nl") is names_model()
    assert names_model(language="de") is not names_model()


def test_words_of_one_language_take_no_room_in_the_tables_of_another() -> None:
    tokens = Tokens("Unverwechselbare Quatschwörter füllen Tabellen")
    names_model(language="de").recogniser.find(tokens)
    english = names_model(language="it").recogniser
    before = len(english._forms.steps)
    for number in range(3000):
        names_model(language="de").recogniser.find(Tokens(f"Quatschwort{number}"))
    english.find(Tokens("Roma"))
    assert len(english._forms.steps) <= before + 4


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Angela Merkel reist ab. Merkels Sprecher schweigt.", {"wd:Q567"}),
        ("Uwe Sandmann verhandelt. Sandmanns Gegner warten.", {"uwe-sandmann"}),
        ("Jens Weidmann und Hans Petersen trafen sich.", {"jens-weidmann", "hans-petersen"}),
    ],
)
def test_a_german_genitive_is_the_same_person(text: str, codes: set[str]) -> None:
    assert _RULES is not None
    article = Article(source="w", key="", title="", text=text, language="de")
    tags = entity_tags(article, _RULES.model_copy(update={"min_score": 0.0, "min_scores": {}}))
    assert {tag.code for tag in tags if tag.scheme == "person"} == codes


def test_the_german_cdu_and_csu_are_two_parties() -> None:
    assert _RULES is not None
    article = Article(source="w", key="", title="", text="CDU und CSU streiten.", language="de")
    labels = {tag.code: tag.label for tag in entity_tags(article, _RULES)}
    assert labels == {"partyfacts:1375": "CDU", "csu": "CSU"}


def test_a_place_before_the_full_name_of_a_person_is_a_name_of_its_own() -> None:
    assert _found("Roma Giorgia Meloni ha parlato ieri alla Camera.", "it") >= {
        ("Roma", "place"),
        ("Giorgia Meloni", "person"),
    }
