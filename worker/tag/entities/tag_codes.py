"""Find the codes that mean the same as a tag that a person names, for searches.

The tag of a name has the id of an entry in the gazetteer as its code. Articles that were tagged
before that have a code made of the name, and people ask by name, so either must find both.
"""

from worker.tag.entities.gazetteer_names import GazetteerEntry, packaged_gazetteer
from worker.tag.entities.word_keys import normal_code

_SCHEMES = ("person", "organisation", "place")


def equal_codes(tag: str) -> tuple[tuple[str, str], ...]:
    """Return the codes that mean the same as `tag`, as pairs (scheme, code); "" is any scheme.

    `tag` may be a name, an id or an old code, with or without its scheme: `place:Berlin`,
    `geonames:2950159`, `place:berlin`, `Berlin`. A name that several entries have means all of
    them. If no entry is of the scheme that was asked for, those of other kinds count: a name may
    have been tagged with the wrong kind. Returns () if the gazetteer does not have the name.
    """
    scheme, _, name = tag.strip().partition(":")
    if scheme.lower() not in _SCHEMES:
        scheme, name = "", tag.strip()
    entries = [*packaged_gazetteer().with_id(name)]
    by_id = bool(entries)
    for written in dict.fromkeys((name, name.replace("-", " "))):
        entries += [named.entry for named in packaged_gazetteer().look_up(written)]
    of_scheme = [entry for entry in entries if entry.kind == scheme.lower()] or entries
    pairs = {("", entry.id) for entry in of_scheme if entry.id}
    if by_id:
        pairs |= {_old_code(entry) for entry in of_scheme}
    return tuple(sorted(pairs))


def _old_code(entry: GazetteerEntry) -> tuple[str, str]:
    return entry.kind, normal_code(entry.label)
