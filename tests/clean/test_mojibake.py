"""Texts that were decoded with the wrong charset are repaired, and no others are changed."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.clean.ordinary import cleaned
from worker.clean.html.charset import decode
from worker.clean.html.charset_detection import detect_charset
from worker.clean.text.mojibake import mend
from worker.clean.text.plain_text import is_sound

TEXTS = tomllib.loads((Path(__file__).parent / "charsets.toml").read_text("utf-8"))["texts"]
WRITTEN = [
    pytest.param(case["text"], charset, id=f"{language}-{charset}")
    for language, case in TEXTS.items()
    for charset in case["charsets"]
]
# Texts from which no letters are left that prove their charset.
UNPROVED = {("shift_jis", "cp1252"), ("shift_jis", "latin-1"), ("cp1250", "latin-1")}
UNPROVED |= {("iso2022_jp", "cp1252"), ("iso2022_jp", "latin-1")}
MANY = 100_000


def misread(data: bytes, charset: str) -> str:
    """Bytes as a lenient client decodes them: an undefined byte becomes a control character."""
    read = (bytes([byte]).decode(charset, "replace") for byte in data)
    return "".join(
        character if character != "\ufffd" else chr(byte)
        for character, byte in zip(read, data, strict=True)
    )


@pytest.mark.parametrize("declared", ["", "iso-8859-1", "utf-8", "text/html; charset=us-ascii"])
@pytest.mark.parametrize(("text", "charset"), WRITTEN)
def test_bytes_are_read_without_or_with_a_wrong_declaration(
    text: str, charset: str, declared: str
) -> None:
    page = f"<html><head><title>t</title></head><body><p>{text}</p></body></html>"
    assert decode(page.encode(charset), declared).text == page


@pytest.mark.parametrize("charset", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("language", TEXTS)
def test_utf_16_is_known_without_a_mark(language: str, charset: str) -> None:
    page = (
        f"<html><head><title>t</title></head><body><p>{TEXTS[language]['text']}</p></body></html>"
    )
    assert decode(page.encode(charset), "iso-8859-1").text == page


def test_the_meta_element_outranks_a_declared_latin_1() -> None:
    page = '<meta charset="windows-1251"><p>Да</p>'
    assert decode(page.encode("cp1251"), "text/html; charset=ISO-8859-1").text == page
    assert decode(page.encode("cp1251"), "windows-1252").charset == "cp1252"


@pytest.mark.parametrize(
    ("language", "read_as"),
    [
        (language, read_as)
        for language in TEXTS
        for read_as in ("cp1251", "cp1252", "cp1250", "koi8-r", "latin-1", "cp1253")
        if read_as != "koi8-r" or language not in ("th", "ko", "zh", "zh-tw")
    ],
)
def test_utf_8_that_was_read_as_another_charset_is_mended(language: str, read_as: str) -> None:
    text = TEXTS[language]["text"]
    garbled = misread(text.encode(), read_as)
    assert mend(garbled, MANY) == text
    assert not is_sound(garbled)


@pytest.mark.parametrize(
    ("text", "charset", "read_as"),
    [
        (case["text"], charset, read_as)
        for case in TEXTS.values()
        for charset in case["charsets"]
        for read_as in ("cp1252", "latin-1")
        if (charset, read_as) not in UNPROVED
    ],
)
def test_a_text_that_was_read_as_windows_1252_is_mended(
    text: str, charset: str, read_as: str
) -> None:
    garbled = misread(text.encode(charset), read_as)
    assert mend(garbled, MANY) == text
    assert garbled == text or not is_sound(garbled)


@pytest.mark.parametrize("upper", [False, True])
@pytest.mark.parametrize("language", TEXTS)
def test_a_sound_text_is_never_changed(language: str, upper: bool) -> None:
    text = TEXTS[language]["text"]
    text = text.upper() if upper else text
    for part in (text, f"{text}\n\n{text}", *text.split(". ")):
        assert mend(part, MANY) == part


@pytest.mark.parametrize(
    "text",
    [
        "Le maire a dit : « Âgé de 40 ans »",
        "MAÇÃ, IRMÃ E AMANHÃ À NOITE",
        "O custo é de 40 m³ por dia, 30 m³ à noite e 20 m³ aos domingos.",
        "¿Qué? ¿Cómo? ¿Cuándo?",
        "Hér er Þingvellir, þjóðgarður á Íslandi, og þar býr Þórður.",
        "«СССР» — «РФ»… «США»",
        "Кінець. Єдність і Їжа. Ґанок. Його Київ.",
        "KSIĘŻA MÓWIĄ O CIĘŻKICH ŻNIWACH",
        "Ærø og Åbenrå på Sønderjylland",
        "Dvořák, Janáček et Švejk à l’opéra",
        "Εδώ «Ά» και «Ώ»",
    ],
)
def test_letters_that_look_like_mojibake_stay(text: str) -> None:
    assert mend(text, MANY) == text


def test_the_paragraphs_in_another_charset_are_mended_one_by_one() -> None:
    russian = "Жители города вышли на набережную, чтобы увидеть открытие порта."
    garbled = f"Ελλάδα\n\n{misread(russian.encode('cp1251'), 'latin-1')}"
    assert mend(garbled, MANY) == f"Ελλάδα\n\n{russian}"
    mixed = f"The harbour — reopened…\n\n{misread(russian.encode('cp1251'), 'cp1252')}"
    article = cleaned(content=[{"type": "text/plain", "value": mixed}])
    assert article.text == f"The harbour — reopened…\n\n{russian}"
    assert article.flags == ("mojibake",)


@given(st.text(alphabet=st.characters(min_codepoint=0x80, max_codepoint=0x2FF), max_size=80))
def test_any_text_may_be_mended(text: str) -> None:
    assert isinstance(mend(text, MANY), str)


@given(st.binary(max_size=200))
def test_any_bytes_may_be_detected(data: bytes) -> None:
    assert isinstance(detect_charset(data), str)
