"""Rewrite parts of dates that mean something else in one language than in most: "CST" is the time
of China in a Chinese feed, "23.11.14" begins with the year in a Korean one.

`native_forms` has the forms that only one language uses, and that mean the same everywhere.
"""

import re
from collections.abc import Callable

_YEAR_FIRST = re.compile(  # 23.11.14 or 23. 11. 14.
    r"^([^0-9]{0,20})([0-9]{2})(?:([/-])|\. ?)([0-9]{1,2})(?:\3|\. ?)([0-9]{1,2})(?![0-9:])"
)
_ERA = re.compile(r"\b([RHS])\.? ?([0-9]{1,2})([./-])([0-9]{1,2})\3([0-9]{1,2})(?![0-9])")
_BEFORE_ERA = {"R": 2018, "H": 1988, "S": 1925}  # Reiwa, Heisei, Showa
_CHINESE_TIME = re.compile(r"\bCST\b(?! ?[(+-])")
_BUDDHIST = re.compile(r"(?<![0-9.,:])(?<![0-9]:)(2[45][0-9]{2})(?=([/-])[01]?[0-9]\2[0-3]?[0-9])")
_BUDDHIST_LAST = re.compile(
    r"(?<![0-9])([0-3]?[0-9])([/.-])([01]?[0-9])\2(2[45][0-9]{2}|[5-9][0-9])(?![0-9:])"
)
_BUDDHA = 543  # years before the common era
_CROATIAN = dict(
    zip(
        "sij velj ožu tra svi lip srp kol ruj lis stu pro".split(),
        "january february march april may june july august september october november "
        "december".split(),
        strict=True,
    )
)
_CROATIAN_MONTH = re.compile(rf"\b({'|'.join(_CROATIAN)})\b\.?", re.I)
_CHINESE_DAY_FIRST = re.compile(r"zh[-_](?:[a-z]{4}[-_])?(?:hk|mo)\b", re.I)


def customs_of(language: str, declared: str) -> frozenset[str]:
    """Return those languages of an article in which a part of a date has a meaning of its own.

    `language` is the language that was detected, and `declared` the language tag that the source
    gives, such as "zh-TW". Dates of Hong Kong and Macau begin with the day, unlike those of China.
    """
    primary = re.split("[-_]", declared.strip().lower(), maxsplit=1)[0]
    known = _CUSTOMS.keys() & {language, primary}
    return frozenset(known - {"zh"} if _CHINESE_DAY_FIRST.match(declared.strip()) else known)


def in_common_meaning(text: str, customs: frozenset[str]) -> str:
    """Rewrite dates whose meaning depends on the language to a form that means the same everywhere.

    "23.11.14" in Korean becomes "2023-11-14". `customs` are the languages, from `customs_of`.
    """
    for language in sorted(customs):
        text = _CUSTOMS[language](text)
    return text


def _eastern(text: str) -> str:
    return _YEAR_FIRST.sub(_with_century, text)


def _chinese(text: str) -> str:
    return _CHINESE_TIME.sub("+0800", _eastern(text))


def _japanese(text: str) -> str:
    return _eastern(_ERA.sub(_of_era, text))


def _with_century(date: re.Match[str]) -> str:
    year, month, day = int(date[2]), int(date[4]), int(date[5])
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return date[0]
    return f"{date[1]}{1900 + year if year >= 69 else 2000 + year}-{month:02}-{day:02}"


def _of_era(date: re.Match[str]) -> str:
    year = _BEFORE_ERA[date[1]] + int(date[2])
    return f"{year}-{int(date[4]):02}-{int(date[5]):02}"


def _thai(text: str) -> str:
    text = _BUDDHIST.sub(lambda year: str(int(year[1]) - _BUDDHA), text)
    return _BUDDHIST_LAST.sub(_common_year_last, text)


def _common_year_last(date: re.Match[str]) -> str:
    year = int(date[4]) + (2500 if len(date[4]) == 2 else 0) - _BUDDHA
    return f"{date[1]}{date[2]}{date[3]}{date[2]}{year}"


def _croatian(text: str) -> str:
    return _CROATIAN_MONTH.sub(lambda name: _CROATIAN[name[1].lower()], text)


_CUSTOMS: dict[str, Callable[[str], str]] = {
    "zh": _chinese,
    "ja": _japanese,
    "ko": _eastern,
    "th": _thai,
    "hr": _croatian,
}
