"""Topics in six languages: models, labels, parents, and what a rule and a model say together."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.config.loader import load_config
from worker.model.records import Article, Tag
from worker.tag import Tagging, compile_rules, tag
from worker.tag.explain_tags import explain_rules, topics_named, unsupported_language
from worker.tag.rules.taxonomy import RuleFile
from worker.tag.topics.joined_probability import joined_probability
from worker.tag.topics.model_tags import judge_for
from worker.tag.topics.topic_model import LANGUAGES, shipped

MEDIA_TOPICS = Path(__file__).with_name("media-topics.tsv")
NOW = datetime(2026, 11, 22, tzinfo=UTC)


@cache
def tagging() -> Tagging:
    return load_config().tagging


def article(title: str, text: str = "", language: str = "en") -> Article:
    return Article(source="wire", key="id:1", title=title, text=text, language=language)


def topics(of: Article, by: Tagging | None = None) -> dict[str, Tag]:
    tags = tag(of, by or tagging(), NOW)
    return {t.label: t for t in tags if t.scheme == "taxonomy"}


def extended(file: dict[str, object]) -> Tagging:
    taxonomy = tagging().taxonomy.extended_by({"draft": RuleFile.model_validate(file)})
    return replace(tagging(), rules=compile_rules(taxonomy))


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("fr", "a"),
        ("fr", "la"),
        ("fr", "Abonnez-vous"),
        ("de", "das"),
        ("it", "di"),
        ("it", "Utilizziamo i cookie"),
        ("pt", "que"),
    ],
)
def test_a_text_without_a_word_that_speaks_for_a_topic_has_none(language: str, text: str) -> None:
    assert topics(article(text, "", language)) == {}
    assert topics(article("", text, language)) == {}


@pytest.mark.parametrize(
    ("language", "title", "text", "label"),
    [
        (
            "de",
            "Werder entlässt Trainer",
            "Nach der Heimniederlage steht der Verein auf einem Abstiegsplatz der Bundesliga.",
            "sport",
        ),
        (
            "de",
            "Haushaltsausschuss berät Etat",
            "Die Abgeordneten im Bundestag stimmen am Freitag über den Entwurf der Regierung ab.",
            "politics",
        ),
        (
            "fr",
            "Le Conseil des ministres adopte la réforme",
            "L'opposition et les députés de gauche annoncent une motion de censure à l'Assemblée.",
            "politics",
        ),
        (
            "fr",
            "Nantes gagne le derby",
            "Le gardien a arrêté un penalty et l'attaquant a marqué deux buts pour son club.",
            "sport",
        ),
        (
            "es",
            "Detenido el autor del atraco",
            "La policía registró su casa; el juez ordenó prisión sin fianza para el acusado.",
            "crime, law and justice",
        ),
        (
            "pt",
            "Hospitais registam mais casos de gripe",
            "Os médicos recomendam a vacina aos doentes crónicos e aos idosos.",
            "health",
        ),
        (
            "it",
            "La Banca centrale alza i tassi",
            "L'inflazione resta alta e la Borsa di Milano perde terreno, giù i titoli bancari.",
            "economy, business and finance",
        ),
    ],
)
def test_articles_in_six_languages_get_their_topic_with_words_of_the_text(
    language: str, title: str, text: str, label: str
) -> None:
    of = article(title, text, language)
    found = topics(of)[label]
    assert found.spans
    assert all(getattr(of, s.field)[s.start : s.end] == s.surface for s in found.spans)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", ["", "zzz qqq", "1234 5678"])
def test_in_no_language_has_a_text_without_known_words_a_topic(language: str, text: str) -> None:
    assert not topics(article("", text, language))


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "Schreiben Sie uns an die angegebene Adresse, wir melden uns so bald wie möglich."),
        ("es", "Lamentamos la confusión: en la edición de ayer se publicó una fecha equivocada."),
        ("en", "If you would like to get in touch, write to us at the address given below."),
    ],
)
def test_a_notice_that_is_no_news_has_no_topic(language: str, text: str) -> None:
    assert not topics(article("", text, language))


@pytest.mark.parametrize(
    ("title", "text", "label"),
    [
        ("Talks at the dinner table", "She baked bread and wrote a cookbook.", "diplomacy"),
        (
            "Judge praises young bakers",
            "The judge of the contest liked the cake, the dough and the icing of each baker.",
            "crime, law and justice",
        ),
        (
            "A pandemic of bad wine lists",
            "The restaurant serves roast lamb, and its chef has a fine hand for dessert.",
            "epidemic and pandemic",
        ),
    ],
)
def test_a_stray_word_of_a_rule_is_no_topic(title: str, text: str, label: str) -> None:
    assert label not in topics(article(title, text))


@pytest.mark.parametrize(
    ("title", "text", "label"),
    [
        (
            "Peace talks resume in Geneva",
            "Diplomats and foreign ministers of both countries continued negotiations.",
            "diplomacy",
        ),
        (
            "Judge sentences gang leader",
            "The court found him guilty of murder; prosecutors had asked for life in prison.",
            "crime, law and justice",
        ),
        (
            "WHO declares end of the pandemic",
            "The coronavirus has infected millions, and vaccines saved many patients.",
            "epidemic and pandemic",
        ),
    ],
)
def test_the_same_word_among_others_of_its_topic_gives_the_tag(
    title: str, text: str, label: str
) -> None:
    assert label in topics(article(title, text))


def test_a_rule_that_sets_its_own_score_is_not_judged_by_the_model() -> None:
    rule = {"id": "own", "any": ["bread"], "score": 0.9}
    by = extended({"topics": [{"code": "medtop:20000639", "rules": [rule]}]})
    of = article("Bread at the dinner table", "She baked bread and wrote a cookbook.")
    assert topics(of, by)["diplomacy"].score == 0.9
    assert "diplomacy" not in topics(of)


def test_a_rule_of_a_topic_that_no_model_knows_is_not_judged() -> None:
    topic = {"code": "own:bread", "label": "bread", "rules": [{"any": ["bread"]}]}
    found = topics(article("Bread", "Elections, troops and bread."), extended({"topics": [topic]}))
    assert found["bread"].score >= 0.5


def test_the_explanation_of_a_rule_says_that_the_model_refused_it() -> None:
    of = article("Talks at the dinner table", "She baked bread and wrote a cookbook.")
    rules, settings = tagging().rules, tagging().topics
    judge = judge_for(of, settings, rules.taxonomy)
    judged = {e.rule: e for e in explain_rules(of, rules, NOW, "medtop:20000639", judge)}
    alone = {e.rule: e for e in explain_rules(of, rules, NOW, "medtop:20000639")}
    fired = [rule for rule, explanation in alone.items() if explanation.fires]
    assert all("improbable" in judged[rule].why_not for rule in fired)


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("nl", ("no topic model", "no rules", "nl")),
        ("ja", ("no topic model", "no rules", "ja")),
        ("en", ()),
        ("pt", ()),
    ],
)
def test_what_a_language_lacks_is_said(language: str, expected: tuple[str, ...]) -> None:
    of = article("Titel", "", language)
    said = unsupported_language(of, tagging().rules, tagging().topics)
    assert all(words in said for words in expected)
    assert bool(said) == bool(expected)


def test_a_long_german_word_counts_as_the_longest_known_word_at_its_end() -> None:
    model = shipped("de")
    assert model.row_of("quatschhaushaltsausschuss") == model.row_of("ausschuss") >= 0
    assert shipped("fr").row_of("quatschhaushaltsausschuss") == -1


def test_parents_are_only_what_iptc_says() -> None:
    rows = [line.split("\t") for line in MEDIA_TOPICS.read_text("utf-8").splitlines()]
    ancestors = {code: set(above) for code, _, *above in rows}
    own = [topic for topic in tagging().taxonomy.topics if topic.code in ancestors]
    assert len(own) >= 400
    wrong = {t.code: set(t.parents) - ancestors[t.code] for t in own}
    assert not {code: parents for code, parents in wrong.items() if parents}


def test_every_topic_has_a_label_in_each_of_six_languages() -> None:
    others = set(LANGUAGES) - {"en"}
    lacking = [t.code for t in tagging().taxonomy.topics if others - t.labels.keys()]
    assert not lacking


def test_the_operator_chooses_the_language_of_labels() -> None:
    config = load_config().tagging
    taxonomy = config.taxonomy.model_copy(update={"label_language": "fr"})
    by = replace(config, rules=compile_rules(taxonomy))
    of = article("Striker scores twice", "The club won the football cup final after extra time.")
    assert "sport" in topics(of, by)
    assert {t.code for t in topics(of, by).values()} == {t.code for t in topics(of).values()}
    assert topics_named(taxonomy, "Fußball") == topics_named(taxonomy, "soccer")


@given(st.floats(0, 1), st.floats(0, 1), st.integers(0, 40), st.booleans())
def test_a_topic_is_the_surer_the_surer_the_model_the_more_phrases_and_by_the_title(
    one: float, other: float, phrases: int, is_prominent: bool
) -> None:
    def probability(of_model: float, phrases: int, is_prominent: bool) -> float:
        return joined_probability(of_model, phrases, is_prominent=is_prominent)

    low, high = sorted((one, other))
    found = probability(low, phrases, is_prominent)
    assert 0 < found <= probability(high, phrases, is_prominent) < 1
    assert found <= probability(low, phrases + 1, is_prominent)
    assert probability(low, phrases, False) < probability(low, phrases, True)


LABELS = [
    ("fr", "Publicité"),
    ("fr", "- La publicité -"),
    ("es", "PUBLICIDAD"),
    ("es", "Una publicidad"),
    ("it", "Pubblicità"),
    ("pt", "Publicidade"),
    ("de", "Werbung"),
    ("de", "Werbung, Werbung"),
    ("de", "Fußball"),
    ("en", "Football"),
    ("en", "The elections"),
]


@pytest.mark.parametrize(("language", "label"), LABELS)
def test_a_title_and_text_of_one_word_are_a_label_without_topic(language: str, label: str) -> None:
    assert topics(article(label, "", language)) == {}
    assert topics(article("", label, language)) == {}
    assert topics(article(label, label, language)) == {}


@pytest.mark.parametrize(
    ("language", "title", "text", "label"),
    [
        ("de", "Werbung für Tabak verboten", "", "advertising"),
        ("de", "Werbung", "Der Bundestag verbietet Werbung für Tabak.", "advertising"),
        ("fr", "La publicité recule", "", "advertising"),
        ("es", "Menos publicidad en televisión", "", "advertising"),
        ("it", "Elezioni anticipate", "", "politics"),
        ("en", "Earthquake hits Turkey", "", "disaster, accident and emergency incident"),
        ("de", "Erdbeben: Tote", "", "disaster, accident and emergency incident"),
    ],
)
def test_a_headline_of_two_words_has_its_topic(
    language: str, title: str, text: str, label: str
) -> None:
    assert label in topics(article(title, text, language))


def test_a_label_keeps_topics_of_the_category_and_of_the_operator() -> None:
    port = {"code": "own:port", "label": "port", "rules": [{"any": ["Puerto"]}]}
    assert "port" in topics(article("Puerto", "", "es"), extended({"topics": [port]}))
    filed = replace(article("Publicité", "", "fr"), categories=("sport",))
    assert topics(filed).keys() == {"sport"}


def test_the_explanation_of_a_rule_says_that_the_text_is_a_label() -> None:
    of = article("Publicité", "", "fr")
    judge = judge_for(of, tagging().topics, tagging().taxonomy)
    (rule,) = explain_rules(of, tagging().rules, NOW, "medtop:20000305", judge)[:1]
    assert (rule.fires, "label" in rule.why_not) == (False, True)
