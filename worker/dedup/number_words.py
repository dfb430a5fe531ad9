"""The values of numbers that are spelled out, such as "twelve", "zwölf" and "douze million".

English, German, French, Spanish, Italian, Portuguese, Dutch and Chinese are known. Words are in
lower case.
"""

from collections.abc import Iterator, Mapping
from enum import Enum
from functools import cache
from typing import NamedTuple


class Role(Enum):
    """How a number word combines with the number words before it.

    ADDED words are added to them ("twelve"), TIMES words multiply the word before ("hundred"), and
    GROUP words multiply all words since the last GROUP word ("thousand").
    """

    ADDED = "added"
    TIMES = "times"
    GROUP = "group"


class NumberWord(NamedTuple):
    """A number word, such as "twelve": its value, and how this combines with the values of the
    number words before it."""

    value: int
    role: Role = Role.ADDED


NumberWords = Mapping[str, NumberWord]

# For each language: 2 to 19 (Spanish: to 29), the tens from 20, and words that multiply.
_UNITS = {
    "en": "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen",
    "de": "zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn "
    "sechzehn siebzehn achtzehn neunzehn",
    "fr": "deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize",
    "es": "dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince "
    "dieciséis diecisiete dieciocho diecinueve",
    "it": "due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici "
    "quindici sedici diciassette diciotto diciannove",
    "pt": "dois três quatro cinco seis sete oito nove dez onze doze treze quatorze quinze "
    "dezesseis dezessete dezoito dezenove",
    "nl": "twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien vijftien "
    "zestien zeventien achttien negentien",
}
_TENS = {
    "en": "twenty thirty forty fifty sixty seventy eighty ninety",
    "de": "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig",
    "fr": "vingt trente quarante cinquante soixante septante huitante nonante",
    "es": "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa",
    "it": "venti trenta quaranta cinquanta sessanta settanta ottanta novanta",
    "pt": "vinte trinta quarenta cinquenta sessenta setenta oitenta noventa",
    "nl": "twintig dertig veertig vijftig zestig zeventig tachtig negentig",
}
_MORE = {
    "en": "dozen=12",
    "de": "zwo=2 dreissig=30 zweihundert=200 dreihundert=300 dutzend=12",
    "fr": "vingts=20 octante=80 douzaine=12 quinzaine=15 vingtaine=20 trentaine=30 centaine=100",
    "es": "veintiuno=21 veintiún=21 veintiuna=21 veintidós=22 veintitrés=23 veinticuatro=24 "
    "veinticinco=25 veintiséis=26 veintisiete=27 veintiocho=28 veintinueve=29 doscientos=200 "
    "doscientas=200 trescientos=300 trescientas=300 cuatrocientos=400 quinientos=500 "
    "seiscientos=600 setecientos=700 ochocientos=800 novecientos=900",
    "it": "duecento=200 trecento=300 quattrocento=400 cinquecento=500 seicento=600 settecento=700 "
    "ottocento=800 novecento=900 duemila=2000 tremila=3000 quattromila=4000 cinquemila=5000 "
    "seimila=6000 settemila=7000 ottomila=8000 novemila=9000 diecimila=10000",
    "pt": "duas=2 catorze=14 dezasseis=16 dezassete=17 dezanove=19 duzentos=200 duzentas=200 "
    "trezentos=300 quatrocentos=400 quinhentos=500 seiscentos=600 setecentos=700 oitocentos=800 "
    "novecentos=900",
    "nl": "tweehonderd=200 driehonderd=300 tweeduizend=2000 drieduizend=3000 dozijn=12",
}
_TIMES = {
    "en": "hundred",
    "de": "hundert",
    "fr": "cent cents",
    "es": "cien ciento",
    "it": "cento",
    "pt": "cem cento",
    "nl": "honderd",
}
_GROUPS = {
    "en": {3: "thousand", 6: "million mn mln", 9: "billion bn", 12: "trillion"},
    "de": {
        3: "tausend",
        6: "million millionen mio",
        9: "milliarde milliarden mrd",
        12: "billionen",
    },
    "fr": {3: "mille", 6: "million millions", 9: "milliard milliards"},
    "es": {3: "mil", 6: "millón millones", 12: "billón billones"},
    "it": {3: "mila mille", 6: "milione milioni mln", 9: "miliardo miliardi mld"},
    "pt": {3: "mil", 6: "milhão milhões", 9: "bilhão bilhões", 12: "trilhão trilhões"},
    "nl": {3: "duizend", 6: "miljoen mln", 9: "miljard mrd"},
}
_ONES = {  # in compounds only: "one" and its kin are articles in most languages
    "en": "one",
    "de": "ein",
    "fr": "un",
    "es": "un uno una",
    "it": "uno",
    "pt": "um uma",
    "nl": "een",
}
_JOINTS = {"en": "and", "fr": "et", "es": "y", "pt": "e"}  # between the parts of one number
NEVER_FIRST = frozenset({"cent", "cents", "ciento", "cento"})  # "pour cent" is no hundred
_CHINESE = {
    **{word: NumberWord(value) for value, word in enumerate("〇一二三四五六七八九")},
    "零": NumberWord(0),
    "两": NumberWord(2),
    **{word: NumberWord(10**n, Role.TIMES) for n, word in enumerate("十百千", 1)},
    "万": NumberWord(10**4, Role.GROUP),
    "亿": NumberWord(10**8, Role.GROUP),
}
LANGUAGES = frozenset({*_UNITS, "zh"})


