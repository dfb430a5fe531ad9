"""Simplify titles and sentences before they are compared with the patterns of error pages ("404 not
found").

The patterns are written in lower case, with plain apostrophes, without parentheses, and without
punctuation before and after; titles and sentences are brought to the same form.
"""

import re
from collections.abc import Callable, Iterator

_END_MARKS = re.compile(r"([.!?…\n。！？]+)(\s*)")
_SURE_ENDS = "\n。！？"
_MARKS = " \t\u00a0.!?…*•·|–—:;,»›→←“”„\"'()[]¡¿。！？，、：-"
_TITLE_SEPARATOR = re.compile(r" ?[|–—·•»›] ?| (?:-|::) ")  # before the name of a site
_HOST = re.compile(r"(?:www\.)?[\w-]+(?:\.[\w-]+)+\s+(\w)")
_REPLACEMENTS = {"’": "'", "ʼ": "'", "`": "'", "\u00a0": " ", "\u202f": " ", "(": "", ")": ""}
_MAX_TITLE_CHARS = 160  # titles of error pages are shorter
_PREFIX_CHARS = 12
_MAX_HOST_CHARS = 60
_SEARCHED_CHARS = 400  # the first sentences of an error page stand there


def title_prefix(title: str) -> str:
    """Return the first few characters of a title, in lower case and without punctuation in front.

    By them `PatternClassifier.may_match` tells quickly whether the title may be that of an error
    page.
    """
    beginning = title[:_PREFIX_CHARS].lstrip(_MARKS).lower()
    return beginning if beginning.isascii() else _normalised(beginning)


def title_parts(title: str) -> list[str]:
    """Split a title at separators such as " | ", and simplify each part, to compare it with the
    patterns of error pages' titles.

    The parts are in lower case, without parentheses, and without punctuation before and after; only
    dots at the end stay, as one "…". A title of over 160 characters gives no parts, because titles
    of error pages are shorter.
    """
    if len(title) > _MAX_TITLE_CHARS:
        return []
    normalised = " ".join(_normalised(title.lower()).replace("...", "…").split())
    parts = []
    for part in _TITLE_SEPARATOR.split(normalised):
        bare = part.strip(_MARKS)
        parts.append(f"{bare}…" if part.endswith("…") else bare)
    return [part for part in parts if part.strip(_MARKS)]


def sentences_of(text: str) -> Iterator[str]:
    """Split a text into sentences, and yield each in the form in which patterns of error pages are
    written: in lower case, without parentheses, and without punctuation before and after.

    A line end also ends a sentence. A host name at the beginning of a sentence is removed, because
    error pages begin with one: "example.com needs to review the security of your connection".
    """
    start = 0
    for marks in _END_MARKS.finditer(text):
        end = _end_of_sentence(marks)
        if end < 0:
            continue
        if sentence := _normalised_sentence(text[start : marks.start()]):
            yield sentence
        start = end
    if sentence := _normalised_sentence(text[start:]):
        yield sentence


def _end_of_sentence(marks: re.Match[str]) -> int:
    """Return the offset after the marks that end a sentence; -1 if this run of marks ends none.

    White space must follow a full stop, because "3.5" ends no sentence.
    """
    run, space = marks.groups()
    if space or run[-1] in _SURE_ENDS or marks.end() == len(marks.string):
        return marks.end()
    last = max(map(run.rfind, _SURE_ENDS))
    return marks.start() + last + 1 if last >= 0 else -1


def first_candidates(text: str, count: int, may_match: Callable[[str], bool]) -> list[str]:
    """Return those of the first `count` sentences of a text that may belong to an error page, in
    lower case and without punctuation before and after.

    `may_match` gets the first characters of a sentence, and says whether an error page may have a
    sentence that begins so. This function is quicker than `sentences_of`, but less exact.
    """
    beginning = text[:_SEARCHED_CHARS].replace("\n", ". ")
    if not beginning.isascii():
        beginning = beginning.replace("。", ". ")
    sentences = []
    for part in beginning.split(". ", 3 * count):
        prefix = part[:_PREFIX_CHARS].lstrip(_MARKS).lower()
        if not prefix:
            continue
        prefix = prefix if prefix.isascii() else _normalised(prefix)
        if may_match(prefix) or "." in part[:_MAX_HOST_CHARS]:
            sentences.append(_normalised_sentence(part))
        count -= 1
        if not count:
            break
    return sentences


def _normalised_sentence(part: str) -> str:
    sentence = _normalised(part.strip(_MARKS).lower())
    if "." in sentence and (host := _HOST.match(sentence)):
        return sentence[host.start(1) :]
    return sentence


def _normalised(text: str) -> str:
    for character, replacement in _REPLACEMENTS.items():
        if character in text:
            text = text.replace(character, replacement)
    return text
