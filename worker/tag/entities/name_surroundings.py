"""Correct names by the words in them and right beside them.

An airport is a place, and a university an organisation, whatever the model took it for; NBC in
"NBC News" is not the whole name; "@JaneRoe" is an account, and AMD in "macular degeneration (AMD)"
no company.
"""

import re
import sys
from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence

from worker.tag.entities.mentions import ORGANISATION, PERSON, PLACE, Mention
from worker.tag.entities.person_surroundings import DESCRIBES, corrected_person, storm_names

_PLACES = frozenset(
    """Airport Airfield Airbase Heliport Estuary Harbour Harbor Bridge Tunnel Stadium Highway
    Motorway Boulevard Avenue Street Square River Lake Mountains Peninsula Island Islands Beach
    Prison Jail Cathedral Mosque Palace Castle Mall Tower Towers Plaza County Parish Arena Road
    Lane Hill Hall Speedway Monument Governorate Refinery Base Complex Village Quarter""".split()
)
_PLACE_STARTS = (
    *("Gulf of ", "Bay of ", "Strait of ", "Isle of ", "County ", "Co "),
    *("Northern ", "Southern ", "Eastern ", "Western ", "North ", "South ", "East ", "West "),
)
_TWO_WORDS = 2
_ORGANISATIONS = frozenset(
    """University College Institute Academy Patrol Police Ministry Agency Bureau Commission
    Committee Association Federation Foundation Society Corporation Company Times Tribune Gazette
    Herald Chronicle Telegraph""".split()
)
_SCHOOLS = ("Imperial College ", "University of ", "College of ", "Institute of ")
_STORMS = frozenset(("Typhoon", "Hurricane", "Cyclone", "Storm"))
_SHIPS = frozenset(("USS", "U.S.S.", "HMS", "H.M.S.", "RMS", "RV"))
_BEFORE_SAINTS = frozenset(("San", "Santa", "Santo", "La", "Le", "Los", "Las"))
_RETWEET, _SPEAKER = "RT @", "(("  # a speaker in an interview of Wikinews: "((WSS))"
_HALLS = (" Convention Center", " Convention Centre", " Shopping Center", " Shopping Centre")
_SUFFIXES = frozenset(("Jr", "Jr.", "Sr", "Sr.", "II", "III"))
_STATION = re.compile(r" (?:News|Sports?|Radio|Television|Entertainment)(?: \d{1,2})?\b")
_LAST_NOUN = re.compile(r" (?:Services|Bank|Group|Council|Fund|Foundation|Institute|Corporation)\b")
_SUBJECT = re.compile(  # of a body: "for Human Rights", "for the Defence of Nature"
    r" (?:for|of)(?: the)? [A-Z][\w'’-]+(?:(?: (?:of|and|the))* [A-Z][\w'’-]+){0,5}"
)
_BODIES = frozenset(
    """Committee Council Coalition Center Centre Institute Association League Campaign Network
    Foundation Fund Society Commission Agency Organization Organisation Office Bureau
    Observatory""".split()
)
# The end of "Department of Emergency Services and Public Protection"
_SECOND_SUBJECT = re.compile(
    r"(?:, [A-Z][a-z]+(?: [A-Z][a-z]+){0,2}){0,3},? (?:and|&) [A-Z][a-z]+(?: [A-Z][a-z]+){0,3}"
)
_HAS_SUBJECTS = re.compile(
    r"\b(?:Department|Ministry|Union|Institute|Committee|Commission|Center|Centre|Office|Agency|Bureau"
    r"|Council|Association|Secretary|School|Faculty|Subcommittee) (?:of|for|on) "
)
# Bodies that are called by where they are: "Chinese University of Hong Kong"
_AT_PLACES = frozenset(
    """University College Academy School Court Bank Church Museum Hospital Polytechnic
    Conservatory Parliament Federation""".split()
)
_PLACE_OF_BODY = re.compile(r" (?:of|at)(?: the)? [A-Z][\w'’-]+(?: [A-Z][\w'’-]+){0,2}")
# The campus of a university of a state: "University of California, San Diego"
_STATE_UNIVERSITY = re.compile(
    r"University of (?:Alabama|Arkansas|California|Colorado|Hawaii|Illinois|Maryland|Massachusetts"
    r"|Michigan|Minnesota|Missouri|Nebraska|Nevada|North Carolina|Tennessee|Texas|Wisconsin)"
)
_CAMPUS = re.compile(r"(?:, | at |[-–])[A-Z][a-z]+(?: [A-Z][a-z]+)?")
# What stands before the rest of a name: "Office of" before "Naval Research"
_HEAD = re.compile(
    r"\b(?:Office|Department|Ministry|Bureau|Institute|School|College|Academy|Faculty|Secretariat"
    r"|Board|Directorate|Council|Committee|Society|Association|Union|Federation|Chamber|Commission"
    r"|Division) (?:of|for) (?:the )?$"
)
_FIRST_OF_TWO = re.compile(
    r"\b[A-Z][a-z]+ (?:and|&) $"
)  # "Bill and", before "Melinda Gates Foundation"
_TRUSTS = (" Foundation", " Trust", " Fund")
# Names of bodies that every country, state or city has begin with these.
_COMMON_STARTS = frozenset("Superior Supreme High Crown District Circuit Court Appeals".split())
_EVENTS = (" Games", " Olympics", " Cup", " Awards", " Marathon", " Expo", " Space Station")
_SURVEILLANCE = re.compile(r" (?:camera|footage|image|video|recording|system|surveillance|clip)")
# A model, event, prize or law that is called by a company's name: "Boeing 737", "the Ryder Cup"
_CALLED_BY_MAKER = re.compile(
    r" (?:[A-Z]+\d{1,5}\w{0,4}|\d{3}\w{0,3}"
    r"|Cup|Open|Championships?|Masters|Awards?|Prize|Day|Act|Code|Rally|Tour)\b"
)
_HALF = re.compile(r"\b(?:Observatory|League|Centre|Center|Council) for (?:the )?$")
_LONGEST_WORD, _LONGEST_HEAD, _LONGEST_ADDRESS = 24, 32, 200  # characters
_ACCOUNT = frozenset("@#_")  # before an account or a hash tag
_TICKER = re.compile(r"[A-Z]{1,5}\.[A-Z]{1,2}|[A-Z]/[A-Z]")
_LISTED_AS = re.compile(r":[A-Z]")  # after the name of a stock exchange: "OTCBB:BBRY"
# Two names run together, "CookApple"; but not MacDonald, VonTrapp, FitzGerald.
_GLUED = re.compile(r"\b(?:[A-Z][a-z]{3,}|[a-z]{3,})[A-Z][a-z]{2}")
_BEFORE_CAPITALS = ("Fitz", "Saint")
_NO_BODIES = frozenset(  # ends of what has an acronym and is no body
    """System Act Code Program Programme Training Syndrome Disease Disorder Virus Linux Zone Index
    Treaty Agreement Convention Protocol Test Scale Manager Officer Vehicle Language""".split()
)
_IN_BRACKETS = re.compile(r"\(([A-Z]{2,6})s?\)")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_PASSAGE = 160  # characters before an acronym in brackets


