"""Numbers of equal value are equal, however they are written."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.dedup.numbers import NumberReader
from worker.dedup.shingles import words_of


def values(text: str, language: str = "en") -> list[str]:
    reader = NumberReader.of(language, frozenset({"two", "zwei", "due"}))
    return [number.value for number in reader.numbers(words_of(text).words)]


@pytest.mark.parametrize(
    ("language", "texts", "value"),
    [
        ("en", ["12 men", "twelve men", "12.0 men", "a dozen men"], "12"),
        ("en", ["$5 million in", "$5,000,000 in", "5m dollars", "five million dollars"], "5000000"),
        ("en", ["August 3", "August three", "August 3rd", "August 03"], "3"),
        ("en", ["two hundred and six men", "206 men"], "206"),
        ("en", ["twenty-one men", "21 men"], "21"),
        ("en", ["1,234.5 tons", "1.234,5 tons", "1 234,5 tons"], "12345"),
        ("de", ["1,2 Millionen Euro", "1.200.000 Euro", "1,2 Mio. Euro"], "1200000"),
        ("de", ["dreiunddreißig", "33"], "33"),
        ("de", ["zwei Milliarden", "2 Mrd."], "2000000000"),
        ("fr", ["quatre-vingt-dix-sept", "97"], "97"),
        ("fr", ["quatre-vingts", "80"], "80"),
        ("fr", ["vingt et un", "21"], "21"),
        ("fr", ["2,5 millions", "2 500 000"], "2500000"),
        ("es", ["treinta y una", "31"], "31"),
        ("es", ["veintidós", "22"], "22"),
        ("es", ["48 mil euros", "48.000 euros"], "48000"),
        ("it", ["quarantasei", "46"], "46"),
        ("it", ["settantatré", "73"], "73"),
        ("it", ["settemila", "7.000", "7 mila"], "7000"),
        ("pt", ["vinte e dois", "22"], "22"),
        ("pt", ["1,7 bilhão", "R$ 1.700.000.000"], "1700000000"),
        ("nl", ["drieëntwintig", "23"], "23"),
        ("nl", ["1,5 miljard", "1.500.000.000"], "1500000000"),
        ("zh", ["一百四十万", "140万", "1400000"], "1400000"),
        ("zh", ["十二", "12"], "12"),
        ("ar", ["١٢", "12"], "12"),
        ("sv", ["two", "2"], "2"),
    ],
)
def test_numbers_of_one_value_are_equal(language: str, texts: list[str], value: str) -> None:
    assert [values(text, language) for text in texts] == [[value]] * len(texts)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "once due, the sei whale and one of a million thanks"),
        ("es", "uno por ciento"),
        ("fr", "un pour cent"),
        ("it", "una per cento"),
        ("en", ""),
    ],
)
def test_other_words_are_no_numbers(language: str, text: str) -> None:
    assert values(text, language) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [("12 men", "13 men"), ("5 million", "5 billion"), ("12 men", "120 men"), ("two", "twelve")],
)
def test_other_values_are_other_numbers(one: str, other: str) -> None:
    assert values(one) != values(other)


@given(st.integers(0, 10**15))
def test_separators_of_thousands_make_no_difference(number: int) -> None:
    written = [
        f"{number}",
        f"{number:,}",
        f"{number:,}".replace(",", "."),
        f"{number:,}".replace(",", " "),
    ]
    assert [values(text) for text in written] == [[str(number)]] * 4


@given(
    st.text(max_size=80), st.sampled_from(["en", "de", "fr", "es", "it", "pt", "nl", "zh", "und"])
)
def test_any_text_has_numbers_in_order(text: str, language: str) -> None:
    words = words_of(text).words
    numbers = [*NumberReader.of(language, frozenset()).numbers(words)]
    assert all(0 <= n.begin < n.end <= len(words) for n in numbers)
    assert all(a.end <= b.begin for a, b in pairwise(numbers))
