"""A stream of articles in order of arrival, each with the decision of a perfect deduplicator.

Originals are texts that are like no other in their corpus; some of them get a copy. Look-alikes are
made of them, and a wire brings its own: results of other companies, reports that come every day.
"""

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from bench.edits import COPIES, LOOKALIKES, SHORT_COPIES, Donors
from bench.pairs import alike
from devtools.news_corpora import Text

_LEAST_WORDS = 80  # of an original that is edited in all ways
_SHORT_WORDS = 25  # of one that is edited as a short text
_ALIKE = 0.15  # of the shorter text's shingles: from here on two texts may be copies
_DONORS = 50  # percent of the texts that are like no other: in the stream only as parts of others
_FIGURES = 4  # of a report of which a series is made, and the share of its words
_DENSITY = 0.03
_DAYS = (0, 0, 0, 1, 1, 2)  # from an original to its copy
_TIMES = 4  # days on which a title comes that is a series of its own
_BEGIN = date(1987, 3, 1)


class Item(NamedTuple):
    text: Text
    story: str  # items of one story are copies of each other
    kind: str  # original, a copy, a look-alike, or natural: of a wire's own series

    @property
    def copied(self) -> bool:
        return self.kind in COPIES or self.kind in ("original", "short")


def stream(texts: Sequence[Text], seed: int) -> list[Item]:
    """The same for the same texts and seed."""
    rng = random.Random(seed)
    pairs = [pair for pair, share in alike(texts).items() if share >= _ALIKE]
    linked = {texts[number].id for pair in pairs for number in pair}
    lonely = [_dated(text, rng) for text in texts if text.id not in linked]
    rng.shuffle(lonely)
    given = len(lonely) * _DONORS // 100
    donors = Donors(lonely[:given], seed + 1)
    items = [*_edited(lonely[given:], donors), *_natural([t for t in texts if t.id in linked])]
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
    """Of a wire's own look-alikes those that are certainly no copies of each other.

    Results of companies that come once, and one report a day under a title of many days.
    """
    by_title: defaultdict[str, dict[date, Text]] = defaultdict(dict)
    by_company: defaultdict[frozenset[str], list[Text]] = defaultdict(list)
    for text in texts:
        if text.day and text.tickers and "earn" in text.topics:
            by_company[text.tickers].append(text)
        elif text.day and text.day.toordinal() % 2 == 0:
            by_title[text.title].setdefault(text.day, text)
    found = [own[0] for own in by_company.values() if len(own) == 1]
    found += [t for days in by_title.values() if len(days) >= _TIMES for t in days.values()]
    return (Item(t._replace(id=f"{t.id}:natural"), t.id, "natural") for t in found)


def _after(text: Text, kind: str, rng: random.Random) -> Text:
    day = text.day and text.day + timedelta(days=rng.choice(_DAYS))
    return text._replace(id=f"{text.id}:{kind}", day=day)


def _dated(text: Text, rng: random.Random) -> Text:
    """Seven of ten of the undated texts get a day of the wire's two months."""
    if text.day or rng.random() < 0.3:
        return text
    return text._replace(day=_BEGIN + timedelta(days=rng.randrange(60)))


def _figures(text: Text) -> int:
    return sum(any(c.isdigit() for c in word) for word in text.text.split())


def _draw(seed: int, item: Item) -> float:
    return random.Random(f"{seed}{item.text.id}").random()
