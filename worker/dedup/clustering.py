"""The members of a cluster come in; goes out who belongs with whom when it has to be settled anew,
and how much an edit changed."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from worker.dedup.dedup_rules import DedupRules, Revisions
from worker.dedup.similarity import Match, compare, overlap_of
from worker.model.admission import Frozen
from worker.model.records import Fingerprint, OutcomeKind


class EditSize(StrEnum):
    """How much a revision changed of the one before."""

    FORMAT = "format"  # case, punctuation, spacing: the words are the same
    MINOR = "minor"  # a few words, no figure
    SUBSTANTIAL = "substantial"


class Seat(Frozen):
    """One article that needs a place."""

    article_id: str
    fingerprint: Fingerprint
    stays: bool = False  # with the first, by an operator's word


class Place(NamedTuple):
    canonical: str
    likeness: Match | None  # to the canonical article; None for one that stands by itself


def regroup(seats: Sequence[Seat], rules: DedupRules) -> dict[str, Place]:
    """Each joins the first canonical article that it is a copy of, in the order given.

    Nobody is in a cluster by way of a third: that two are copies of one does not make them copies
    of each other.
    """
    placed: dict[str, Place] = {}
    heads: list[Seat] = []
    for seat in seats:
        likes = ((head, copy_of(seat.fingerprint, head.fingerprint, rules)) for head in heads)
        found = next(((head, like) for head, like in likes if like), None)
        if found:
            placed[seat.article_id] = Place(found[0].article_id, found[1])
        elif heads and (seat.stays or not comparable(seat.fingerprint, heads[0].fingerprint)):
            placed[seat.article_id] = Place(heads[0].article_id, None)
        else:
            heads.append(seat)
            placed[seat.article_id] = Place(seat.article_id, None)
    return placed


def comparable(mine: Fingerprint, rival: Fingerprint) -> bool:
    """Fingerprints that were made by other rules say nothing of each other."""
    return mine.version == rival.version


def copy_of(mine: Fingerprint, rival: Fingerprint, rules: DedupRules) -> Match | None:
    """The likeness of two copies; None for a variant and for what is not alike."""
    like = compare(mine, rival, rules)
    return like if like and like.kind is OutcomeKind.DUPLICATE else None


def change_of(before: Fingerprint, after: Fingerprint, rules: Revisions) -> EditSize:
    """A changed figure is news, however small the edit is."""
    if before.text_hash == after.text_hash:
        return EditSize.FORMAT if before.title == after.title else EditSize.MINOR
    if _figures(before) != _figures(after):
        return EditSize.SUBSTANTIAL
    overlap = overlap_of(before, after)
    if overlap is None:
        return EditSize.SUBSTANTIAL
    shared = overlap.containment * min(overlap.mine, overlap.rival)
    kept = shared / max(overlap.mine, overlap.rival)
    return EditSize.MINOR if kept >= rules.minor else EditSize.SUBSTANTIAL


def _figures(of: Fingerprint) -> set[int]:
    """The figures themselves, whatever words are around them."""
    return set(np.frombuffer(of.figures, "<u4")[1::2].tolist())
