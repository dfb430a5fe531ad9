"""Build verdicts (whether an article is new, unchanged, a revision or a copy), and correct them by
what the store has of the article now.

Texts are compared before, in worker.dedup.identity. `recheck_under_lock` corrects a verdict if
another worker stored the article meanwhile.
"""

from dataclasses import replace

from worker.model.records import Article, OutcomeKind, Scores, StoredIdentity, Verdict

CLEANED_AGAIN, LESS_TEXT = "cleaned-again", "less-text"  # signals


def recheck_under_lock(
    verdict: Verdict, content_hash: str, stored: StoredIdentity | None
) -> Verdict:
    """Correct a verdict (the decision whether an article is new) if another worker has stored the
    same article since `identify` made it.

    `stored` is what the store has of the article now, while it is locked; None if nothing. The
    verdict becomes "unchanged" if the same content, or more text of the article, is stored by now.
    If the article was taken for new, but is stored by now with other content, it becomes
    "revision".
    """
    if stored is None or stored.revision == 0:
        return verdict
    if content_hash in stored.hashes:
        return unchanged_verdict(stored, verdict.version)
    if verdict.kind is OutcomeKind.UNCHANGED:
        return unchanged_if_shorter(verdict, stored)
    if verdict.kind is not OutcomeKind.REVISION:
        raced = revision_verdict(stored, "race", {}, {}, verdict.version)
        return unchanged_if_shorter(replace(raced, extent=verdict.extent), stored)
    newest = replace(verdict, revision=stored.revision + 1, cluster_id=stored.cluster_id)
    # A reprocessed payload may become shorter, unless a newer one has replaced it since.
    if verdict.signal == CLEANED_AGAIN and verdict.revision == stored.revision + 1:
        return newest
    return unchanged_if_shorter(newest, stored)


def returned(verdict: Verdict, withdrawn: StoredIdentity) -> Verdict:
    """Return the verdict on an article that its publisher has withdrawn and now delivered again.

    It is stored as the next revision of the withdrawn article. If no revision of that was ever
    stored, it is new or a copy, as `verdict` says. `withdrawn` is what the store knows of the
    article.
    """
    if withdrawn.revision:
        revision = revision_verdict(withdrawn, "returned", {}, {}, verdict.version)
        return replace(revision, extent=verdict.extent)
    if verdict.kind in (OutcomeKind.UNCHANGED, OutcomeKind.REVISION):
        return replace(verdict, kind=OutcomeKind.NEW, revision=1)
    return replace(verdict, revision=1)


def unchanged_if_shorter(verdict: Verdict, identity: StoredIdentity) -> Verdict:
    """Return "unchanged" in place of a verdict if the stored article has more text than the one
    that arrived, such as a full text and a summary. Otherwise return the verdict itself."""
    if verdict.extent >= identity.extent:
        return verdict
    unchanged = unchanged_verdict(identity, verdict.version)
    return replace(unchanged, signal=LESS_TEXT, extent=verdict.extent)


def new_verdict(article: Article, signal: str, version: str) -> Verdict:
    """Return the verdict that an article is new; `signal` says why."""
    return Verdict(
        kind=OutcomeKind.NEW,
        article_id=article.article_id,
        revision=1,
        cluster_id=article.article_id,
        signal=signal,
        version=version,
    )


def unchanged_verdict(identity: StoredIdentity, version: str) -> Verdict:
    """Return the verdict `unchanged`, with the number of the newest stored revision.

    That revision stays the newest even when the content of an older revision arrives again.
    """
    revision = revision_verdict(identity, "content-hash", {}, {}, version)
    return replace(revision, kind=OutcomeKind.UNCHANGED, revision=identity.revision)


def revision_verdict(
    identity: StoredIdentity, signal: str, scores: Scores, thresholds: Scores, version: str
) -> Verdict:
    """Return the verdict that an article is the next revision of a stored one. `signal`,
    `scores` and `thresholds` say why, and are stored with it; `version` is that of the rules."""
    return Verdict(
        kind=OutcomeKind.REVISION,
        article_id=identity.article_id,
        revision=identity.revision + 1,
        cluster_id=identity.cluster_id,
        signal=signal,
        scores=scores,
        thresholds=thresholds,
        version=version,
    )