def corrected(mentions: Sequence[Mention], text: str) -> list[Mention]:
    """Return the mentions of names in `text` with the corrections of this module; those that are no
    names are left out. Names that the operator has listed stay as they are."""
    acronyms = frozenset(_acronyms_of_words(text)) if "(" in text else frozenset()
    storms = storm_names(text)
    others = sorted(m.start for m in mentions if m.kind != ORGANISATION or m.method != "crf")
    place_starts = {m.end: m.start for m in mentions if m.kind == PLACE}
    kept: list[Mention] = []
    longer: list[tuple[int, int]] = []  # what was added to names
    for mention in mentions:
        if _is_no_name(mention, text, acronyms):
            continue
        if mention.method != "own":
            start, end = mention.start, mention.end
            mention = _with_kind_of_last_word(_without_open_bracket(mention))
            if mention.kind == PERSON:
                person = corrected_person(mention, text, storms)
                if person is None:
                    continue
                mention = person
            else:
                mention = _whole(mention, text, others, place_starts)
            if mention.end > end:
                longer.append((end, mention.end))
            if mention.start < start:
                longer.append((mention.start, start))
        kept.append(mention)
    if not longer:
        return kept
    longer.sort()
    return [m for m in kept if m.method == "own" or not _lies_in(m, longer)]


def _lies_in(mention: Mention, passages: Sequence[tuple[int, int]]) -> bool:
    """Whether a mention lies within the last of these passages that begins at or before it."""
    before = bisect_right(passages, (mention.start, sys.maxsize))
    return before > 0 and mention.end <= passages[before - 1][1]


def _is_no_name(mention: Mention, text: str, acronyms: Collection[str]) -> bool:
    start, end, surface, kind, _, method, *_ = mention
    if kind == PLACE and text.startswith(" dollar", end):
        return True
    if method == "own":
        return False
    before = text[start - 1 : start]
    if before in _ACCOUNT or surface in acronyms:
        return True
    if text.startswith(_RETWEET, start) or text.endswith(_SPEAKER, 0, start):
        return True
    if before == "/" and "." in text[max(0, start - _LONGEST_ADDRESS) : start].rsplit(None, 1)[-1]:
        return True
    if kind == ORGANISATION and _CALLED_BY_MAKER.match(text, end, end + _LONGEST_WORD):
        return True
    if surface == "CCTV" and _SURVEILLANCE.match(text, end):
        return True
    if method != "crf":
        return False
    if kind == PERSON:
        first, _, rest = surface.partition(" ")
        if first in _BEFORE_SAINTS and rest and " " not in rest:
            return True  # "Santa Caterina", "Le Marche"
        return first in _STORMS or first in _SHIPS or surface in _SUFFIXES or _is_glued(surface)
    if before == "-" or _TICKER.fullmatch(surface):  # the rest of a word: "Export-Import Bank"
        return True
    if kind == ORGANISATION and (
        surface.endswith(_EVENTS) or _HALF.search(text, max(0, start - _LONGEST_WORD), start)
    ):
        return True
    if kind == ORGANISATION and " " in surface:
        first, _, last = surface.rpartition(" ")
        if last.islower() or first == "The":
            return True  # "House committee", "Australian police"; "The Post" of many cities
    return surface.isupper() and (before == ":" or bool(_LISTED_AS.match(text, end)))


