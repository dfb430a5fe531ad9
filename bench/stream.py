"""Make a stream of articles in order of arrival with gold labels for deduplication.

Originals are texts that are similar to no other text of the corpora. Some get an edited copy, some
get a look-alike: a similar text that is no copy. The Reuters wire also has natural look-alikes:
results of other companies, and daily reports.
"""

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from bench.edits import COPIES, LOOKALIKES, SHORT_COPIES, Donors
from bench.pairs import similar_pairs
from devtools.news_corpora import Text

_LEAST_WORDS = 80  # minimum length of an original for all kinds of copies
_SHORT_WORDS = 25  # minimum length of an original for SHORT_COPIES, and for look-alikes
_SIMILAR = 0.15  # containment of the shorter text's shingles from which two texts may be copies
_DONORS = 50  # percent of the unique texts that only serve as donors for edits
_FIGURES = 4  # minimum number of figures in a text of which a series or a template is made
_DENSITY = 0.03  # and their minimum share of its words
_DAYS = (0, 0, 0, 1, 1, 2)  # delays of a copy, each equally likely
_TIMES = 4  # minimum number of days with the same title that make a natural series
_BEGIN = date(1987, 3, 1)


class Item(NamedTuple):
    text: Text
    story: str  # items of one story are copies of each other
    kind: str  # "original", a key of COPIES or LOOKALIKES, "short", or "natural"

    @property
    def copied(self) -> bool:
        return self.kind in COPIES or self.kind in ("original", "short")


def stream(texts: Sequence[Text], seed: int) -> list[Item]:
    """The stream in order of arrival; equal texts and seeds give equal streams."""
    rng = random.Random(seed)
    pairs = [pair for pair, share in similar_pairs(texts).items() if share >= _SIMILAR]
    linked = {texts[number].id for pair in pairs for number in pair}
    lonely = [_dated(text, rng) for text in texts if text.id not in linked]
    rng.shuffle(lonely)
    donor_count = len(lonely) * _DONORS // 100
    donors = Donors(lonely[:donor_count], seed + 1)
    items = [
        *_edited(lonely[donor_count:], donors),
        *_natural([t for t in texts if t.id in linked]),
    ]
    return sorted(items, key=lambda item: (item.text.day or _BEGIN, _draw(seed, item)))


def _edited(originals: Sequence[Text], donors: Donors) -> Iterator[Item]:
    rng, copies, lookalikes = donors.rng, [*COPIES], [*LOOKALIKES]
    for number, text in enumerate(originals):
        words = len(text.text.split())
        yield Item(text, text.id, "original")
        if words >= _LEAST_WORDS and rng.random() < 0.65:
            kind = copies[number % len(copies)]
            yield Item(_after(COPIES[kind](text, donors), kind, rng), text.id, kind)
        elif _SHORT_WORDS <= words < _LEAST_WORDS and rng.random() < 0.25:
            edit = SHORT_COPIES[rng.choice([*SHORT_COPIES])]
            yield Item(_after(edit(text, donors), "short", rng), text.id, "short")
        if words >= _SHORT_WORDS and rng.random() < 0.4:
            kind = lookalikes[number % len(lookalikes)]
            if kind in ("series", "template") and _figures(text) < max(_FIGURES, _DENSITY * words):
                continue
            other = LOOKALIKES[kind](text, donors)
            yield Item(other._replace(id=f"{text.id}:{kind}"), f"{text.id}:{kind}", kind)


def _natural(texts: Sequence[Text]) -> Iterator[Item]:
    """Choose look-alikes of the wire that are certainly no copies of each other.

    These are the results of companies that have one report, and one report a day of each title that
    occurs on several days.
    """
    by_title: defaultdict[str, dict[date, Text]] = defaultdict(dict)
    by_company: defaultdict[frozenset[str], list[Text]] = defaultdict(list)
    for text in texts:
        if text.day and text.tickers and "earn" in text.topics:
            by_company[text.tickers].append(text)
        elif text.day and text.day.toordinal() % 2 == 0:
            by_title[text.title].setdefault(text.day, text)
    chosen = [own[0] for own in by_company.values() if len(own) == 1]
    chosen += [t for days in by_title.values() if len(days) >= _TIMES for t in days.values()]
    return (Item(t._replace(id=f"{t.id}:natural"), t.id, "natural") for t in chosen)


def _after(text: Text, kind: str, rng: random.Random) -> Text:
    day = text.day and text.day + timedelta(days=rng.choice(_DAYS))
    return text._replace(id=f"{text.id}:{kind}", day=day)


def _dated(text: Text, rng: random.Random) -> Text:
    """Give seven in ten undated texts a random day of the two months of the Reuters corpus."""
    if text.day or rng.random() < 0.3:
        return text
    return text._replace(day=_BEGIN + timedelta(days=rng.randrange(60)))


def _figures(text: Text) -> int:
    return sum(any(c.isdigit() for c in word) for word in text.text.split())


def _draw(seed: int, item: Item) -> float:
    return random.Random(f"{seed}{item.text.id}").random()
