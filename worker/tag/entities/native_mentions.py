"""Add the names that were found in Russian, Arabic, Chinese and Japanese texts to the mentions of
people, organisations and places."""

from collections.abc import Sequence

from worker.tag.entities.gazetteer_evidence import LIKELY, SURE, NameInText
from worker.tag.entities.gazetteer_names import Gazetteer
from worker.tag.entities.mentions import Mention
from worker.tag.entities.named_entries import NamedEntry
from worker.tag.tokens import Tokens

_NOWHERE = 0  # tokens of a name in a language without spaces
_LAST_LATIN = "\u024f"


def with_native_names(
    listed: Sequence[NameInText],
    mentions: Sequence[Mention],
    gazetteer: Gazetteer,
    tokens: Tokens,
    language: str,
) -> tuple[list[NameInText], list[Mention]]:
    """Add the names of the gazetteer in a text of one of NATIVE_LANGUAGES to those in Latin letters
    that were found in it before, and to the mentions.

    `listed` and `mentions` keep what is in Latin letters; of other letters they have only names
    without the endings of the language.
    """
    text = tokens.text
    native = [
        _name_in_text(start, end, gazetteer, number)
        for start, end, number in gazetteer.native.find(tokens, language)
    ]
    latin_names = [name for name in listed if text[name.start] <= _LAST_LATIN]
    latin = [mention for mention in mentions if text[mention.start] <= _LAST_LATIN]
    return [*latin_names, *native], [*latin, *(_mention(name, text) for name in native)]


def _name_in_text(start: int, end: int, gazetteer: Gazetteer, number: int) -> NameInText:
    entry = gazetteer.entry(number)
    named = (NamedEntry(entry, 0, 0),)
    return NameInText(start, end, _NOWHERE, _NOWHERE, (entry,), named, entry.kind)


def _mention(name: NameInText, text: str) -> Mention:
    """The mention that a name is. A name of several words is surer than one word."""
    surface = text[name.start : name.end]
    score = SURE if any(mark in surface for mark in " ·・") else LIKELY
    return Mention(name.start, name.end, surface, name.proven, score, "gazetteer")
