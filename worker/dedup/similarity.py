"""Two fingerprints come in; goes out what the one is to the other, and why.

A text is a copy when its shingles are in the other, and the other's figures are in it: in a series
(rates, results, bond issues) the words stay and the figures change. Where the shingles leave room
for two stories with the same background, title or opening has to agree as well.
"""

from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worker.dedup.dedup_rules import DedupRules
from worker.dedup.shingles import Unsigned, below, distinct
from worker.model.admission import Frozen
from worker.model.records import Fingerprint, OutcomeKind

Scores = dict[str, float]
Halves = NDArray[np.uint32]
SHIFT = np.uint64(32)
CONTEXTS = 3  # figures between the same words: from here on they are enough to judge by
EVERY = 1 << 32  # more than any text has: in short ones all figures count
VERBATIM = 0.9  # of an opening: what is word for word there was cut or spliced, not filled in anew


class Match(Frozen):
    """What an article is to a rival: a duplicate, or a variant of it."""

    kind: OutcomeKind  # DUPLICATE or VARIANT
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


def compare(mine: Fingerprint, rival: Fingerprint, rules: DedupRules) -> Match | None:
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
    return Match(
        kind=OutcomeKind.VARIANT if flaw else OutcomeKind.DUPLICATE,
        signal=flaw or _part(overlap, rules.copies.part),
        scores=scores,
        thresholds=thresholds,
    )


def overlap_of(mine: Fingerprint, rival: Fingerprint) -> Overlap | None:
    """None for what can't be compared: tiny texts, and fingerprints made by other rules."""
    if mine.version != rival.version or not (mine.shingles and rival.shingles):
        return None
    x, y = _hashes(mine.shingles), _hashes(rival.shingles)
    short = _narrow(x).any(), _narrow(y).any()
    scale = max(mine.scale, rival.scale)
    x, y = (below(h[_narrow(h) == all(short)], scale) for h in (x, y))
    if not (len(x) and len(y)):
        return None
    return Overlap(_shared(x, y) / min(len(x), len(y)), len(x), len(y), any(short))


def _hashes(packed: bytes) -> Halves:
    return np.frombuffer(packed, "<u4")


def _narrow(hashes: Halves) -> NDArray[np.bool_]:
    """Which of the hashes are of narrow shingles: a short text has some, no other has."""
    return (hashes & 1).astype(bool)


def _common(x: NDArray[Unsigned], y: NDArray[Unsigned]) -> NDArray[Unsigned]:
    """What two sets share, ascending."""
    both = np.concatenate((x, y))
    both.sort()
    twice: NDArray[Unsigned] = both[1:][both[1:] == both[:-1]]
    return twice


def _shared(x: Halves, y: Halves) -> int:
    return len(_common(x, y))


def _exact(mine: Fingerprint, days: int | None, rules: DedupRules) -> Match | None:
    """The same few words on another day are another story ("Rate left unchanged")."""
    tiny = not mine.shingles
    if tiny and days != 0:
        return None
    scores = {"containment": 1.0} | ({} if days is None else {"days": float(days)})
    short = tiny or bool(_narrow(_hashes(mine.shingles)).any())
    if not short:
        return Match(kind=OutcomeKind.DUPLICATE, signal="exact", scores=scores, thresholds={})
    most = float(0 if tiny else rules.short.days)
    late = scores.get("days", 0) > most
    return Match(
        kind=OutcomeKind.VARIANT if late else OutcomeKind.DUPLICATE,
        signal="series" if late else "exact",
        scores=scores,
        thresholds={"days": most},
    )


def _scores(mine: Fingerprint, rival: Fingerprint, overlap: Overlap, days: int | None) -> Scores:
    opens = _opens(mine, rival), _opens(rival, mine)
    opening = min(opens) if overlap.short else max(opens)
    enough = EVERY if overlap.short else 0 if opening >= VERBATIM else CONTEXTS
    scores = {
        "containment": overlap.containment,
        "numbers": _same_figures(mine, rival, enough=enough, least=1 if overlap.short else 2),
        "about": _about(mine, rival, unknown=0.0 if overlap.short else 1.0),
        "opening": opening,
    }
    if days is not None:
        scores["days"] = float(days)
    return {name: round(score, 4) for name, score in scores.items()}


