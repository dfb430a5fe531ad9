"""Let later articles of a batch be identified with earlier ones that are not stored yet.

The identity of an article is what identification compares a new delivery with: its id, its keys
and its newest revision.
"""

from dataclasses import replace

from worker.dedup import identity_after
from worker.model.records import Article, Fingerprint, StoredIdentity, Verdict


class BatchIdentities:
    """The identities that the articles of one batch will have once the batch is written.

    An identity is the id, keys and newest revision of an article. With it, a later article of the
    batch is recognised as the same article, although the store does not have it yet.
    """

    def __init__(self) -> None:
        self._identities: dict[str, StoredIdentity] = {}  # by article id
        self._article_ids: dict[tuple[str, str], str] = {}  # (source, key) -> article id

    def identity_of(self, article: Article, stored: StoredIdentity | None) -> StoredIdentity | None:
        """The identity to compare an article with, or None if neither store nor batch has an
        article with one of its keys.

        It is `stored`, the identity in the store, updated by the earlier articles of the batch.
        """
        by_id = {i.article_id: i for i in (stored, *stored.alternatives)} if stored else {}
        for key in (article.key, *article.aliases):
            article_id = self._article_ids.get((article.source, key), "")
            if identity := self._identities.get(article_id):
                before = by_id.get(article_id)
                keys = (before.keys if before else frozenset[str]()) | {key}
                distrusted = bool(stored and stored.distrusted)
                by_id[article_id] = replace(identity, keys=keys, distrusted=distrusted)
        own = by_id.pop(article.article_id, None)
        ranked = [*([own] if own else []), *by_id.values()]
        return replace(ranked[0], alternatives=tuple(ranked[1:])) if ranked else None

    def add(
        self,
        article: Article,
        fingerprint: Fingerprint,
        identity: StoredIdentity | None,
        verdict: Verdict,
    ) -> None:
        """Note the verdict on an article, so that later articles of the batch are compared with it.

        `identity` is what `identity_of` returned for the article.
        """
        article_id = verdict.article_id
        for key in (article.key, *article.aliases):
            self._article_ids.setdefault((article.source, key), article_id)
        identities = (identity, *identity.alternatives) if identity else ()
        before = next((i for i in identities if i.article_id == article_id), None)
        self._identities[article_id] = identity_after(before, verdict, fingerprint)
