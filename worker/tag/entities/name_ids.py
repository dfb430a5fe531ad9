"""Give the names of an article their codes: the id of the entry in the gazetteer that is meant, or
else a normal form of the name.

A name that several entries share gets the id of the one whose country the article names, and none
if it names no such country.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from worker.tag.entities.gazetteer_evidence import NameInText
from worker.tag.entities.gazetteer_flags import OTHER_KIND, WITHIN_KIND
from worker.tag.entities.gazetteer_names import Gazetteer
from worker.tag.entities.mentions import PERSON, PLACE, Mention, ResolvedName
from worker.tag.entities.named_entries import GazetteerEntry, NamedEntry
from worker.tag.entities.word_keys import normal_code
from worker.tag.tokens import Tokens

_OF_A_COUNTRY = 2  # rank of people and places that are known in their country only
_ISO = "iso:"


class CodedName(NamedTuple):
    """A name that an article has: `code` and `label` of its tag, its kind (such as person), and the
    places where it stands (`mentions`).

    The label is the name as the list in which it was found has it, such as the gazetteer.
    """

    code: str
    label: str
    kind: str
    mentions: tuple[Mention, ...]


def coded_names(
    names: Sequence[ResolvedName],
    listed: Sequence[NameInText],
    own_ids: Mapping[str, str],
    tokens: Tokens,
    gazetteer: Gazetteer | None,
) -> list[CodedName]:
    """Give each name its code, and join the names that have the same one, most mentioned first.

    `listed` are the names of the gazetteer in the text, and `own_ids` maps names that the operator
    listed to their ids, which count more.
    """
    entries_at = {(name.start, name.end): name.named for name in listed}
    candidates = [_candidates(name, entries_at) for name in names]
    countries = _Countries(names, candidates, own_ids, tokens, gazetteer)
    by_code: dict[str, list[CodedName]] = {}
    for name, named in zip(names, candidates, strict=True):
        coded = _coded(name, named, own_ids, countries)
        by_code.setdefault(coded.code, []).append(coded)
    joined = [_joined(group) for group in by_code.values()]
    if len(joined) < len(names):
        joined.sort(key=lambda name: -len(name.mentions))
    return joined


def _candidates(
    name: ResolvedName, entries_at: Mapping[tuple[int, int], Sequence[NamedEntry]]
) -> list[GazetteerEntry]:
    """The entries that a name may mean: of its kind, by its longest mention in the list."""
    longest: Sequence[NamedEntry] = ()
    length = 0
    for mention in name.mentions:
        start, end = mention[:2]
        named = entries_at.get((start, end), ()) if end - start > length else ()
        if named and (of_kind := [n for n in named if n.entry.kind == name.kind]):
            longest, length = of_kind, end - start
    if not longest:
        return []
    if name.kind == PERSON:  # a common surname alone does not say who is meant
        longest = [n for n in longest if not n.flags & OTHER_KIND]
    usual = [n.entry for n in longest if not n.flags & WITHIN_KIND]
    return usual or [n.entry for n in longest]


class _Countries:
    """The countries that an article mentions, by which entries with the same name are told
    apart. They are searched for only when a name needs them."""

    def __init__(
        self,
        names: Sequence[ResolvedName],
        candidates: Sequence[Sequence[GazetteerEntry]],
        own_ids: Mapping[str, str],
        tokens: Tokens,
        gazetteer: Gazetteer | None,
    ) -> None:
        self._names, self._candidates = names, candidates
        self._own_ids, self._tokens, self._gazetteer = own_ids, tokens, gazetteer
        self._found: frozenset[str] | None = None

    def found(self) -> frozenset[str]:
        """The codes of the countries whose places, people or name the article has."""
        if self._found is None:
            codes = {
                entries[0].country
                for entries in self._candidates
                if len(entries) == 1
                and entries[0].kind == PLACE
                and entries[0].rank > _OF_A_COUNTRY
            }
            ids = (self._own_ids.get(name.name, "") for name in self._names)
            codes |= {code[len(_ISO) :][:2] for code in ids if code.startswith(_ISO)}
            if self._gazetteer:
                codes |= self._gazetteer.peoples_in(self._tokens)
            self._found = frozenset(codes)
        return self._found


def _coded(
    name: ResolvedName,
    candidates: Sequence[GazetteerEntry],
    own_ids: Mapping[str, str],
    countries: _Countries,
) -> CodedName:
    if name.name in own_ids:
        code = own_ids[name.name] or normal_code(name.name)
        return CodedName(code, name.name, name.kind, name.mentions)
    entry = _meant(candidates, countries)
    if entry is None or not entry.id:
        label = entry.label if entry else name.name
        return CodedName(normal_code(label), label, name.kind, name.mentions)
    return CodedName(entry.id, entry.label, name.kind, name.mentions)


def _meant(candidates: Sequence[GazetteerEntry], countries: _Countries) -> GazetteerEntry | None:
    """The only entry that a name can mean, in this article; None if it may be several or none."""
    if len(candidates) == 1:
        entry = candidates[0]
        local = entry.kind in (PERSON, PLACE) and entry.rank <= _OF_A_COUNTRY
        return None if local and entry.country not in countries.found() else entry
    here = [entry for entry in candidates if entry.country in countries.found()]
    return here[0] if len(here) == 1 else None


def _joined(group: Sequence[CodedName]) -> CodedName:
    """One name for those of a code; its kind and label are those of the most mentioned."""
    first = max(group, key=lambda name: len(name.mentions))
    if len(group) == 1:
        return first
    mentions: Iterable[Mention] = (mention for name in group for mention in name.mentions)
    return first._replace(mentions=tuple(sorted(mentions)))
