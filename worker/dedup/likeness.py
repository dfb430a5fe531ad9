"""Two fingerprints come in; goes out what the one is to the other, and why.

A text is a copy when its shingles are in the other, and the other's figures are in it: in a series
(rates, results, bond issues) the words stay and the figures change. Where the shingles leave room
for two stories with the same background, title or opening has to agree as well.
"""

from collections.abc import Collection
from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worker.contract import Frozen
from worker.dedup.rules import Copies, DedupRules
from worker.dedup.shingles import NARROW, Hashes, below
from worker.models import Fingerprint, Kind


class Likeness(Frozen):
    """What an article is to a rival: a duplicate, or a variant of it."""

    kind: Kind  # DUPLICATE or VARIANT
    signal: str  # exact, near, contained, extended; of a variant: series, template
    scores: dict[str, float]
    thresholds: dict[str, float]

    @property
    def strength(self) -> float:
        """Orders rivals: the best first."""
        return self.scores["containment"]


class Overlap(NamedTuple):
    containment: float  # share of the smaller set that the larger one holds
    mine: int
    rival: int
    short: bool  # either text is short


def compare(mine: Fingerprint, rival: Fingerprint, rules: DedupRules) -> Likeness | None:
    """Symmetric, except that `contained` seen from the other side is `extended`."""
    apart = _days_apart(mine.day, rival.day)
    if mine.text_hash == rival.text_hash:
        return _exact(mine, apart, rules.copies)
    overlap = overlap_of(mine, rival)
    if overlap is None:
        return None
    scores = _scores(mine, rival, overlap, apart)
    thresholds = _thresholds(overlap, scores, rules.copies)
    if scores["containment"] < thresholds["containment"]:
        return None
    if "days" in thresholds and scores.get("days", 0) > thresholds["days"]:
        return None
    variant = _variant(scores, thresholds)
    return Likeness(
        kind=Kind.VARIANT if variant else Kind.DUPLICATE,
        signal=variant or _part(overlap, rules.copies.part),
        scores=scores,
        thresholds=thresholds,
    )


def overlap_of(mine: Fingerprint, rival: Fingerprint) -> Overlap | None:
    """None for what can't be compared: tiny texts, and fingerprints made by other rules."""
    if mine.version != rival.version or not (mine.shingles and rival.shingles):
        return None
    x, y = np.frombuffer(mine.shingles, "<u8"), np.frombuffer(rival.shingles, "<u8")
    short = _narrow(x).any(), _narrow(y).any()
    scale = max(mine.scale, rival.scale)
    x, y = (below(h[_narrow(h) == all(short)], scale) for h in (x, y))
    if not (len(x) and len(y)):
        return None
    shared = len(np.intersect1d(x, y, assume_unique=True))
    return Overlap(shared / min(len(x), len(y)), len(x), len(y), any(short))


def _narrow(hashes: Hashes) -> NDArray[np.bool_]:
    """Which of the hashes are of narrow shingles: a short text has some, no other has."""
    return (hashes & NARROW).astype(bool)


def _exact(mine: Fingerprint, apart: int | None, copies: Copies) -> Likeness | None:
    """The same few words on another day are another story ("Sunny all day")."""
    tiny = not mine.shingles
    if tiny and apart is None:
        return None
    short = tiny or bool(_narrow(np.frombuffer(mine.shingles, "<u8")).any())
    thresholds = {"days": 0.0 if tiny else float(copies.near_days)} if short else {}
    scores = {"containment": 1.0} | ({} if apart is None else {"days": float(apart)})
    if thresholds and scores.get("days", 0) > thresholds["days"]:
        return None
    return Likeness(kind=Kind.DUPLICATE, signal="exact", scores=scores, thresholds=thresholds)


def _scores(
    mine: Fingerprint, rival: Fingerprint, overlap: Overlap, apart: int | None
) -> dict[str, float]:
    scores = {
        "containment": overlap.containment,
        "numbers": _agreement(mine.numbers, rival.numbers, least=1 if overlap.short else 2),
        "title": _agreement(mine.title, rival.title),
        "lead": _agreement(mine.lead, rival.lead),
    }
    if apart is not None:
        scores["days"] = float(apart)
    return {name: round(score, 4) for name, score in scores.items()}


def _thresholds(overlap: Overlap, scores: dict[str, float], copies: Copies) -> dict[str, float]:
    """The less of the words is shared, the more has to be proven by other signs."""
    if overlap.short:
        return {
            "containment": copies.short_containment,
            "numbers": copies.short_numbers,
            "days": float(copies.near_days),
        }
    far = scores.get("days", 0) > copies.near_days
    numbers = max(copies.numbers, scores["containment"] - copies.numbers_slack)
    thresholds = {
        "containment": copies.far_containment if far else copies.containment,
        "numbers": round(numbers, 4),
    }
    if scores["containment"] < copies.whole:
        thresholds |= {"title": copies.title, "lead": copies.lead}
    return thresholds


def _variant(scores: dict[str, float], thresholds: dict[str, float]) -> str:
    """What makes a variant of it: other figures, else another title and opening; "": nothing."""
    if scores["numbers"] < thresholds["numbers"]:
        return "series"
    guarded = [sign for sign in ("title", "lead") if sign in thresholds]
    if guarded and all(scores[sign] < thresholds[sign] for sign in guarded):
        return "template"
    return ""


def _part(overlap: Overlap, part: float) -> str:
    if overlap.mine < part * overlap.rival:
        return "contained"
    return "extended" if overlap.rival < part * overlap.mine else "near"


def _agreement(mine: Collection[str], rival: Collection[str], least: int = 1) -> float:
    """Share of the smaller set that is in the other; too few to tell: they agree."""
    fewer = min(len(mine), len(rival))
    return 1.0 if fewer < least else len(set(mine) & set(rival)) / fewer


def _days_apart(mine: str, rival: str) -> int | None:
    if not (mine and rival):
        return None
    return abs((date.fromisoformat(mine) - date.fromisoformat(rival)).days)
