"""Rewrite forms of dates that only one language or calendar has to forms that all dates share.

"令和5年4月14日" becomes "2023年4月14日", "14 tháng 4 năm 2023" becomes "14 april 2023".
"""

import re

from worker.clean.dates.letters import fold
from worker.clean.dates.month_names import MONTHS

_ENGLISH = (
    "january february march april may june july august september october november december".split()
)
# Thai: vowel signs tell March from January, so abbreviations are read before letters are folded.
_THAI = re.compile("[\u0e01-\u0e59]")
_THAI_SHORT = dict(
    zip(
        "ม.ค. ก.พ. มี.ค. เม.ย. พ.ค. มิ.ย. ก.ค. ส.ค. ก.ย. ต.ค. พ.ย. ธ.ค.".split(),
        _ENGLISH,
        strict=True,
    )
)
_THAI_MONTH = re.compile("|".join(re.escape(name) for name in sorted(_THAI_SHORT, reverse=True)))
_THAI_REST = re.compile(
    "วัน[\u0e01-\u0e4e]{1,20}|จันทร์|อังคาร|พุธ|พฤหัสบดี|ศุกร์|เสาร์|อาทิตย์" r"|พ\.ศ\.|เวลา|น\."
)
_THAI_SHORT_YEAR = re.compile(  # 66 for 2566
    r"(?<=[a-z\u0e01-\u0e4e] )(?=[5-9][0-9](?![0-9:.]))"
)
_BUDDHIST_YEAR = re.compile(r"(?<![0-9])2[45][0-9]{2}(?![0-9])")
_BUDDHA = 543  # years before the common era

_ERA = re.compile(r"(令和|平成|昭和|大正|(?:中[華华])?民[國国]) ?(元|[0-9]{1,3})年")
_BEFORE_ERA = {"令和": 2018, "平成": 1988, "昭和": 1925, "大正": 1911, "民國": 1911, "民国": 1911}
_HAN_DATE = re.compile(
    r"([〇零○一二三四五六七八九]{4})年([一二三四五六七八九十]{1,2})月([一二三四五六七八九十廿卅]{1,3})([日號号])"
)
_HAN_DIGITS = {character: number for number, character in enumerate("〇一二三四五六七八九")}
_HAN_DIGITS |= {"零": 0, "○": 0}

_VIETNAMESE_MONTH = re.compile(
    r"\b(?:(?:thang|thg) ?|th(?=[01]?[0-9],? ))(1[0-2]|0?[1-9]|gieng|muoi mot|muoi hai"
    r"|muoi|chap|hai|ba|tu|nam|sau|bay|tam|chin)\b(?:,? nam (?=[0-9]{4}))?",
    re.I,
)
_VIETNAMESE = dict(
    zip("gieng hai ba tu nam sau bay tam chin muoi".split(), range(1, 11), strict=True)
) | {"muoi mot": 11, "muoi hai": 12, "chap": 12}
_BASQUE = re.compile(  # "2023ko azaroaren 14a"
    r"\b([12][0-9]{3})(?:e?ko) ([^\W\d_]{3,12})ren ([0-9]{1,2})[ae]?n?\b", re.I
)
_LITHUANIAN = re.compile(r"\b([12][0-9]{3}) m\. ?([^\W\d_]{3,12}) ([0-9]{1,2}) d\.")
_TWO_WORDS = {
    fold(name): month
    for name, month in {
        "كانون الثاني": "january",
        "تشرين الأول": "october",
        "تشرين الثاني": "november",
        "كانون الأول": "december",
        "بتوقيت غرينتش": "GMT",
        "بتوقيت جرينتش": "GMT",
    }.items()
}
_TWO_WORD = re.compile("|".join(_TWO_WORDS))
_CROATIAN_OCTOBER = re.compile(
    r"(?<=[0-9]\.) listopada(?= [0-9]{4}\.)", re.I
)  # "14. listopada 2023."
_JUMAT = re.compile(r"\bjum'at\b", re.I)
_BOTH_NAMES = re.compile(r"([^\W\d_]{3,12}) ?/ ?([^\W\d_]{3,12})")  # "april/نيسان"


def in_common_form(text: str) -> str:
    """Rewrite a written date so that the parser of dates need not know the forms of single
    languages and calendars: "令和5年4月14日" becomes "2023年4月14日".

    Accents are removed, and all digits become ASCII digits.
    """
    if text.isascii():
        return _ascii_forms(" ".join(text.split()))
    if _THAI.search(text):
        text = _from_thai(text)
    text = fold(text)
    text = _ERA.sub(_common_year, text)
    text = _HAN_DATE.sub(_with_digits, text)
    text = _TWO_WORD.sub(lambda phrase: _TWO_WORDS[phrase[0]], text)
    text = _BOTH_NAMES.sub(_first_name, text)
    return _ascii_forms(text)


def _ascii_forms(text: str) -> str:
    text = _VIETNAMESE_MONTH.sub(_vietnamese_month, text) if "th" in text.lower() else text
    text = _LITHUANIAN.sub(r"\1 \2 \3", text) if " m." in text else text
    text = _BASQUE.sub(r"\1 \2 \3", text) if "ko " in text else text
    text = _CROATIAN_OCTOBER.sub(" october", text) if "listopada" in text.lower() else text
    return _JUMAT.sub("jumat", text) if "'" in text else text


def _from_thai(text: str) -> str:
    text = _THAI_MONTH.sub(lambda name: f"{_THAI_SHORT[name[0]]} ", text)
    text = " ".join(_THAI_REST.sub(" ", text).split())
    text = fold(_THAI_SHORT_YEAR.sub("25", text))
    return _BUDDHIST_YEAR.sub(lambda year: str(int(year[0]) - _BUDDHA), text)


def _common_year(era: re.Match[str]) -> str:
    year = 1 if era[2] == "元" else int(era[2])
    return f"{_BEFORE_ERA[era[1][-2:]] + year}年"


def _with_digits(date: re.Match[str]) -> str:
    year = "".join(str(_HAN_DIGITS[character]) for character in date[1])
    return f"{year}年{_han_number(date[2])}月{_han_number(date[3])}{date[4]}"


def _han_number(text: str) -> int:
    """Read a number below 100 in Chinese numerals, such as 二十三 for 23."""
    text = text.replace("廿", "二十").replace("卅", "三十")
    tens, ten, ones = text.rpartition("十")
    number = (_HAN_DIGITS.get(tens, 1) if ten else 0) * 10
    return number + (_HAN_DIGITS.get(ones[-1], 0) if ones else 0)


def _vietnamese_month(month: re.Match[str]) -> str:
    word = month[1].lower()
    number = int(word) if word.isdigit() else _VIETNAMESE[word]
    return f"{_ENGLISH[number - 1]} "


def _first_name(names: re.Match[str]) -> str:
    """Keep the first of two names that mean the same month."""
    first, second = (MONTHS.get(name.lower()) for name in names.groups())
    return names[1] if first and first == second else names[0]
