"""Say what the words in a name and right beside it tell about whether the trained model found it
rightly.

"Ministry" stands in names of organisations, a word with a capital right behind a name makes it
likely that the name goes on, and who "said" something is no place.
"""

import re
from functools import lru_cache

from worker.tag.entities.mentions import Mention

BODY = "body"  # a word for a kind of organisation: Ministry, Journal, Club
HYPHEN = "hyphen"
GENITIVE = "genitive"  # an apostrophe in it
PART = "part"  # a word with a capital right before or behind it, so it may be half a name
ACTS = "acts"  # it says or does something, or something is done by it
LOCATED = "located"  # after "in", "at" or "from", or before a comma
QUOTED = "quoted"  # right behind a quotation mark
CUES = (BODY, HYPHEN, GENITIVE, PART, ACTS, LOCATED, QUOTED)

_BODIES = frozenset(
    """Academy Agency Army Assembly Association Authority Bank Brigade Bureau Campaign Center Centre
    Church City Clinic Club Co Coalition College Commission Committee Company Congress Corp
    Corporation Council Court Department FC Federation Force Forces Foundation Fund Gazette
    Government Group Herald Hospital House Inc Institute Journal League Library Ltd Magazine
    Ministry Museum Navy Network News Observatory Office Organisation Organization Parliament Party
    Patrol Police Post Press Radio School Senate Service Services Society TV Team Telegraph Times
    Tribune Union United University""".split()
)
_CACHED_NAMES = 20_000
_NEAR = 24  # characters that are looked at on each side
_NEXT = re.compile(
    r"(?P<part> [A-Z]| (?:of|and) [A-Z])"
    r"|(?P<acts>['’]s\b| (?:said|says|announced|reported|reports|told|has|is|was|will|plans)\b)"
    r"|(?P<located>,)"
)
_CAPITAL = re.compile(r"(?:^|[^\w.])(\w*[A-Z][\w.]*) $")
_SMALL_WORDS = frozenset(("The", "A", "In", "At", "On", "From", "By", "And", "But", "For", "With"))
_BY = (" by ", " to ", " told ")
_AT = (" in ", " at ", " from ")
_QUOTES = frozenset("\"“‘'")


def name_cues(mention: Mention, text: str) -> frozenset[str]:
    """Return the cues (members of CUES) for a name where it is mentioned first in a text."""
    start, end, surface, *_ = mention
    cues = {*_cues_within(surface)}
    found = _NEXT.match(text, end, end + _NEAR)
    if found and found.lastgroup:
        cues.add(found.lastgroup)
    before = text[max(0, start - _NEAR) : start]
    capital = _CAPITAL.search(before)
    if capital and capital[1] not in _SMALL_WORDS:
        cues.add(PART)
    if before.endswith(_BY):
        cues.add(ACTS)
    elif before.endswith(_AT):
        cues.add(LOCATED)
    if before[-1:] in _QUOTES:
        cues.add(QUOTED)
    return frozenset(cues)


@lru_cache(_CACHED_NAMES)
def _cues_within(surface: str) -> tuple[str, ...]:
    """The cues that a name has in itself."""
    cues = (
        (BODY, not _BODIES.isdisjoint(surface.split())),
        (HYPHEN, "-" in surface),
        (GENITIVE, "'" in surface or "’" in surface),
    )
    return tuple(cue for cue, has in cues if has)
