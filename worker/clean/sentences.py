"""Titles and texts in the form in which patterns are held against them: in lower case, with plain
apostrophes, and without marks at their ends."""

import re
from collections.abc import Iterator

_BREAK = re.compile(r"(?<=[.!?…])\s+|\n+|(?<=[。！？])")
_MARKS = " \t\u00a0.!?…*•·|–—:;,»›→←“”„\"'()[]¡¿。！？，、：-"
_AROUND = re.compile(r"\s*[|–—·•»›]\s*|\s+(?:-|::)\s+")  # the name of a site
_HOST = re.compile(r"(?:www\.)?[\w-]+(?:\.[\w-]+)+\s+(?=\w)")
_SPELLED = str.maketrans(
    {"’": "'", "ʼ": "'", "`": "'", "\u00a0": " ", "\u202f": " ", "(": "", ")": ""}
)
_LONGEST_TITLE = 160  # characters; a longer title is no error's


def title_parts(title: str) -> list[str]:
    """A title, or what stands on either side of a separator; dots at the end become one "…"."""
    if len(title) > _LONGEST_TITLE:
        return []
    spelled = " ".join(title.lower().translate(_SPELLED).replace("...", "…").split())
    found = []
    for part in _AROUND.split(spelled):
        bare = part.strip(_MARKS)
        found.append(f"{bare}…" if part.endswith("…") else bare)
    return [part for part in found if part.strip(_MARKS)]


def sentences_of(text: str) -> Iterator[str]:
    """Sentences and lines, also without the name of a host in front."""
    for given in _BREAK.split(text):
        sentence = given.strip(_MARKS).lower()
        if not sentence.isascii() or "(" in sentence or "`" in sentence:
            sentence = sentence.translate(_SPELLED)
        if "." in sentence and (host := _HOST.match(sentence)):
            sentence = sentence[host.end() :]
        if sentence:
            yield sentence
