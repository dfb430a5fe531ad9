"""Names of the gazetteer in Russian, Arabic, Chinese and Japanese texts."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.config.loader import load_config
from worker.model.records import Article
from worker.tag.entities import entity_tags
from worker.tag.entities.case_endings import nominatives, without_prefixes
from worker.tag.entities.native_names import NATIVE_LANGUAGES

_RULES = load_config().tagging.entities
_LABELLED = [
    line.split("\t")
    for line in Path(__file__).with_name("native-names.tsv").read_text("utf-8").splitlines()
]


def _found(text: str, language: str) -> set[tuple[str, str, str]]:
    assert _RULES is not None
    article = Article(source="w", key="", title="", text=text, language=language)
    tags = entity_tags(article, _RULES)
    return {(span.surface, tag.scheme, tag.code) for tag in tags for span in tag.spans}


@pytest.mark.parametrize(("language", "text", "name", "kind", "code"), _LABELLED)
def test_well_known_names_are_found_and_words_like_them_are_not(
    language: str, text: str, name: str, kind: str, code: str
) -> None:
    found = _found(text, language)
    if kind == "-":
        assert name not in {surface for surface, _, _ in found}
    else:
        assert (name, kind, code) in found


@pytest.mark.parametrize("language", NATIVE_LANGUAGES)
def test_a_text_without_names_is_silent(language: str) -> None:
    texts = {
        "ru": "Сегодня утром шёл дождь, и дети остались дома.",
        "ar": "نزل المطر هذا الصباح وبقي الأطفال في البيت.",
        "zh": "今天早上下雨，孩子们留在家里。",
        "ja": "今朝は雨が降り、子どもたちは家にいた。",
    }
    assert _found(texts[language], language) == set()


def test_all_cases_of_a_name_are_one_tag() -> None:
    assert _RULES is not None
    text = "Москва ждёт. В Москве тихо. Из Москвы уехали. Над Москвой туман."
    article = Article(source="w", key="", title="", text=text, language="ru")
    (tag,) = entity_tags(article, _RULES)
    surfaces = [span.surface for span in tag.spans]
    assert surfaces == ["Москва", "Москве", "Москвы", "Москвой"]


def test_names_in_latin_letters_are_found_in_a_russian_text() -> None:
    assert ("Microsoft", "organisation", "wd:Q2283") in _found("Прибыль Microsoft выросла.", "ru")


@pytest.mark.parametrize(
    ("word", "nominative"),
    [
        ("Путиным", "Путин"),
        ("Москвой", "Москва"),
        ("Германию", "Германия"),
        ("Китая", "Китай"),
        ("Казани", "Казань"),
        ("Зеленскому", "Зеленский"),
        ("Толстого", "Толстой"),
        ("Израилем", "Израиль"),
        ("Конго", "Конго"),
    ],
)
def test_a_russian_case_leads_to_the_nominative(word: str, nominative: str) -> None:
    assert nominative in nominatives(word)


@pytest.mark.parametrize(
    ("word", "listed"),
    [("وبالقاهرة", "القاهرة"), ("للقاهرة", "القاهرة"), ("بمصر", "مصر"), ("وروسيا", "روسيا")],
)
def test_an_arabic_word_is_found_behind_and_in_for(word: str, listed: str) -> None:
    assert listed in without_prefixes(word)


@given(st.text(), st.sampled_from(NATIVE_LANGUAGES))
def test_any_text_is_searched_and_mentions_are_where_they_say(text: str, language: str) -> None:
    assert _RULES is not None
    article = Article(source="w", key="", title=text[:9], text=text, language=language)
    for tag in entity_tags(article, _RULES):
        for span in tag.spans:
            field = article.title if span.field == "title" else article.text
            assert field[span.start : span.end] == span.surface
