"""Precision, recall and F1, by class, of the decisions of a deduplicator on a stream."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from bench.edits import COPIES, LOOKALIKES
from bench.stream import Item

FALSE = (*LOOKALIKES, "natural", "original")


class Score(NamedTuple):
    f1: float
    precision: float
    recall: float
    found: dict[str, float]  # share of each class of copies that was found
    false: dict[str, float]  # share of each class of look-alikes that was called a duplicate


def scored(items: Sequence[Item], canonical: Mapping[str, str]) -> Score:
    """`canonical` leads from the id of a duplicate to the article it was said to copy.

    Whichever of a story comes first is new, and has to be called so; a duplicate is right only
    when it was put with its own story.
    """
    story = {item.text.id: item.story for item in items}
    edits = {item.story: item.kind for item in items if item.kind in {*COPIES, "short"}}
    met: set[str] = set()
    copies: Counter[str] = Counter()
    hits: Counter[str] = Counter()
    others: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    for item in items:
        said = canonical.get(item.text.id)
        right = said is not None and story[said] == item.story
        if item.story in met:
            copies[edits[item.story]] += 1
            hits[edits[item.story]] += right
        else:
            others[item.kind] += 1
            wrong[item.kind] += said is not None
        met.add(item.story)
    true, said_all = sum(hits.values()), len(canonical)
    return Score(
        f1=2 * true / (said_all + sum(copies.values())),
        precision=true / max(said_all, 1),
        recall=true / sum(copies.values()),
        found={kind: hits[kind] / copies[kind] for kind in (*COPIES, "short") if copies[kind]},
        false={kind: wrong[kind] / others[kind] for kind in FALSE if others[kind]},
    )
