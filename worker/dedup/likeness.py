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
from worker.dedup.rules import DedupRules
from worker.dedup.shingles import NARROW, Hashes, below
from worker.models import Fingerprint, Kind

Scores = dict[str, float]


class Likeness(Frozen):
    """What an article is to a rival: a duplicate, or a variant of it."""

    kind: Kind  # DUPLICATE or VARIANT
    signal: str  # exact, near, contained, extended; of a variant: series, template
    scores: Scores
    thresholds: Scores

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
    days = _days_apart(mine.day, rival.day)
    if mine.text_hash == rival.text_hash:
        return _exact(mine, days, rules)
    overlap = overlap_of(mine, rival)
    if overlap is None:
        return None
    scores = _scores(mine, rival, overlap, days)
    judge = _judge_short if overlap.short else _judge_long
    thresholds, flaw = judge(scores, rules)
    if scores["containment"] < thresholds["variant" if flaw else "containment"]:
        return None
    return Likeness(
        kind=Kind.VARIANT if flaw else Kind.DUPLICATE,
        signal=flaw or _part(overlap, rules.copies.part),
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


def _exact(mine: Fingerprint, days: int | None, rules: DedupRules) -> Likeness | None:
    """The same few words on another day are another story ("Rate left unchanged")."""
    tiny = not mine.shingles
    if tiny and days != 0:
        return None
    scores = {"containment": 1.0} | ({} if days is None else {"days": float(days)})
    short = tiny or bool(_narrow(np.frombuffer(mine.shingles, "<u8")).any())
    if not short:
        return Likeness(kind=Kind.DUPLICATE, signal="exact", scores=scores, thresholds={})
    most = float(0 if tiny else rules.short.days)
    late = scores.get("days", 0) > most
    return Likeness(
        kind=Kind.VARIANT if late else Kind.DUPLICATE,
        signal="series" if late else "exact",
        scores=scores,
        thresholds={"days": most},
    )


def _scores(mine: Fingerprint, rival: Fingerprint, overlap: Overlap, days: int | None) -> Scores:
    scores = {
        "containment": overlap.containment,
        "numbers": _agreement(mine.numbers, rival.numbers, least=1 if overlap.short else 2),
        "title": _agreement(mine.title, rival.title, unknown=0.0 if overlap.short else 1.0),
        "lead": _agreement(mine.lead, rival.lead),
    }
    if days is not None:
        scores["days"] = float(days)
    return {name: round(score, 4) for name, score in scores.items()}


def _judge_short(scores: Scores, rules: DedupRules) -> tuple[Scores, str]:
    """The thresholds, and what makes a variant of it or ""."""
    short = rules.short
    thresholds = {
        "containment": short.containment,
        "variant": rules.copies.variant,
        "numbers": short.numbers,
        "title": short.title,
        "days": float(short.days),
    }
    if scores["numbers"] < short.numbers or scores.get("days", 0) > short.days:
        return thresholds, "series"
    if scores["title"] >= short.title:
        return thresholds, ""
    # Without the title's help all of it has to be there, and where the other one begins:
    # in a round-up it is one item of many.
    thresholds |= {"containment": short.whole, "lead": rules.copies.lead}
    whole = scores["containment"] >= short.whole and scores["lead"] >= rules.copies.lead
    return thresholds, "" if whole else "template"


def _judge_long(scores: Scores, rules: DedupRules) -> tuple[Scores, str]:
    """The thresholds, and what makes a variant of it or "".

    The less of the words and of the title is shared, the more has to be proven by other signs.
    """
    copies = rules.copies
    thresholds = {"containment": copies.containment, "variant": copies.variant}
    far = scores.get("days", 0) > copies.near_days
    if far:
        thresholds |= {"containment": copies.far_containment, "days": float(copies.near_days)}
    numbers = max(copies.numbers, round(scores["containment"] - copies.numbers_slack, 4))
    strict = far or scores["title"] < copies.same_title
    thresholds["numbers"] = copies.strict_numbers if strict else numbers
    if scores["numbers"] < thresholds["numbers"]:
        return thresholds, "series"
    if far and scores["containment"] < copies.far_containment:
        return thresholds, "series"
    if scores["containment"] < copies.whole:
        thresholds |= {"title": copies.title, "lead": copies.lead}
        if scores["title"] < copies.title and scores["lead"] < copies.lead:
            return thresholds, "template"
    return thresholds, ""


def _part(overlap: Overlap, part: float) -> str:
    if overlap.mine < part * overlap.rival:
        return "contained"
    return "extended" if overlap.rival < part * overlap.mine else "near"


def _agreement(
    mine: Collection[str], rival: Collection[str], least: int = 1, unknown: float = 1.0
) -> float:
    """Share of the smaller set that is in the other; `unknown` when it has less than `least`."""
    fewer = min(len(mine), len(rival))
    return unknown if fewer < least else len(set(mine) & set(rival)) / fewer


def _days_apart(mine: str, rival: str) -> int | None:
    if not (mine and rival):
        return None
    return abs((date.fromisoformat(mine) - date.fromisoformat(rival)).days)
