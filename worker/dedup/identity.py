"""Identity first, then likeness: fingerprints and what is known come in, verdicts go out.

identify -> (the index finds rivals) -> compare -> resolve -> rejudge under the store's lock
"""

from collections.abc import Sequence

from worker.dedup.clustering import change_of, copy_of
from worker.dedup.dedup_rules import DedupRules, Identity
from worker.dedup.fingerprint import ALGORITHM
from worker.dedup.similarity import Match, overlap_of, same_title
from worker.model.records import (
    Article,
    Fingerprint,
    OutcomeKind,
    StoredIdentity,
    Verdict,
    article_id_of,
)

Scores = dict[str, float]
Evidence = tuple[Scores, Scores]  # scores and thresholds
NOTHING: Evidence = ({}, {})
CLEANED_AGAIN, LESS_TEXT = "cleaned-again", "less-text"  # signals


def identify(
    article: Article,
    fingerprint: Fingerprint,
    known: StoredIdentity | None,
    rules: DedupRules,
    *,
    again: bool = False,
) -> Verdict:
    """What the article is to its own past: new, unchanged or a revision.

    An alias leads to another article only when the content confirms it: links get reused. So do
    ids; where the content speaks against its own key, the article gets another one. What comes
    without its text replaces none, unless it is what was stored, cleaned `again`.
    """
    verdict = _identified(article, fingerprint, known, rules)
    verdict = verdict.model_copy(update={"extent": article.extent})
    if verdict.kind is not OutcomeKind.REVISION:
        return verdict
    if again:
        return verdict.model_copy(update={"signal": CLEANED_AGAIN})
    stored = next(each for each in _every(known) if each.article_id == verdict.article_id)
    return _unless_less(verdict, stored)


def _identified(
    article: Article, fingerprint: Fingerprint, known: StoredIdentity | None, rules: DedupRules
) -> Verdict:
    version = _version(rules)
    past = _past(article, fingerprint, known, rules)
    if not past:
        return _new(article, "unseen", version)
    known = past[0]
    for each in past:
        if fingerprint.content_hash in each.hashes:
            return _unchanged(each, version)
    own = known if known.article_id == article.article_id else None
    doubt = _doubt(article, fingerprint, own, rules) if own else None
    if own and doubt is None:
        return _edited(own, "key", NOTHING, fingerprint, rules)
    others = [each for each in past if each is not own]
    found = [(each, _confirmed(fingerprint, each, rules)) for each in others]
    for each, evidence in found:
        if _enough(evidence):
            signal = "opening" if _by_opening(article, each) else "alias"
            return _edited(each, signal, evidence, fingerprint, rules)
    if own and doubt:
        return _apart(article, own, others, doubt, version)
    scores, thresholds = found[0][1]
    conflict = {"rival": known.article_id, "scores": scores, "thresholds": thresholds}
    return _new(article, "alias-conflict", version).model_copy(update=conflict)


def _past(
    article: Article, mine: Fingerprint, known: StoredIdentity | None, rules: DedupRules
) -> list[StoredIdentity]:
    """The articles that its keys lead to. An opening is not much of a key: where nothing else
    leads on, the one has to be a copy of the other, figures and all."""
    if not known or not known.revision:
        return []
    return [
        each
        for each in _every(known)
        if each.revision
        and (
            not _by_opening(article, each)
            or mine.content_hash in each.hashes
            or (each.fingerprint and copy_of(mine, each.fingerprint, rules))
        )
    ]


def _every(known: StoredIdentity | None) -> tuple[StoredIdentity, ...]:
    """All that its keys lead to."""
    return (known, *known.elsewhere) if known else ()


def _by_opening(article: Article, known: StoredIdentity) -> bool:
    """Whether nothing else of the article leads there."""
    own = known.article_id == article.article_id
    return not own and known.keys == {article.opening_key}


def rekeyed(article: Article, verdict: Verdict) -> Article:
    """The article under the key that its verdict chose: its own may name another story."""
    keys = (article.key, *article.aliases, article.opening_key)
    ids = {article_id_of(article.source, key): key for key in reversed(keys)}
    chosen = ids.get(verdict.article_id, article.key)
    if verdict.kind is not OutcomeKind.NEW or chosen == article.key:
        return article
    others = tuple(key for key in (article.key, *article.aliases) if key != chosen)
    return article.model_copy(update={"key": chosen, "aliases": others})


def _apart(
    article: Article,
    own: StoredIdentity,
    others: Sequence[StoredIdentity],
    doubt: Evidence,
    version: str,
) -> Verdict:
    """New under a key that no other story has: a bad id never overwrites an article."""
    taken = own.keys.union(*(other.keys for other in others))
    free = (key for key in (*article.aliases, article.opening_key) if key not in taken)
    key = next(free, article.opening_key)
    its = article.model_copy(update={"key": key})
    scores, thresholds = doubt
    evidence = {"rival": own.article_id, "scores": scores, "thresholds": thresholds}
    return _new(its, "reused-id", version).model_copy(update=evidence)


