"""Join German genitives with the names that they are of: "Obamas Rede" names Obama."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from worker.tag.entities.gazetteer_evidence import NameInText
from worker.tag.entities.gazetteer_flags import WORD
from worker.tag.entities.gazetteer_names import Gazetteer
from worker.tag.entities.mentions import PERSON, Mention
from worker.tag.entities.named_entries import NamedEntry

_ENDING = "s"
_NO_ENDING = ("ss", "'s", "’s")
_LEAST = 4  # letters of a name that is looked up without the ending
_NOWHERE = 0  # tokens; they play no part for names that are mentions already


class Genitives(NamedTuple):
    """Names in a German text that end in the -s of the genitive. `bases` maps them to the names
    without it, and `listed` has those places of the text where the gazetteer has such a name."""

    bases: Mapping[str, str]
    listed: Sequence[NameInText]


NO_GENITIVES = Genitives({}, ())


def german_genitives(mentions: Sequence[Mention], gazetteer: Gazetteer | None) -> Genitives:
    """Find the mentions of names with the -s of the genitive. A name has it if the article also has
    the name without it, or if the gazetteer has that name, of this kind."""
    written = {mention.surface for mention in mentions}
    written |= {m.surface.rsplit(None, 1)[-1] for m in mentions if m.kind == PERSON}
    bases = {}
    listed = []
    for mention in _with_ending(mentions):
        base = mention.surface[: -len(_ENDING)]
        named = _named(base, mention.kind, gazetteer) if gazetteer else ()
        if base in written or named:
            bases[mention.surface] = base
        if named:
            start, end = mention.start, mention.end
            listed.append(NameInText(start, end, _NOWHERE, _NOWHERE, (), named, ""))
    return Genitives(bases, listed)


def _with_ending(mentions: Sequence[Mention]) -> Iterator[Mention]:
    for mention in mentions:
        surface = mention.surface
        ends = surface.endswith(_ENDING) and not surface.endswith(_NO_ENDING)
        if ends and mention.method == "crf" and len(surface) > _LEAST:
            yield mention


def _named(base: str, kind: str, gazetteer: Gazetteer) -> tuple[NamedEntry, ...]:
    """The entries with this name, if the best known of them is of this kind and the name is no
    other word."""
    named = gazetteer.look_up(base)
    proven = named and named[0].entry.kind == kind and not named[0].flags & WORD
    return named if proven else ()