def _same_figures(mine: Fingerprint, rival: Fingerprint, *, enough: int, least: int) -> float:
    """Share of the figures between the same words that agree, if they are enough to tell.

    Else of all figures of the text that has fewer, if it has at least so many. Another figure in
    the same sentence makes another story; a sentence that was left out with its figures does not.
    """
    x, y = (_hashes(p.figures).reshape(-1, 2) for p in (mine, rival))
    around = _shared(distinct(x[:, 0]), distinct(y[:, 0]))
    if around >= enough:
        agreeing = _common(distinct(_rows(x)), distinct(_rows(y))) >> SHIFT
        return len(distinct(agreeing)) / around if around else 1.0
    v, w = distinct(x[:, 1]), distinct(y[:, 1])
    fewer = min(len(v), len(w))
    return _shared(v, w) / fewer if fewer >= least else 1.0


def _rows(figures: Halves) -> NDArray[np.uint64]:
    return figures[:, 0].astype(np.uint64) << SHIFT | figures[:, 1]


def same_title(mine: Fingerprint, rival: Fingerprint, unknown: float) -> float:
    x, y = _hashes(mine.title), _hashes(rival.title)
    return _shared(x, y) / min(len(x), len(y)) if len(x) and len(y) else unknown


def _about(mine: Fingerprint, rival: Fingerprint, unknown: float) -> float:
    """Does the title of the one speak of the other: of its title, or of its text?"""
    if not (mine.title and rival.title):
        return unknown
    titles, texts = (mine.title, rival.title), (mine.vocabulary, rival.vocabulary)
    return max(_told(*sorted(titles, key=len)), *map(_told, titles, texts[::-1]))


def _told(title: bytes, whole: bytes) -> float:
    """Share of a title's words that are there; one of several is there by chance."""
    x, y = _hashes(title), _hashes(whole)
    shared = _shared(x, y)
    return shared / len(x) if shared > 1 or len(x) == 1 else 0.0


def _opens(mine: Fingerprint, rival: Fingerprint) -> float:
    """Share of my opening that is anywhere in the rival."""
    x, y = _hashes(mine.opening), _hashes(rival.shingles)
    scale = max(mine.scale, rival.scale)
    x = below(x, scale)
    return _shared(x, y) / len(x) if len(x) else 1.0


def _judge_short(scores: Scores, rules: DedupRules) -> tuple[Scores, str]:
    """The thresholds, and what makes a variant of it or ""."""
    short = rules.short
    thresholds = {
        "containment": short.containment,
        "variant": rules.copies.variant,
        "numbers": short.numbers,
        "about": short.about,
        "days": float(short.days),
    }
    if scores["numbers"] < short.numbers or scores.get("days", 0) > short.days:
        return thresholds, "series"
    # In a round-up it is one item of many: the longer one has to begin with it.
    thresholds["opening"] = rules.copies.opening
    if scores["opening"] < rules.copies.opening:
        return thresholds, "template"
    if scores["about"] < short.about:  # without the title's help all of it has to be there
        thresholds["containment"] = short.whole
        return thresholds, "template" if scores["containment"] < short.whole else ""
    return thresholds, ""


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
    strict = far or scores["about"] < copies.same_story
    thresholds["numbers"] = copies.strict_numbers if strict else numbers
    if scores["numbers"] < thresholds["numbers"]:
        return thresholds, "series"
    if far and scores["containment"] < copies.far_containment:
        return thresholds, "series"
    if scores["containment"] < copies.whole:
        thresholds |= {"about": copies.about, "opening": copies.opening}
        if scores["about"] < copies.about or scores["opening"] < copies.opening:
            return thresholds, "template"
    return thresholds, ""


def _part(overlap: Overlap, part: float) -> str:
    if overlap.mine < part * overlap.rival:
        return "contained"
    return "extended" if overlap.rival < part * overlap.mine else "near"


def _days_apart(mine: str, rival: str) -> int | None:
    if not (mine and rival):
        return None
    return abs((date.fromisoformat(mine) - date.fromisoformat(rival)).days)
