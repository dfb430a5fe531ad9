"""Decide which mentions in an article are of the same person, organisation or place.

"Mr Biden" becomes Joe Biden if the article names Joe Biden in full, Kiev becomes Kyiv, and WHO
becomes the name that stands before "(WHO)". Only the article, the model's list of other names of
places and the names that the operator listed are used.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from worker.tag.entities.word_keys import folded_name

PERSON, ORGANISATION, PLACE = "person", "organisation", "place"

_TITLES = frozenset(
    """president vice-president minister prime chancellor premier senator governor mayor secretary
    spokesman spokeswoman spokesperson chairman chairwoman judge justice general colonel captain
    lieutenant sergeant officer king queen prince princess pope bishop archbishop cardinal rabbi
    imam sheikh professor prof. dr dr. mr mr. mrs mrs. ms ms. sir lord lady rep rep. sen sen. gov
    gov. gen gen. former foreign defence defense us u.s. uk us-president taoiseach tánaiste
    ayatollah archduke archduchess baroness viscount tsar emperor empress
    bundeskanzler bundeskanzlerin superintendent inspector commissioner ambassador
    councillor congressman congresswoman lieutenant-general vice-chancellor
    father miss mme mlle monsieur madame herr frau señor señora""".split()
)
_NO_TITLES = frozenset(  # of other kinds
    """general gen. foreign defence defense us u.s. uk ambassador commissioner emperor
    inspector father miss madame""".split()
)
_SUFFIXES = frozenset(("jr", "jr.", "sr", "sr.", "ii", "iii", "iv"))
_WEIGHTS = {"own": 1_000_000, "gazetteer": 10}
_CACHED_NAMES = 20_000
_NO_BASES: Mapping[str, str] = {}
_THE = "The"
_SMALL = frozenset(("of", "the", "and", "for", "on", "in"))


class Mention(NamedTuple):
    """One place in a text that names a person, organisation or place: the characters from `start`
    up to, but without, `end`.

    `surface` is the name as it is written there, and `kind` says what it names. `method` is "own"
    for a name that the operator listed, "gazetteer" for one that this package lists, and "crf" for
    one that only the trained model found; `score` (0 to 1) says how sure that is. `recognised` is
    the score that the trained model gives to a name of this kind here, 0 if it found none. `within`
    says that the name is a part of a longer one here, as a country in the name of a party.
    """

    start: int
    end: int
    surface: str
    kind: str
    score: float
    method: str
    recognised: float = 0.0
    within: bool = False


class ResolvedName(NamedTuple):
    """A person, organisation or place that an article names, with all places where it does
    (`mentions`), in reading order.

    `name` is its full or usual name, such as "Joe Biden"; a mention may have another form, such as
    "Mr Biden". `kind` is person, organisation or place.
    """

    name: str
    kind: str
    mentions: tuple[Mention, ...]


def without_titles(surface: str) -> str:
    """Return a person's name on one line and without titles before it: "Mr Biden" becomes
    "Biden"."""
    words = surface.split()
    if len(words) == 1:
        return surface
    while len(words) > 1 and words[0].lower() in _TITLES:
        words = words[1:]
    return " ".join(words)


@lru_cache(_CACHED_NAMES)
def name_form(surface: str, kind: str = PERSON) -> tuple[str, str]:
    """Return a name without the titles of a person, and a normal form of it: mentions of one name
    in an article have the same form.

    `surface` is the name as the article has it. Names of other kinds than person keep words that
    could be titles: General Motors.
    """
    plain = without_titles(surface)
    form = folded_name(plain)
    if kind != PERSON and surface.partition(" ")[0].lower() in _NO_TITLES:
        plain = " ".join(surface.split())
    return plain, form


@lru_cache(_CACHED_NAMES)
def is_title(surface: str) -> bool:
    """Whether these words are titles of people without a name: "Queen", "Prime Minister"."""
    return all(word.lower() in _TITLES for word in surface.split())


def resolve(
    mentions: Sequence[Mention],
    place_aliases: Mapping[str, str],
    own: Mapping[str, tuple[str, str]],
    text: str,
    bases: Mapping[str, str] = _NO_BASES,
) -> list[ResolvedName]:
    """Group the mentions in an article by the person, organisation or place that they mean; the
    most mentioned one comes first.

    `place_aliases` maps other names of places to the usual ones. `own` maps names and aliases that
    the operator listed to (name, kind), and has priority. `text` is the article's, where an acronym
    may be explained, as in "World Health Organization (WHO)". `bases` maps names with an ending to
    the names that they are of: "Obamas" to "Obama" in German.

    A surname that two people in the article share is left out: nobody can say whom it means, and
    both are named in full.
    """
    by_form: dict[str, list[Mention]] = {}
    surfaces: dict[str, list[str]] = {}
    for mention in mentions:
        written = bases.get(mention.surface, mention.surface) if bases else mention.surface
        surface, form = name_form(written, mention.kind)
        if form in by_form:
            by_form[form].append(mention)
            surfaces[form].append(surface)
        else:
            by_form[form], surfaces[form] = [mention], [surface]
    usual = {form: _usual(written) for form, written in surfaces.items()}
    kinds = {
        form: group[0].kind if len(group) == 1 else _majority_kind(group)
        for form, group in by_form.items()
    }
    people, shared = _full_names({usual[form]: kind for form, kind in kinds.items()})
    acronyms = _acronyms(mentions, text)
    bodies = _whole_bodies(
        [usual[form] for form, kind in kinds.items() if kind == ORGANISATION],
        {usual[form] for form, group in by_form.items() if all(m.method == "crf" for m in group)},
    )
    by_name: dict[tuple[str, str], list[Mention]] = defaultdict(list)
    for form, group in by_form.items():
        listed = usual[form]
        if listed not in own or len(group) > 1:
            listed = next(filter(own.__contains__, surfaces[form]), listed)
        if listed in shared and kinds[form] == PERSON and listed not in own:
            continue
        listed = bodies.get(listed, listed) if kinds[form] == ORGANISATION else listed
        name = _resolved(listed, kinds[form], people, acronyms, place_aliases, own)
        by_name[name] += group
    names = [
        ResolvedName(name, kind, tuple(sorted(group) if group[1:] else group))
        for (name, kind), group in by_name.items()
    ]
    return sorted(names, key=lambda name: -len(name.mentions))


def _usual(surfaces: Sequence[str]) -> str:
    """The most frequent way to write a name; of equal ones, not the one in capitals."""
    if surfaces.count(surfaces[0]) == len(surfaces):
        return surfaces[0]
    counts = Counter(surfaces)
    return max(counts, key=lambda surface: (not surface.isupper(), counts[surface]))


def _resolved(
    surface: str,
    kind: str,
    people: Mapping[str, str],
    acronyms: Mapping[str, str],
    place_aliases: Mapping[str, str],
    own: Mapping[str, tuple[str, str]],
) -> tuple[str, str]:
    """The (name, kind) that this surface (a mention as written, without titles) stands for."""
    if surface in own:
        return own[surface]
    if surface in people:
        full = people[surface]
        return own.get(full, (full, PERSON))
    if surface in acronyms:
        return acronyms[surface], ORGANISATION
    return (place_aliases.get(surface, surface) if kind == PLACE else surface), kind


def _majority_kind(mentions: Sequence[Mention]) -> str:
    """The kind (person, organisation, place) with the most mentions, weighted by their scores and
    by what found them: a listed name weighs more than any number that the model found."""
    votes: dict[str, float] = defaultdict(float)
    for mention in mentions:
        votes[mention.kind] += _WEIGHTS.get(mention.method, 1) + mention.score
    return max(votes, key=votes.__getitem__)


def _full_names(kinds: Mapping[str, str]) -> tuple[dict[str, str], set[str]]:
    """Map the first names and surnames of people to their full names, and return beside it those
    that two people share.

    "Elijah Eugene Cummings" is no other person than "Elijah Cummings". `kinds` maps each name in
    the article to its kind.
    """
    people: dict[str, str] = {}
    shared: set[str] = set()
    for full, kind in kinds.items():
        if kind != PERSON or " " not in full:
            continue
        words = [word for word in full.split() if word.lower() not in _SUFFIXES]
        ends = (words[0], words[-1])
        for short in _short_names(words):
            other = people.setdefault(short, full)
            if other != full and ends != (other.split()[0], other.split()[-1]):
                shared.add(short)
    return {short: full for short, full in people.items() if short not in shared}, shared


def _short_names(words: Sequence[str]) -> set[str]:
    """The first name and the surname of a person, and the surname with a particle before it, as a
    sentence begins with it too: de Blasio, De Blasio. Also the name without its first words: Elaine
    Burton for Afton Elaine Burton. `words` are those of the full name."""
    names = {words[0], words[-1]}
    names |= {" ".join(words[first:]) for first in range(1, len(words) - 1)}
    if len(words) > 2 and words[-2].islower():
        surname = f"{words[-2]} {words[-1]}"
        names |= {surname, surname[0].upper() + surname[1:]}
    return names


def _whole_bodies(names: Sequence[str], unlisted: Collection[str]) -> dict[str, str]:
    """Map short names of organisations to the only longer one in the article that begins or ends
    with them: Post and The Post to Washington Post, House to House of Representatives.

    `names` are all of the article; only those that no list has (`unlisted`), and those with an
    article before one word, are taken for short.
    """
    whole: dict[str, str] = {}
    shared: set[str] = set()
    known = frozenset(names)
    for name in names:
        words = name.split()
        if words[0] == _THE:
            continue
        for count in range(1, len(words)):
            for short in (" ".join(words[:count]), " ".join(words[count:]), f"{_THE} {words[-1]}"):
                is_short = short in unlisted or (short in known and short.startswith(_THE))
                if is_short and whole.setdefault(short, name) != name:
                    shared.add(short)
    return {short: name for short, name in whole.items() if short not in shared}


def _acronyms(mentions: Sequence[Mention], text: str) -> dict[str, str]:
    """Map acronyms to their long forms: WHO if the text has "World Health Organization (WHO)"."""
    acronyms: dict[str, str] = {}
    if " (" not in text:
        return acronyms
    for mention in mentions:
        if text.startswith(" (", mention.end):
            words = [w for w in mention.surface.split() if w.lower() not in _SMALL]
            initials = "".join(word[0] for word in words)
            if len(words) > 1 and text.startswith(f"{initials})", mention.end + 2):
                acronyms[initials] = mention.surface
    return acronyms
