"""Compare two articles by their fingerprints (sets of hashes): they are duplicates, variants of
each other, or unrelated.

A text is a copy of another if its runs of words are in the other, too, and their numbers agree. If
the numbers differ, as in daily reports of exchange rates, the texts are variants. Unless nearly all
runs are shared, the title or opening must also agree, because different stories may have background
paragraphs in common.
"""

from dataclasses import dataclass
from datetime import date

from worker.dedup.dedup_rules import DedupRules
from worker.dedup.figure_agreement import NO_CONTEXTS, same_figures
from worker.dedup.hash_arrays import halves
from worker.dedup.overlap import Overlap, narrow_mask, opening_share, overlap_of, title_support
from worker.dedup.series_signs import Pair, changes_between, is_next_issue, is_own_lead
from worker.model.records import Fingerprint, OutcomeKind, Scores

_MIN_CONTEXTS = 3  # figures between the same words: this many are enough to decide
_VERBATIM = 0.9  # share of an opening: so much repeated means cut or spliced, not rewritten


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The result of comparing two articles that are duplicates of each other or variants (similar
    texts that are no copies); `kind` says which.

    `signal` is the main reason, such as "exact" (equal words) or "contained" (one text is part of
    the other). `scores` are the measured values by name, such as the share of runs of words in
    common, and `thresholds` the limits with which they were compared.
    """

    kind: OutcomeKind  # DUPLICATE or VARIANT
    signal: str  # exact, near, contained, extended; of a variant: series, template
    scores: Scores
    thresholds: Scores

    @property
    def strength(self) -> float:
        """How similar the two articles are: the share (0 to 1) of the shorter text's runs of words
        that are in the other. It serves to choose the best of several matches."""
        return self.scores["containment"]


def compare(left: Fingerprint, right: Fingerprint, rules: DedupRules) -> Match | None:
    """Decide whether two articles are duplicates or variants of each other; return None if they are
    unrelated.

    The order of the articles matters only for the name of the main reason (`signal`): "contained"
    says that `left` is a part of `right`, "extended" that `right` is a part of `left`.
    """
    days = _days_apart(left.day, right.day)
    if left.text_hash == right.text_hash:
        return _exact(left, right, days, rules)
    overlap = overlap_of(left, right)
    if overlap is None or round(overlap.containment, 4) < _least_containment(rules):
        return None
    openings = opening_share(left, right), opening_share(right, left)
    scores = _scores(left, right, overlap, openings, days)
    decide = _decide_short if overlap.short else _decide_long
    thresholds, flaw = decide(scores, rules)
    if scores["containment"] >= rules.copies.containment:
        flaw, changed = _changed(left, right, overlap, openings, days, rules, flaw)
        scores |= changed
    if scores["containment"] < thresholds["variant" if flaw else "containment"]:
        return None
    return Match(
        kind=OutcomeKind.VARIANT if flaw else OutcomeKind.DUPLICATE,
        signal=flaw or _part(overlap, rules.copies.part),
        scores=scores,
        thresholds=thresholds,
    )


def _least_containment(rules: DedupRules) -> float:
    """The containment from which two texts may match, whatever else they have in common."""
    copies, short = rules.copies, rules.short
    return min(
        copies.containment, copies.variant, copies.far_containment, short.containment, short.whole
    )


def _exact(
    left: Fingerprint, right: Fingerprint, days: int | None, rules: DedupRules
) -> Match | None:
    """The match of two texts with equal words, published `days` apart (None: unknown).

    Long texts are duplicates. The same few words on another day are another story ("Rate left
    unchanged"), so short texts too many days apart are variants, and tiny texts don't match unless
    they are of one day.
    """
    tiny = not left.shingles
    if tiny and days != 0:
        return None
    scores = {"containment": 1.0} | ({} if days is None else {"days": float(days)})
    short = tiny or bool(narrow_mask(halves(left.shingles)).any())
    if not short:
        return _exact_long(left, right, scores, rules)
    most = float(0 if tiny else rules.short.days)
    late = scores.get("days", 0) > most
    return Match(
        kind=OutcomeKind.VARIANT if late else OutcomeKind.DUPLICATE,
        signal="series" if late else "exact",
        scores=scores,
        thresholds={"days": most},
    )


def _exact_long(left: Fingerprint, right: Fingerprint, scores: Scores, rules: DedupRules) -> Match:
    """The match of two longer texts with equal words. Days apart, a text that is about neither
    title is a template, such as a notice that stands on all pages of a site."""
    thresholds: Scores = {}
    if scores.get("days", 0) > rules.copies.near_days:
        scores["about"] = round(title_support(left, right, unknown=1.0), 4)
        thresholds = {"days": float(rules.copies.near_days), "about": rules.copies.about}
    template = scores.get("about", 1.0) < rules.copies.about
    return Match(
        kind=OutcomeKind.VARIANT if template else OutcomeKind.DUPLICATE,
        signal="template" if template else "exact",
        scores=scores,
        thresholds=thresholds if template else {},
    )


def _scores(
    left: Fingerprint,
    right: Fingerprint,
    overlap: Overlap,
    openings: tuple[float, float],
    days: int | None,
) -> Scores:
    opening = min(openings) if overlap.short else max(openings)
    min_contexts = 0 if opening >= _VERBATIM else _MIN_CONTEXTS
    enough = NO_CONTEXTS if overlap.short else min_contexts
    scores = {
        "containment": overlap.containment,
        "numbers": same_figures(left, right, enough=enough, least=1 if overlap.short else 2),
        "about": title_support(left, right, unknown=0.0 if overlap.short else 1.0),
        "opening": opening,
    }
    if days is not None:
        scores["days"] = float(days)
    return {name: round(score, 4) for name, score in scores.items()}


def _decide_short(scores: Scores, rules: DedupRules) -> tuple[Scores, str]:
    """Choose the thresholds for a pair with a short text, and find what makes it a variant.

    Returns (thresholds, flaw). The flaw is "series" for other figures or days, "template" for texts
    that only share their wording, and "" if nothing speaks against a duplicate.
    """
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
    # A short text may be one item of a round-up: the longer text must begin with it.
    thresholds["opening"] = rules.copies.opening
    if scores["opening"] < rules.copies.opening:
        return thresholds, "template"
    if (
        scores["about"] < short.about
    ):  # without the title's support the whole text must be contained
        thresholds["containment"] = short.whole
        return thresholds, "template" if scores["containment"] < short.whole else ""
    return thresholds, ""


def _decide_long(scores: Scores, rules: DedupRules) -> tuple[Scores, str]:
    """Choose the thresholds for a pair of longer texts, and find what makes it a variant.

    Returns (thresholds, flaw) as _decide_short() does. The less the texts and titles have in
    common, the more the figures and the opening must agree.
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
    if far and scores["about"] < copies.about:
        return thresholds | {"about": copies.about}, "template"
    if scores["containment"] < copies.whole:
        thresholds |= {"about": copies.about, "opening": copies.opening}
        if scores["about"] < copies.about or scores["opening"] < copies.opening:
            return thresholds, "template"
    return thresholds, ""


def _changed(
    left: Fingerprint,
    right: Fingerprint,
    overlap: Overlap,
    openings: tuple[float, float],
    days: int | None,
    rules: DedupRules,
    flaw: str,
) -> tuple[str, Scores]:
    """Judge a pair by what differs between the texts, and return its flaw and further scores.

    `flaw` is the result so far. Other figures, names and days make it a series, and a text of which
    only title and opening are other ones is a copy, not the use of a template.
    """
    pair = Pair(days, (min(openings), max(openings)), min(overlap.left, overlap.right))
    changes = changes_between(left, right)
    corrected = overlap.short and changes.replaced  # in a short text each figure is the news
    if corrected or is_next_issue(changes, pair, rules.series):
        flaw = flaw or "series"
    elif flaw and not overlap.short:
        other_figures = flaw == "series"
        if is_own_lead(changes, pair, rules.series, other_figures=other_figures):
            flaw = ""
    return flaw, {"frame": round(changes.frame, 4), "replaced": float(changes.replaced)}


def _part(overlap: Overlap, part: float) -> str:
    if overlap.left < part * overlap.right:
        return "contained"
    return "extended" if overlap.right < part * overlap.left else "near"


def _days_apart(left: str, right: str) -> int | None:
    if not (left and right):
        return None
    return abs((date.fromisoformat(left) - date.fromisoformat(right)).days)
