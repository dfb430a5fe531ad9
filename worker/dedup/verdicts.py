"""Identity first, then likeness: fingerprints and what is known come in, verdicts go out.

identify -> (the index finds rivals) -> compare -> resolve -> rejudge under the store's lock
"""

from collections.abc import Sequence

from worker.dedup.features import ALGORITHM
from worker.dedup.likeness import Likeness, overlap_of, same_title
from worker.dedup.regroup import change_of
from worker.dedup.rules import DedupRules, Identity
from worker.models import Article, Fingerprint, Kind, Known, Verdict

Scores = dict[str, float]


def identify(
    article: Article, fingerprint: Fingerprint, known: Known | None, rules: DedupRules
) -> Verdict:
    """What the article is to its own past: new, unchanged or a revision.

    An alias leads to another article only when the content confirms it: links get reused.
    """
    version = _version(rules)
    if known is None or known.revision == 0:
        return _new(article, "unseen", version)
    if fingerprint.content_hash in known.hashes:
        return _unchanged(known, version)
    change = _change(fingerprint, known.fingerprint, rules)
    if known.article_id == article.article_id:
        strange, thresholds = _strangeness(fingerprint, known.fingerprint, rules.identity)
        signal = "identity" if strange else "key"
        revision = _revision(known, signal, strange, thresholds if strange else {}, version)
        return revision.model_copy(update={"change": change})
    scores = {"containment": _containment(fingerprint, known.fingerprint)}
    thresholds = {"containment": rules.identity.alias_containment}
    if scores["containment"] >= thresholds["containment"]:
        revision = _revision(known, "alias", scores, thresholds, version)
        return revision.model_copy(update={"change": change})
    conflict = {"rival": known.article_id, "scores": scores, "thresholds": thresholds}
    return _new(article, "alias-conflict", version).model_copy(update=conflict)


def after(known: Known | None, verdict: Verdict, fingerprint: Fingerprint) -> Known:
    """What is known once this verdict is written: a second copy in the same batch meets it."""
    if known is not None and verdict.kind is Kind.UNCHANGED:
        return known
    same = known is not None and known.article_id == verdict.article_id
    earlier = known.hashes if known is not None and same else frozenset[str]()
    return Known(
        article_id=verdict.article_id,
        hashes=earlier | {fingerprint.content_hash},
        revision=verdict.revision,
        cluster_id=verdict.cluster_id,
        fingerprint=fingerprint,
    )


def resolve(
    verdict: Verdict, likes: Sequence[tuple[str, Likeness]], canonical: str, rules: DedupRules
) -> Verdict:
    """What a new article is to others, given the canonical article that the index settled on.

    Being canonical it stays new although it has copies. What is known already stays as it is.
    """
    if verdict.kind is not Kind.NEW:
        return verdict
    copies = [(rival, like) for rival, like in likes if like.kind is Kind.DUPLICATE]
    if canonical != verdict.article_id:
        joined = verdict.model_copy(update={"kind": Kind.DUPLICATE, "cluster_id": canonical})
        if copies:
            return _against(joined, copies, _version(rules))
        # The rival met this article and settled for both; this one did not meet the rival.
        settled = {"signal": "settled", "rival": canonical, "scores": {}, "thresholds": {}}
        return joined.model_copy(update=settled)
    if likes and not copies:
        variant = verdict.model_copy(update={"kind": Kind.VARIANT})
        return _against(variant, likes, _version(rules))
    return verdict


def rejudge(verdict: Verdict, content_hash: str, known: Known | None) -> Verdict:
    """The rule of identity once more, with what another worker may have written meanwhile."""
    if known is None or known.revision == 0:
        return verdict
    if content_hash in known.hashes:
        return _unchanged(known, verdict.version)
    if verdict.kind is Kind.UNCHANGED:
        return verdict
    if verdict.kind is not Kind.REVISION:
        return _revision(known, "race", {}, {}, verdict.version)
    newest = {"revision": known.revision + 1, "cluster_id": known.cluster_id}
    return verdict.model_copy(update=newest)


def _new(article: Article, signal: str, version: str) -> Verdict:
    return Verdict(
        kind=Kind.NEW,
        article_id=article.article_id,
        revision=1,
        cluster_id=article.article_id,
        signal=signal,
        version=version,
    )


def _unchanged(known: Known, version: str) -> Verdict:
    """Old content never becomes the newest: the revision stays the store's newest."""
    unchanged = {"kind": Kind.UNCHANGED, "revision": known.revision}
    return _revision(known, "content-hash", {}, {}, version).model_copy(update=unchanged)


def _revision(
    known: Known, signal: str, scores: Scores, thresholds: Scores, version: str
) -> Verdict:
    return Verdict(
        kind=Kind.REVISION,
        article_id=known.article_id,
        revision=known.revision + 1,
        cluster_id=known.cluster_id,
        signal=signal,
        scores=scores,
        thresholds=thresholds,
        version=version,
    )


def _against(verdict: Verdict, likes: Sequence[tuple[str, Likeness]], version: str) -> Verdict:
    """The verdict with the strongest of the likes as its evidence."""
    rival, like = max(likes, key=lambda found: found[1].strength)
    evidence = {"rival": rival, "signal": like.signal, "version": version}
    return verdict.model_copy(
        update=evidence | {"scores": like.scores, "thresholds": like.thresholds}
    )


def _change(mine: Fingerprint, known: Fingerprint | None, rules: DedupRules) -> str:
    return change_of(known, mine, rules.revisions).value if known else ""


def _containment(mine: Fingerprint, known: Fingerprint | None) -> float:
    if known is None:
        return 0.0
    if mine.text_hash == known.text_hash:
        return 1.0
    overlap = overlap_of(mine, known)
    return round(overlap.containment, 4) if overlap else 0.0


def _strangeness(
    mine: Fingerprint, known: Fingerprint | None, rules: Identity
) -> tuple[Scores, Scores]:
    """The scores of content that shares nothing with what its key stood for, else nothing."""
    thresholds = {"containment": rules.stranger_containment}
    if known is None or min(mine.words, known.words) < rules.stranger_words:
        return {}, thresholds
    overlap = overlap_of(mine, known)
    if overlap is None or same_title(mine, known, unknown=0.0):
        return {}, thresholds
    strange = overlap.containment < rules.stranger_containment
    scores = {"containment": round(overlap.containment, 4), "title": 0.0}
    return (scores if strange else {}), thresholds


def _version(rules: DedupRules) -> str:
    return f"{ALGORITHM}/{rules.version}"
