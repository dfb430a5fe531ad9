"""Mark names of places and organisations that are only a part of a longer name: Britain in
"Socialist Party of Great Britain", the EU in "EU referendum", Florida in "Florida Keys".

They are named, but such a passage says little of whether the article is about them, so it counts
for less in the score of the tag.
"""

import re
from collections.abc import Collection, Sequence

from worker.tag.entities.mentions import PERSON, PLACE, Mention, is_title

_EVENT = re.compile(
    r"(?: [\w.'’-]{1,20}){0,4} (?:elections?|referendum|by-elections?|primary)\b"
    r"|(?: [A-Z][\w.'’-]{1,20}){0,3} (?:War|Festival|Championships?|Cup|Conference|Summit)\b"
)
_NAME_AFTER = re.compile(r" ([A-Z][a-z]{1,20})\b")
_NAME_BEFORE = re.compile(r"[^.!?\"”“\s] [A-Z][\w’'-]{1,24} $")  # not the first word of a sentence
_LONGEST_BEFORE = 28  # characters


def with_parts_marked(mentions: Sequence[Mention], text: str) -> list[Mention]:
    """Return the mentions of names in `text` in reading order. Those of places and organisations
    are marked (`within`) if they stand inside a longer mention or in the name of an event; places
    also if they stand right beside a capitalised word that is no title and begins no other name."""
    marked = []
    starts = {mention.start for mention in mentions}
    longer_end = 0  # of the names before, the furthest end
    for mention in sorted(mentions, key=_longest_first):
        start, end, _, kind, *_ = mention
        if kind != PERSON and (
            end <= longer_end
            or (text.startswith(" ", end) and _EVENT.match(text, end))
            or (kind == PLACE and _has_name_beside(text, start, end, starts))
        ):
            mention = mention._replace(within=True)
        if end > longer_end:
            longer_end = end
        marked.append(mention)
    return marked


def _longest_first(mention: Mention) -> tuple[int, int]:
    return mention.start, -mention.end


def _has_name_beside(text: str, start: int, end: int, starts: Collection[int]) -> bool:
    """Whether a capitalised word stands right before the characters from `start` to `end`, or right
    after them, there without being a title or at one of the `starts` of names."""
    after = _NAME_AFTER.match(text, end)
    if after and after.start(1) not in starts and not is_title(after[1]):
        return True
    return bool(_NAME_BEFORE.search(text, max(0, start - _LONGEST_BEFORE), start))
