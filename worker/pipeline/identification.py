"""Decide for each article of a batch whether it is new, a new revision of a stored article, or
unchanged.

If a fetched page suddenly gives much less text than is known of its article, that text is stored
but not shown, and the article counts as unchanged.
"""

from collections.abc import Sequence

from worker.dedup import DedupRules, fetched_page, hold_if_shrunken, identify, with_key
from worker.model.fetched_page import FetchedPage
from worker.model.records import StoredIdentity, Verdict
from worker.pipeline.batch_identities import BatchIdentities
from worker.pipeline.dead_lettering import DeadLetters
from worker.pipeline.stage_results import DecidedArticle, FingerprintedArticle


def identify_batch(
    fingerprinted: Sequence[FingerprintedArticle],
    stored: Sequence[StoredIdentity | None],
    rules: DedupRules,
    dead_letters: DeadLetters,
) -> list[DecidedArticle]:
    """Decide in the order of arrival whether each article of a batch is new, a revision or
    unchanged.

    `stored` has for each of them what the store knows about it, None if nothing. Articles earlier
    in the batch count as if they were stored. If an error occurs in the work on an article, it is
    added to `dead_letters` and left out of the result.
    """
    batch = BatchIdentities()
    identified = []
    for f, stored_identity in zip(fingerprinted, stored, strict=True):
        with dead_letters.catch(f.origin, "deduplicate"):
            identity = batch.identity_of(f.article, stored_identity)
            verdict = _verdict(f, identity, rules)
            batch.add(f.article, f.fingerprint, identity, verdict, page_of(f, rules))
            identified.append(
                DecidedArticle(
                    origin=f.origin,
                    article=with_key(f.article, verdict),
                    fingerprint=f.fingerprint,
                    verdict=verdict,
                )
            )
    return identified


def page_of(
    processed: FingerprintedArticle | DecidedArticle, rules: DedupRules
) -> FetchedPage | None:
    """Return when and how the page was fetched that gave the text of an article.

    Returns None if the text was not taken from a fetched page, or if a stored article is cleaned
    again.
    """
    if processed.origin.reprocessed:
        return None
    return fetched_page(processed.article, rules.pages)


def _verdict(
    f: FingerprintedArticle, identity: StoredIdentity | None, rules: DedupRules
) -> Verdict:
    verdict = identify(
        f.article,
        f.fingerprint,
        identity,
        rules,
        reprocessed=f.origin.reprocessed is not None,
    )
    found = (identity, *identity.alternatives) if identity else ()
    known = next((i for i in found if i.article_id == verdict.article_id), None)
    return hold_if_shrunken(verdict, f.fingerprint.content_hash, page_of(f, rules), known)