@cache
def number_words(language: str) -> NumberWords:
    """Return a dict from each number word of a language, in lower case, to its value and role.

    `language` is a code such as "de". For a code that is not in LANGUAGES, the dict has the number
    words of all languages together.
    """
    if language == "zh":
        return _CHINESE
    if language in LANGUAGES:
        return {**_CHINESE, **_casefolded(language)}
    together: dict[str, NumberWord] = dict(_CHINESE)
    for known in sorted(_UNITS):
        together = _casefolded(known) | together
    return together


@cache
def joints(language: str) -> frozenset[str]:
    """Return the words of a language that may stand between two number words of one number, such as
    "y" in the Spanish "treinta y dos" (32)."""
    return frozenset(_JOINTS.get(language, "").split())


@cache
def ones(language: str) -> frozenset[str]:
    """Return the words for 1 in a language, such as "one". They count as numbers only behind tens,
    as in "twenty-one", because most such words elsewhere are articles, such as "un" in French."""
    return frozenset(_ONES.get(language, "").split())


def _casefolded(language: str) -> dict[str, NumberWord]:
    return {word.casefold(): value for word, value in _of(language)}  # "ß" becomes "ss"


def _of(language: str) -> Iterator[tuple[str, NumberWord]]:
    units = dict(enumerate(_UNITS[language].split(), 2))
    tens = dict(zip(range(20, 100, 10), _TENS[language].split(), strict=True))
    for value, word in (units | tens).items():
        yield word, NumberWord(value)
    yield from _compounds(language, units, tens)
    for entry in _MORE[language].split():
        word, digits = entry.split("=")
        yield word, NumberWord(int(digits))
    for word in _TIMES[language].split():
        yield word, NumberWord(100, Role.TIMES)
    for power, words in _GROUPS[language].items():
        for word in words.split():
            yield word, NumberWord(10**power, Role.GROUP)


def _compounds(
    language: str, units: Mapping[int, str], tens: Mapping[int, str]
) -> Iterator[tuple[str, NumberWord]]:
    """The numbers from 21 to 99 that are one word, in the languages that write them so."""
    if language not in ("de", "nl", "it"):
        return
    one = {"de": "ein", "nl": "een", "it": "uno"}[language]
    for ten, word in tens.items():
        for unit in range(1, 10):
            digit = one if unit == 1 else units[unit]
            yield _joined(language, word, digit), NumberWord(ten + unit)


def _joined(language: str, ten: str, unit: str) -> str:
    if language == "de":
        return f"{unit}und{ten}"
    if language == "nl":
        return f"{unit}{'ën' if unit.endswith('e') else 'en'}{ten}"
    stem = ten[:-1] if unit[0] in "ou" else ten
    return stem + (unit[:-1] + "é" if unit == "tre" else unit)
