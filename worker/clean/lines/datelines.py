"""Read place and news agency from the dateline that opens an article, such as "BERLIN (dpa) - ".

Examples of datelines that are recognised: "MOSCOW, Feb 5 (Reuters) - ", "Berlin (dpa) - ", "PARÍS,
5 feb (EFE).- ", "МОСКВА, 5 фев /ТАСС/. ", "ROMA (ANSA) - ", "(ANSA) - ROMA, 05 FEB - ", "BERLIN taz
| ", "LONDON — ".
"""

import re
from typing import NamedTuple

from worker.clean.line_rule_config import DatelineRules

_MONTH = r"[^\W\d_]{3,10}\.?"
_DATE = (
    rf"(?:[,.]?\s+(?:\d{{1,2}}(?:º|er|\.)?(?:\s+de)?\s+{_MONTH}(?:\s+(?:de\s+)?\d{{4}})?"
    rf"|{_MONTH}\s+\d{{1,2}}(?:,\s+\d{{4}})?)[.,]?)?"
)
_PLACE = r"(?P<place>[^\W\d_][^()\[\]:;!?|–—\d\n]{1,60}?)"
_AGENCY = r"(?P<agency>[^\W\d_][\w .&-]{1,30})(?:/[\w .&-]{1,30})?"
_DASH = r"\s*(?:[-–—]{1,2}|\.\s?[-–—]{1,2}|:)\s*"
_FORMS = tuple(
    re.compile(form)
    for form in (
        rf"{_PLACE}{_DATE}[.,]?\s*[(/]{_AGENCY}[)/](?:{_DASH}|[.,]\s+)",
        rf"\({_AGENCY}\){_DASH}{_PLACE}{_DATE}\s*[-–—]{{1,2}}\s+",
        rf"{_PLACE}{_DATE}\s*[-–—]\s*{_AGENCY}[.:]\s+",
        rf"{_PLACE}{_DATE}\s+{_AGENCY}\s*\|\s+",
        rf"(?P<place>)\({_AGENCY}\){_DASH}",
        rf"{_PLACE}{_DATE}\s*(?P<agency>)(?:--|[–—]|(?<=\s)-)\s+",
    )
)
_MARKS = ("(", " -", "–", "—", "--", "|", "/", ".-")  # each form has one of them
_PARTICLES = frozenset("and de del der di do du el am an der im la of the und y и на".split())
_MAX_WORDS = 5
_MIN_LEFT_CHARS = 15  # of the sentence that a dateline opens


class Dateline(NamedTuple):
    """The place and the news agency that open an article, as in "BERLIN (dpa) - "; at most one of
    them is "".

    `end` is the offset in the line at which the article's first sentence begins.
    """

    place: str
    agency: str
    end: int  # offset of the sentence after it


def read_dateline(line: str, rules: DatelineRules) -> Dateline | None:
    """Read the place and the news agency that open a line, as in "BERLIN (dpa) - "; return None if
    the line does not begin so.

    Only agencies listed in `rules` are recognised. If none is named, the place must be in
    capitals.
    """
    opening = line[: rules.max_chars]
    if not any(map(opening.__contains__, _MARKS)):
        return None
    for form in _FORMS:
        match = form.match(opening)
        if not match or len(line) - match.end() < _MIN_LEFT_CHARS:
            continue
        place, signed = match["place"].strip(" .,"), match["agency"].strip()
        agency = rules.agency_names.get(signed.casefold(), "")
        if (agency or not signed) and _is_place(place, rules, certain=bool(agency)):
            return Dateline(place, agency, match.end())
    return None


def _is_place(place: str, rules: DatelineRules, *, certain: bool) -> bool:
    if not place:
        return certain
    words = re.split(r"[\s,/]+", place)
    if len(words) > _MAX_WORDS or place.lower() in rules.not_places:
        return False
    if words[0].lower() in rules.not_places:
        return False
    if not certain:
        first = place.partition(",")[0]
        return first.isupper() and len(first) > 2
    return all(word in _PARTICLES or word[:1].isupper() for word in words)
