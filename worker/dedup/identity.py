"""Decide whether an incoming article is new, unchanged, or a new version of a stored article, and
whether a new one copies others. The decision is called a verdict.

An article is recognised by its keys: its id, its link, or a hash of its opening. `identify`
compares it with the stored article that has the same key, and `resolve` decides whether it is a
copy.
"""

from collections.abc import Sequence
from dataclasses import replace

from worker.dedup.clustering import change_of, copy_of
from worker.dedup.dedup_rules import DedupRules
from worker.dedup.fingerprint import ALGORITHM
from worker.dedup.reused_keys import Evidence, contradiction, is_confirmed, key_evidence
from worker.dedup.similarity import Match
from worker.dedup.verdicts import (
    CLEANED_AGAIN,
    new_verdict,
    revision_verdict,
    unchanged_if_shorter,
    unchanged_verdict,
)
from worker.model.records import (
    Article,
    Fingerprint,
    OutcomeKind,
    StoredIdentity,
    Verdict,
    article_id_of,
)

_NO_EVIDENCE: Evidence = ({}, {})


def identify(
    article: Article,
    fingerprint: Fingerprint,
    stored: StoredIdentity | None,
    rules: DedupRules,
    *,
    reprocessed: bool = False,
) -> Verdict:
    """Decide whether an article is new, unchanged, or a new version of `stored`, the stored article
    with the same id or another key in common; None if there is none.

    If the texts show that the two are different articles, the article counts as new, because
    publishers reuse ids and links. A shorter form, such as a summary, never replaces a stored full
    text, unless `reprocessed` says that the article was not received again, but cleaned again from
    the stored original.
    """
    verdict = _identified(article, fingerprint, stored, rules)
    verdict = replace(verdict, extent=article.extent)
    if verdict.kind is not OutcomeKind.REVISION:
        return verdict
    if reprocessed:
        return replace(verdict, signal=CLEANED_AGAIN)
    revised = next(i for i in _identities(stored) if i.article_id == verdict.article_id)
    return unchanged_if_shorter(verdict, revised)


def _identified(
    article: Article, fingerprint: Fingerprint, stored: StoredIdentity | None, rules: DedupRules
) -> Verdict:
    version = _version(rules)
    identities = _usable_identities(article, fingerprint, stored, rules)
    if not identities:
        return new_verdict(article, "unseen", version)
    first = identities[0]
    for identity in identities:
        if fingerprint.content_hash in identity.hashes:
            return unchanged_verdict(identity, version)
    own = first if first.article_id == article.article_id else None
    conflict = contradiction(article, fingerprint, own, rules) if own else None
    if own and conflict is None:
        return _edited(own, "key", _NO_EVIDENCE, fingerprint, rules)
    others = [identity for identity in identities if identity is not own]
    if own and (other := _stored_under_alias(article, fingerprint, others, rules)):
        return _edited(other, "key", _NO_EVIDENCE, fingerprint, rules)
    checked = [(identity, key_evidence(fingerprint, identity, rules)) for identity in others]
    for identity, evidence in checked:
        if is_confirmed(evidence):
            signal = _alias_signal(article, identity, evidence)
            return _edited(identity, signal, evidence, fingerprint, rules)
    if own and conflict:
        return _new_under_free_key(article, own, others, conflict, version)
    scores, thresholds = checked[0][1]
    return replace(
        new_verdict(article, "alias-conflict", version),
        rival=first.article_id,
        scores=scores,
        thresholds=thresholds,
    )


def _alias_signal(article: Article, identity: StoredIdentity, evidence: Evidence) -> str:
    if _found_by_opening(article, identity):
        return "opening"
    return "alias" if "containment" in evidence[1] else "alias-title"


def _stored_under_alias(
    article: Article,
    fingerprint: Fingerprint,
    others: Sequence[StoredIdentity],
    rules: DedupRules,
) -> StoredIdentity | None:
    """The stored article whose main key is a further key of this article, if nothing speaks against
    it; else None.

    It got that key when the main key of this article belonged to another article already: several
    articles had one id, or links that differ only in the fragment.
    """
    ids = {article_id_of(article.source, key) for key in article.aliases}
    stored = (identity for identity in others if identity.article_id in ids)
    return next((i for i in stored if contradiction(article, fingerprint, i, rules) is None), None)


def _usable_identities(
    article: Article, fingerprint: Fingerprint, stored: StoredIdentity | None, rules: DedupRules
) -> list[StoredIdentity]:
    """The stored articles that have one of this article's keys and may be the same article.

    The opening is a weak key: a stored article that only shares the opening counts only if this
    article is a copy of it, with the same figures.
    """
    if not stored or not stored.revision:
        return []
    return [
        identity
        for identity in _identities(stored)
        if identity.revision
        and (
            not _found_by_opening(article, identity)
            or fingerprint.content_hash in identity.hashes
            or (identity.fingerprint and copy_of(fingerprint, identity.fingerprint, rules))
        )
    ]


