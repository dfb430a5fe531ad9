import pytest

from tests.clean.ordinary import RULES
from worker.clean import warm
from worker.clean.text.language import count_words, detect, primary

SENTENCES = {
    "en": "The harbour reopened on Monday after two weeks of repairs to its eastern wall. ",
    "de": "Der Hafen wurde am Montag nach zwei Wochen Reparatur wieder geöffnet. ",
    "fr": "Le port a rouvert lundi après deux semaines de réparations de la digue. ",
    "es": "El puerto reabrió el lunes tras dos semanas de reparaciones en el muro. ",
    "pt": "O porto reabriu na segunda-feira depois de duas semanas de reparos no muro. ",
    "it": "Il porto ha riaperto lunedì dopo due settimane di riparazioni alla diga. ",
    "nl": "De haven is maandag na twee weken herstelwerk weer opengegaan. ",
    "ru": "Порт вновь открылся в понедельник после двух недель ремонта стены. ",
    "zh": "港口在经过两周的东墙维修后于周一重新开放，渡轮每小时一班。",
    "ja": "港は東側の壁の修理を終え、月曜日に二週間ぶりに再開されました。",
    "ar": "أعيد فتح الميناء يوم الاثنين بعد أسبوعين من إصلاح الجدار الشرقي. ",
}


@pytest.mark.parametrize("language", SENTENCES)
@pytest.mark.parametrize("times", [1, 20])
def test_short_and_long_texts_are_recognised(language: str, times: int) -> None:
    assert detect(SENTENCES[language] * times, "", RULES.language)[0] == language


def test_a_text_that_only_begins_in_another_language_is_not_of_that() -> None:
    intro = (SENTENCES["en"] * 9)[:700]
    assert detect(intro + SENTENCES["de"] * 20, "", RULES.language)[0] == "de"


def test_a_sure_detector_outranks_what_the_feed_declares() -> None:
    assert detect(SENTENCES["de"] * 20, "en-US", RULES.language)[0] == "de"


@pytest.mark.parametrize(("declared", "language"), [("de-AT", "de"), ("", "und"), ("und", "und")])
def test_too_little_text_is_what_the_feed_declares(declared: str, language: str) -> None:
    assert detect("Hafen", declared, RULES.language)[0] == language


def test_the_declared_language_breaks_a_tie() -> None:
    undecided = "Merkel Berlin Paris Macron London Putin"
    assert {detect(undecided, code, RULES.language)[0] for code in ("de", "en")} == {"de", "en"}


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("en", "en"),
        ("de-AT", "de"),
        ("pt_BR", "pt"),
        ("ZH-Hans", "zh"),
        ("nb-NO", "no"),
        ("iw", "he"),
        ("und", ""),
        ("english", ""),
        ("", ""),
    ],
)
def test_tags_are_reduced_to_their_primary_part(tag: str, code: str) -> None:
    assert primary(tag) == code


def test_words_without_spaces_are_counted_by_their_letters() -> None:
    assert count_words("two words, again", "en") == 3
    assert count_words("if tide:\n\n    close the gates\n\n        now", "en") == 6
    assert count_words("港口重新开放。", "zh") == 3


def test_warming_loads_models_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr("socket.socket.connect", refuse)
    warm()
    assert detect(SENTENCES["en"], "", RULES.language)[0] == "en"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("新世紀福音戦士 公開", "ja"),
        ("港がひらく", "ja"),
        ("北京大学", "zh"),
        ("항구 재개", "ko"),
        ("ท่าเรือ", "th"),
        ("λιμάνι", "el"),
        ("Harbour", "und"),
        ("порт", "und"),
        ("NHK 公開", "und"),
    ],
)
def test_a_short_title_has_the_language_of_its_script(text: str, language: str) -> None:
    assert detect(text, "", RULES.language)[0] == language


@pytest.mark.parametrize(
    ("text", "language", "words"),
    [
        ("The harbour — the old one – reopened.", "en", 6),
        ("Le port : est-il ouvert ?", "fr", 4),
        ("- One\n\n- Two", "en", 2),
        ("གྲུ་ཁ་དེ་གཟའ་མིག་དམར་ལ་ཡང་བསྐྱར་ཕྱེ་བ་རེད།", "bo", 8),
        ("twenty-two a+b", "en", 2),
        ("", "bo", 0),
    ],
)
def test_marks_are_no_words_and_syllables_make_words(text: str, language: str, words: int) -> None:
    assert count_words(text, language) == words
