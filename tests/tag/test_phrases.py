import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.tag.rules.phrases import Phrases, fold


def surfaces(text: str, *phrases: str) -> list[str]:
    return [text[hit.start : hit.end] for hit in Phrases(phrases).find(text)]


@pytest.mark.parametrize(
    ("phrase", "text", "expected"),
    [
        ("war", "War ends. A warm award forward: war!", ["War", "war"]),
        ("wahl", "Die Wahl, nicht die Auswahl oder der Wahlkreis", ["Wahl"]),
        ("été", "L’été dernier, l'étéignoir", ["été"]),
        ("выборы", "Выборы и перевыборы", ["Выборы"]),
        ("εκλογές", "Οι ΕΚΛΟΓΈΣ έγιναν", ["ΕΚΛΟΓΈΣ"]),
        ("चुनाव", "चुनाव हुआ, चुनावी नहीं", ["चुनाव"]),
        ("선거", "선거 결과, 선거가", ["선거"]),
        ("انتخابات", "انتخابات، والانتخابات", ["انتخابات"]),
        ("選挙", "総選挙が行われた", ["選挙"]),
        ("ワクチン", "新しいワクチンの接種", ["ワクチン"]),
        ("เลือกตั้ง", "การเลือกตั้งทั่วไป", ["เลือกตั้ง"]),
        ("covid-19", "COVID‑19 and covid-19", ["COVID‑19", "covid-19"]),
        ("coup d'état", "le coup d’État de 1851", ["coup d’État"]),
        ("g7", "G7 and G77", ["G7"]),
    ],
)
def test_a_phrase_matches_whole_words_in_any_alphabet(
    phrase: str, text: str, expected: list[str]
) -> None:
    assert surfaces(text, phrase) == expected


def test_a_prefix_takes_the_word_to_its_end() -> None:
    assert surfaces("Die Bundestagswahlen, wahllos", "bundestags*", "wahl*") == [
        "Bundestagswahlen",
        "wahllos",
    ]


def test_a_phrase_in_capitals_matches_only_capitals() -> None:
    assert surfaces("The WHO says who may go", "WHO") == ["WHO"]
    assert surfaces("The WHO says who may go", "who") == ["WHO", "who"]


@pytest.mark.parametrize(
    ("text", "surface"),
    [
        ("Große Straße gesperrt", "Straße"),
        ("ßßß STRASSE ß", "STRASSE"),
        ("ﬁnd the ﬂag: straße", "straße"),
    ],
)
def test_letters_that_grow_when_casefolded_do_not_shift_the_span(text: str, surface: str) -> None:
    assert surfaces(text, "straße") == [surface]


def test_overlapping_phrases_are_all_found() -> None:
    assert surfaces("central bank rates", "central bank", "bank", "bank rates") == [
        "central bank",
        "bank",
        "bank rates",
    ]


# Letters of several alphabets, letters that grow, marks, separators.
TEXT = st.text(alphabet="abßﬁŉİΐſé ’-.\u0301дж選वि1", max_size=60)


@given(TEXT, st.lists(st.text(alphabet="abssfiéдж選", min_size=1, max_size=4), min_size=1))
def test_the_characters_of_a_match_are_the_phrase(text: str, phrases: list[str]) -> None:
    for hit in Phrases(phrases).find(text):
        assert 0 <= hit.start < hit.end <= len(text)
        assert fold(phrases[hit.phrase]).text in fold(text[hit.start : hit.end]).text


@given(TEXT, TEXT)
def test_a_word_between_spaces_is_found_at_its_offset(before: str, after: str) -> None:
    text = f"{before} zebra {after}"
    assert ("zebra", len(before) + 1) in [
        (text[hit.start : hit.end], hit.start) for hit in Phrases(["zebra"]).find(text)
    ]


def test_no_character_outside_the_scanned_range_grows_and_none_shrinks() -> None:
    lengths = {len(chr(code).casefold()) for code in range(0xFB18, 0x110000)}
    assert lengths == {1}
    assert min(len(chr(code).casefold()) for code in range(0xFB18)) == 1


@given(TEXT)
def test_each_folded_character_has_its_original_offset(text: str) -> None:
    folded = fold(text)
    origins = [folded.original_offset(at) for at in range(len(folded.text))]
    assert sorted(set(origins)) == list(range(len(text)))
    assert "".join(fold(character).text for character in text) == folded.text
    assert all(c in fold(text[at]).text for c, at in zip(folded.text, origins, strict=True))