def _doubt(
    article: Article, mine: Fingerprint, own: StoredIdentity, rules: DedupRules
) -> Evidence | None:
    """The evidence that another story stands under its key, if there is any.

    Content that shares nothing is one; where the link is another as well, or the source's ids are
    distrusted, so is content that would not be a copy under a title about something else.
    """
    scores, thresholds = _strangeness(mine, own.fingerprint, rules.identity)
    if scores:
        return scores, thresholds
    links = {key for key in article.aliases if key.startswith("url:")}
    if own.fingerprint is None or not (own.distrusted or (links and not links & own.keys)):
        return None
    scores, thresholds = _confirmed(mine, own, rules)
    scores["title"] = round(same_title(mine, own.fingerprint, unknown=1.0), 4)
    thresholds["title"] = rules.identity.stranger_title
    alike = scores["title"] >= thresholds["title"] or _enough((scores, thresholds))
    return None if alike else (scores, thresholds)


def _confirmed(mine: Fingerprint, known: StoredIdentity, rules: DedupRules) -> Evidence:
    scores = {"containment": _containment(mine, known.fingerprint)}
    return scores, {"containment": rules.identity.alias_containment}


def _enough(evidence: Evidence) -> bool:
    scores, thresholds = evidence
    return scores["containment"] >= thresholds["containment"]


def _edited(
    known: StoredIdentity, signal: str, evidence: Evidence, mine: Fingerprint, rules: DedupRules
) -> Verdict:
    revision = _revision(known, signal, *evidence, _version(rules))
    return revision.model_copy(update={"change": _change(mine, known.fingerprint, rules)})


def after(
    known: StoredIdentity | None, verdict: Verdict, fingerprint: Fingerprint
) -> StoredIdentity:
    """What is known once this verdict is written: a second copy in the same batch meets it."""
    if known is not None and verdict.kind is OutcomeKind.UNCHANGED:
        return known
    same = known is not None and known.article_id == verdict.article_id
    earlier = known.hashes if known is not None and same else frozenset[str]()
    return StoredIdentity(
        article_id=verdict.article_id,
        hashes=earlier | {fingerprint.content_hash},
        revision=verdict.revision,
        cluster_id=verdict.cluster_id,
        extent=verdict.extent,
        fingerprint=fingerprint,
    )


def resolve(
    verdict: Verdict, likes: Sequence[tuple[str, Match]], canonical: str, rules: DedupRules
) -> Verdict:
    """What a new article is to others, given the canonical article that the index settled on.

    Being canonical it stays new although it has copies. What is known already stays as it is.
    """
    if verdict.kind is not OutcomeKind.NEW:
        return verdict
    copies = [(rival, like) for rival, like in likes if like.kind is OutcomeKind.DUPLICATE]
    if canonical != verdict.article_id:
        joined = verdict.model_copy(update={"kind": OutcomeKind.DUPLICATE, "cluster_id": canonical})
        if copies:
            return _against(joined, copies, _version(rules))
        # The rival met this article and settled for both; this one did not meet the rival.
        settled = {"signal": "settled", "rival": canonical, "scores": {}, "thresholds": {}}
        return joined.model_copy(update=settled)
    if likes and not copies:
        variant = verdict.model_copy(update={"kind": OutcomeKind.VARIANT})
        return _against(variant, likes, _version(rules))
    return verdict


def rejudge(verdict: Verdict, content_hash: str, known: StoredIdentity | None) -> Verdict:
    """The rule of identity once more, with what another worker may have written meanwhile."""
    if known is None or known.revision == 0:
        return verdict
    if content_hash in known.hashes:
        return _unchanged(known, verdict.version)
    if verdict.kind is OutcomeKind.UNCHANGED:
        return _unless_less(verdict, known)
    newest = {"revision": known.revision + 1, "cluster_id": known.cluster_id}
    if verdict.kind is not OutcomeKind.REVISION:
        raced = _revision(known, "race", {}, {}, verdict.version)
        return _unless_less(raced.model_copy(update={"extent": verdict.extent}), known)
    # What was stored, cleaned again: unless it has been replaced since, it may be less than it was.
    if verdict.signal == CLEANED_AGAIN and verdict.revision == known.revision + 1:
        return verdict.model_copy(update=newest)
    return _unless_less(verdict.model_copy(update=newest), known)


def _unless_less(verdict: Verdict, known: StoredIdentity) -> Verdict:
    """The verdict; unchanged, where less came of the article than is stored."""
    if verdict.extent >= known.extent:
        return verdict
    unchanged = _unchanged(known, verdict.version)
    return unchanged.model_copy(update={"signal": LESS_TEXT, "extent": verdict.extent})


def _new(article: Article, signal: str, version: str) -> Verdict:
    return Verdict(
        kind=OutcomeKind.NEW,
        article_id=article.article_id,
        revision=1,
        cluster_id=article.article_id,
        signal=signal,
        version=version,
    )


def _unchanged(known: StoredIdentity, version: str) -> Verdict:
    """Old content never becomes the newest: the revision stays the store's newest."""
    unchanged = {"kind": OutcomeKind.UNCHANGED, "revision": known.revision}
    return _revision(known, "content-hash", {}, {}, version).model_copy(update=unchanged)


def _revision(
    known: StoredIdentity, signal: str, scores: Scores, thresholds: Scores, version: str
) -> Verdict:
    return Verdict(
        kind=OutcomeKind.REVISION,
        article_id=known.article_id,
        revision=known.revision + 1,
        cluster_id=known.cluster_id,
        signal=signal,
        scores=scores,
        thresholds=thresholds,
        version=version,
    )


def _against(verdict: Verdict, likes: Sequence[tuple[str, Match]], version: str) -> Verdict:
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
