"""Find all codes under which articles may have been tagged with a name, for searches.

The code of such a tag is the id of an entry in the gazetteer (the list of known names). Earlier
versions made it of the name itself. A person who searches may give either, and must find both.
"""

from functools import lru_cache

from worker.tag.entities.gazetteer_names import packaged_gazetteer
from worker.tag.entities.named_entries import GazetteerEntry
from worker.tag.entities.word_keys import normal_code

_SCHEMES = ("person", "organisation", "place")


@lru_cache(maxsize=256)  # a page of a search asks several times; a look-up of an id takes 10 ms
def equal_codes(tag: str) -> tuple[tuple[str, str], ...]:
    """Return the codes that mean the same as `tag`, a name, an id or an old code, as pairs (scheme,
    code); the scheme "" stands for any.

    `tag` may begin with a scheme, such as `place:Berlin`. A name that several entries of the
    gazetteer have means all of them, but with a scheme only those of that kind, if there are any.
    Returns () if the gazetteer does not have the name.
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
