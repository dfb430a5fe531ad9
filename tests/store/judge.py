"""The rule of identity, as the deduper has it: content that is known changes nothing."""

from worker.model.records import OutcomeKind, StoredIdentity, Verdict


def judge(verdict: Verdict, content_hash: str, known: StoredIdentity | None) -> Verdict:
    if known is None:
        return verdict
    unchanged = content_hash in known.hashes
    return verdict.model_copy(
        update={
            "kind": OutcomeKind.UNCHANGED if unchanged else OutcomeKind.REVISION,
            "revision": known.revision + (not unchanged),
            "cluster_id": known.cluster_id,
        }
    )
