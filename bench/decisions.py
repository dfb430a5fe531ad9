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
    found: dict[str, float]  # kind of copy -> share of such copies that was found
    false: dict[str, float]  # kind of non-copy -> share of such articles called a duplicate


def scored(items: Sequence[Item], canonical: Mapping[str, str]) -> Score:
    """Score the decisions `canonical`: id of each duplicate -> id of the article it copies.

    The first article of a story is new and must be called new. A duplicate is correct only if its
    canonical article belongs to the same story.
    """
    story_of = {item.text.id: item.story for item in items}
    edits = {item.story: item.kind for item in items if item.kind in {*COPIES, "short"}}
    seen: set[str] = set()
    copies: Counter[str] = Counter()
    hits: Counter[str] = Counter()
    others: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    for item in items:
        answer = canonical.get(item.text.id)
        right = answer is not None and story_of[answer] == item.story
        if item.story in seen:
            copies[edits[item.story]] += 1
            hits[edits[item.story]] += right
        else:
            others[item.kind] += 1
            wrong[item.kind] += answer is not None
        seen.add(item.story)
    true, answered = sum(hits.values()), len(canonical)
    return Score(
        f1=2 * true / (answered + sum(copies.values())),
        precision=true / max(answered, 1),
        recall=true / sum(copies.values()),
        found={kind: hits[kind] / copies[kind] for kind in (*COPIES, "short") if copies[kind]},
        false={kind: wrong[kind] / others[kind] for kind in FALSE if others[kind]},
    )
