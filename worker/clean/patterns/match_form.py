"""Titles and texts in the form in which patterns are held against them: in lower case, with plain
apostrophes, and without marks at their ends."""

import re
from collections.abc import Callable, Iterator

# Of a run of such signs: after full stops there has to be white space, as there is none in 3.5.
_BREAK = re.compile(r"[.!?…\n。！？]+(?:(?<![.!?…])|\s+|\Z)")
_MARKS = " \t\u00a0.!?…*•·|–—:;,»›→←“”„\"'()[]¡¿。！？，、：-"
_AROUND = re.compile(r"\s*[|–—·•»›]\s*|\s+(?:-|::)\s+")  # the name of a site
_HOST = re.compile(r"(?:www\.)?[\w-]+(?:\.[\w-]+)+\s+(?=\w)")
_SPELLED = {"’": "'", "ʼ": "'", "`": "'", "\u00a0": " ", "\u202f": " ", "(": "", ")": ""}
_LONGEST_TITLE = 160  # characters; a longer title is no error's
_FIRST = 12  # characters
_LONGEST_HOST = 60  # characters
_BEGINNING = 400  # characters: the first sentences of an error stand there


def beginning_of(title: str) -> str:
    """Its first letters, in the form that `title_parts` gives."""
    beginning = title[:_FIRST].lstrip(_MARKS).lower()
    return beginning if beginning.isascii() else _spelled(beginning)


def title_parts(title: str) -> list[str]:
    """A title, or what stands on either side of a separator; dots at the end become one "…"."""
    if len(title) > _LONGEST_TITLE:
        return []
    spelled = " ".join(_spelled(title.lower()).replace("...", "…").split())
    found = []
    for part in _AROUND.split(spelled):
        bare = part.strip(_MARKS)
        found.append(f"{bare}…" if part.endswith("…") else bare)
    return [part for part in found if part.strip(_MARKS)]


def sentences_of(text: str) -> Iterator[str]:
    """Sentences and lines, also without the name of a host in front."""
    start = 0
    for found in _BREAK.finditer(text):
        if sentence := _tidy(text[start : found.start()]):
            yield sentence
        start = found.end()
    if sentence := _tidy(text[start:]):
        yield sentence


def begins(text: str, count: int, may_match: Callable[[str], bool]) -> list[str]:
    """Those of its first sentences that may match, by their first letters.

    A quick look, and no more than that: sentences end at full stops and lines here.
    """
    beginning = text[:_BEGINNING].replace("\n", ". ")
    if not beginning.isascii():
        beginning = beginning.replace("。", ". ")
    found = []
    for given in beginning.split(". ", 3 * count):
        head = given[:_FIRST].lstrip(_MARKS).lower()
        if not head:
            continue
        if may_match(head if head.isascii() else _spelled(head)) or "." in given[:_LONGEST_HOST]:
            found.append(_tidy(given))
        count -= 1
        if not count:
            break
    return found


def _tidy(given: str) -> str:
    sentence = _spelled(given.strip(_MARKS).lower())
    if "." in sentence and (host := _HOST.match(sentence)):
        return sentence[host.end() :]
    return sentence


def _spelled(text: str) -> str:
    for written, meant in _SPELLED.items():
        if written in text:
            text = text.replace(written, meant)
    return text