def _identities(stored: StoredIdentity | None) -> tuple[StoredIdentity, ...]:
    """The stored article and the other stored articles that have one of the keys looked up."""
    return (stored, *stored.alternatives) if stored else ()


def _found_by_opening(article: Article, identity: StoredIdentity) -> bool:
    """Whether this stored article shares no key with the article except the opening."""
    own = identity.article_id == article.article_id
    return not own and identity.keys == {article.opening_key}


def with_key(article: Article, verdict: Verdict) -> Article:
    """Return the article under the main key that the verdict (the decision whether it is new) chose
    for it. The main key, an id or link, identifies the article in the store.

    If the publisher has reused an id or link for a different article, the verdict chooses another
    key, so that both can be stored. The former main key becomes a secondary one.
    """
    keys = (article.key, *article.aliases, article.opening_key)
    ids = {article_id_of(article.source, key): key for key in reversed(keys)}
    chosen = ids.get(verdict.article_id, article.key)
    if verdict.kind is not OutcomeKind.NEW or chosen == article.key:
        return article
    others = tuple(key for key in (article.key, *article.aliases) if key != chosen)
    return replace(article, key=chosen, aliases=others)


def _new_under_free_key(
    article: Article,
    own: StoredIdentity,
    others: Sequence[StoredIdentity],
    conflict: Evidence,
    version: str,
) -> Verdict:
    """The verdict that an article is new, under a key that no stored article has.

    It is used when a publisher reuses an id, so that the new article never overwrites the old one.
    """
    taken = own.keys.union(*(other.keys for other in others))
    free = (key for key in (*article.aliases, article.opening_key) if key not in taken)
    key = next(free, article.opening_key)
    scores, thresholds = conflict
    return replace(
        new_verdict(replace(article, key=key), "reused-id", version),
        rival=own.article_id,
        scores=scores,
        thresholds=thresholds,
    )


def _edited(
    identity: StoredIdentity,
    signal: str,
    evidence: Evidence,
    fingerprint: Fingerprint,
    rules: DedupRules,
) -> Verdict:
    revision = revision_verdict(identity, signal, *evidence, _version(rules))
    return replace(revision, change=_change(fingerprint, identity.fingerprint, rules))


def identity_after(
    identity: StoredIdentity | None, verdict: Verdict, fingerprint: Fingerprint
) -> StoredIdentity:
    """Return what the store will know of an article (its id, hashes and revision) once this verdict
    (the decision whether the article is new) is written.

    Verdicts are written together, at the end of a batch of articles. Until then, later articles of
    the batch are compared with this result. `identity` is what the store knows now; None if
    nothing.
    """
    if identity is not None and verdict.kind is OutcomeKind.UNCHANGED:
        return identity
    same = identity is not None and identity.article_id == verdict.article_id
    earlier = identity.hashes if identity is not None and same else frozenset[str]()
    return StoredIdentity(
        article_id=verdict.article_id,
        hashes=earlier | {fingerprint.content_hash},
        revision=verdict.revision,
        cluster_id=verdict.cluster_id,
        extent=verdict.extent,
        fingerprint=fingerprint,
    )


def resolve(
    verdict: Verdict, matches: Sequence[tuple[str, Match]], canonical: str, rules: DedupRules
) -> Verdict:
    """Decide whether a new article is a duplicate or variant of other articles, or none. A verdict
    that says that an article is not new is returned unchanged.

    `matches` are pairs of the id of another article and how well its text agrees. `canonical` is
    the id of the article that was chosen as the original: if it is another article, this one is a
    duplicate of it.
    """
    if verdict.kind is not OutcomeKind.NEW:
        return verdict
    copies = [(rival, match) for rival, match in matches if match.kind is OutcomeKind.DUPLICATE]
    if canonical != verdict.article_id:
        joined = replace(verdict, kind=OutcomeKind.DUPLICATE, cluster_id=canonical)
        if copies:
            return _with_strongest(joined, copies, _version(rules))
        # The other article met this one and elected for both; this one did not meet the other.
        return replace(joined, signal="settled", rival=canonical, scores={}, thresholds={})
    if matches and not copies:
        variant = replace(verdict, kind=OutcomeKind.VARIANT)
        return _with_strongest(variant, matches, _version(rules))
    return verdict


def _with_strongest(
    verdict: Verdict, matches: Sequence[tuple[str, Match]], version: str
) -> Verdict:
    """The verdict with the signal, scores and thresholds of the strongest of these matches."""
    rival, match = max(matches, key=lambda pair: pair[1].strength)
    return replace(
        verdict,
        rival=rival,
        signal=match.signal,
        version=version,
        scores=match.scores,
        thresholds=match.thresholds,
    )


def _change(fingerprint: Fingerprint, stored: Fingerprint | None, rules: DedupRules) -> str:
    return change_of(stored, fingerprint, rules.revisions).value if stored else ""


def _version(rules: DedupRules) -> str:
    return f"{ALGORITHM}/{rules.version}"
