from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.clean.ordinary import cleaned
from worker.clean.html.charset import charset_of, decode
from worker.errors import Reason, Rejected

RUSSIAN = "Порт снова открылся в понедельник после двух недель ремонта."
CZECH = "Přístav se v pondělí znovu otevřel po dvou týdnech oprav, řekl šéf."
FRENCH = "Le café fermé du port a rouvert « hier » — après l’été."
JAPANESE = "港は二週間の修理を終えて月曜日に再開した。"
GREEK = "Το λιμάνι άνοιξε ξανά τη Δευτέρα μετά από δύο εβδομάδες."


@pytest.mark.parametrize(
    ("text", "charset", "declared"),
    [
        (RUSSIAN, "utf-8", ""),
        (RUSSIAN, "utf-8", "iso-8859-1"),
        (RUSSIAN, "utf-8-sig", "windows-1251"),
        (RUSSIAN, "utf-16", "utf-8"),
        (RUSSIAN, "cp1251", "text/html; charset=windows-1251"),
        (RUSSIAN, "cp1251", "utf-8"),
        (RUSSIAN, "cp1251", ""),
        (RUSSIAN, "koi8_r", "koi8-r"),
        (CZECH, "iso8859-2", "ISO-8859-2"),
        (CZECH, "cp1250", "no-such-charset"),
        (FRENCH, "cp1252", "iso-8859-1"),
        (FRENCH, "cp1252", "utf-8"),
        (JAPANESE, "shift_jis", ""),
        (JAPANESE, "euc_jp", "euc-jp"),
        (JAPANESE, "iso2022_jp", "iso-2022-jp"),
        (GREEK, "cp1253", "windows-1253"),
        ("Plain", "ascii", "us-ascii"),
    ],
)
def test_text_is_read_whatever_was_declared(text: str, charset: str, declared: str) -> None:
    assert decode(text.encode(charset), declared).text == text


@pytest.mark.parametrize(
    "head",
    [
        '<meta charset="windows-1251">',
        '<META http-equiv="Content-Type" content="text/html; charset=windows-1251">',
        '<?xml version="1.0" encoding="windows-1251"?>',
    ],
)
def test_a_page_says_its_charset_itself(head: str) -> None:
    page = f"{head}<p>Порт</p>"
    assert decode(page.encode("cp1251")) == (page, "cp1251", "meta")


@pytest.mark.parametrize(
    ("text", "charset", "declared"),
    [
        (RUSSIAN * 2, "koi8_r", "windows-1251"),
        (RUSSIAN * 2, "cp1251", "koi8-r"),
        (RUSSIAN.upper(), "cp1251", "windows-1251"),
        ("«ПОРТ» и iPHONE, сказал пОРТИЕ", "cp1251", "windows-1251"),
    ],
)
def test_small_and_capital_letters_tell_two_russian_charsets_apart(
    text: str, charset: str, declared: str
) -> None:
    assert decode(text.encode(charset), declared).text == text


def test_utf_16_without_a_mark_is_known_by_its_nul() -> None:
    page = "<html><body><p>Le café a rouvert</p></body></html>"
    assert decode(page.encode("utf-16-le"), "utf-8").text == page
    assert decode(page.encode("utf-16-be")).text == page


@pytest.mark.parametrize("name", ["zlib", "hex", "idna", "unicode_escape", "\x00", "x" * 50, ""])
def test_what_is_no_charset_of_text_is_not_believed(name: str) -> None:
    assert charset_of(name) == ""


@given(st.binary(max_size=300), st.text(max_size=20))
def test_any_bytes_become_text(data: bytes, declared: str) -> None:
    assert isinstance(decode(data, declared).text, str)


@given(st.text(min_size=1))
def test_utf_8_stays_what_it_is(text: str) -> None:
    data = text.encode("utf-8", "ignore")
    if not data.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")) and b"\0" not in data:
        assert decode(data, "latin-1").text == data.decode() or "\x1b$" in text


def test_content_comes_as_the_bytes_of_the_response() -> None:
    value = b64encode(f"<p>{RUSSIAN}</p>".encode("cp1251")).decode()
    content = [{"type": "text/html", "encoding": "base64", "value": value, "charset": "utf-8"}]
    assert cleaned(content=content).text == RUSSIAN


@pytest.mark.parametrize("value", ["a", "Порт"])
def test_what_is_not_base64_is_malformed(value: str) -> None:
    with pytest.raises(Rejected) as rejected:
        cleaned(content=[{"encoding": "base64", "value": value}])
    assert rejected.value.reason is Reason.MALFORMED