def _is_glued(surface: str) -> bool:
    found = _GLUED.search(surface)
    return found is not None and not found[0].startswith(_BEFORE_CAPITALS)


def _acronyms_of_words(text: str) -> Iterator[str]:
    """Acronyms that the text explains by words which name no body: GMO in "modified organisms
    (GMO)", AIS in "the Automatic Identification System (AIS)"."""
    for found in _IN_BRACKETS.finditer(text):
        acronym = found[1]
        words = _WORD.findall(text, max(0, found.start() - _PASSAGE), found.start())
        words = words[-len(acronym) :]
        if [word[0].lower() for word in words] == [*acronym.lower()] and (
            all(map(str.islower, words)) or words[-1] in _NO_BODIES
        ):
            yield acronym


def _with_kind_of_last_word(mention: Mention) -> Mention:
    """The mention with the kind that its last word shows, if the trained model alone found it."""
    if mention.method != "crf":
        return mention
    first, _, last = mention.surface.rpartition(" ")
    if not first:
        return mention
    if mention.kind == ORGANISATION and (last in _PLACES or mention.surface.endswith(_HALLS)):
        return mention._replace(kind=PLACE)
    if mention.kind == PERSON and first == "County":
        return mention._replace(kind=PLACE)
    if mention.kind == ORGANISATION and mention.surface.startswith(_PLACE_STARTS):
        words = mention.surface.split(" ")
        if len(words) == _TWO_WORDS or words[1] == "of":
            return mention._replace(kind=PLACE)
    if mention.kind == PLACE and (last in _ORGANISATIONS or f"{first} ".startswith(_SCHOOLS)):
        return mention._replace(kind=ORGANISATION)
    if mention.kind == PERSON and last in _PLACES:
        return mention._replace(kind=PLACE)
    return mention


def _without_open_bracket(mention: Mention) -> Mention:
    """The mention without a bracket that it does not close: "Washington (D.C"."""
    name, bracket, rest = mention.surface.partition(" (")
    if mention.method != "crf" or not bracket or ")" in rest:
        return mention
    return mention._replace(end=mention.start + len(name), surface=name)


def _whole(
    mention: Mention, text: str, others: Sequence[int], place_starts: Mapping[int, int]
) -> Mention:
    """An organisation with what belongs to its name, as NBC with "News", and without the rest:
    "Tiffany &" loses "&", "London-based Sunday Times" its first word.

    `others` are where names begin that can't be a part of it, in order. `place_starts` maps where
    names of places end to where they begin.
    """
    start, end, surface, kind, *_ = mention
    if kind != ORGANISATION:
        return mention
    if surface.endswith(" &"):
        surface = surface[:-2].rstrip()
        return mention._replace(end=start + len(surface), surface=surface)
    listed = mention.method == "gazetteer"
    first, _, rest = surface.partition(" ")
    if not listed and rest and first.endswith(DESCRIBES):
        start, surface = end - len(rest), rest
        mention = mention._replace(start=start, surface=surface)
    found = _STATION.match(text, end) if listed or surface.isupper() else None
    if not found and not listed:
        found = _LAST_NOUN.match(text, end)
        last = surface.rpartition(" ")[2]
        if not found and last in _BODIES:
            found = _SUBJECT.match(text, end)
        if not found and last in _AT_PLACES:
            found = _PLACE_OF_BODY.match(text, end)
        if not found and _STATE_UNIVERSITY.fullmatch(surface):
            found = _CAMPUS.match(text, end)
        if not found and _HAS_SUBJECTS.search(surface):
            found = _SECOND_SUBJECT.match(text, end)
            if found and bisect_right(others, end) < bisect_right(others, found.end()):
                found = None  # "the Ministry of Defence and President Macron"
        start = _first_start(surface, text, start, place_starts)
    end = found.end() if found else end
    return mention._replace(start=start, end=end, surface=text[start:end])


def _first_start(surface: str, text: str, start: int, place_starts: Mapping[int, int]) -> int:
    """Where the name of an organisation begins of which the trained model found the words
    `surface`, at `start`: "Ontario Superior Court", "Office of Naval Research", "Bill and Melinda
    Gates Foundation"."""
    if surface.partition(" ")[0] in _COMMON_STARTS and text[start - 1 : start] == " ":
        return place_starts.get(start - 1, start)
    before = max(0, start - _LONGEST_HEAD)
    if head := _HEAD.search(text, before, start):
        return head.start()
    if surface.count(" ") > 1 and surface.endswith(_TRUSTS):
        first = _FIRST_OF_TWO.search(text, before, start)
        return first.start() if first else start
    return start
