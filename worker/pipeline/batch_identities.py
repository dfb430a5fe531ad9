"""Recognise that two articles of one batch are the same article, before either is stored.

Each article is compared with what the store knows about earlier versions of it: ids, keys and the
newest revision. Here the earlier articles of the batch are added to that.
"""

from dataclasses import replace

from worker.dedup import identity_after
from worker.model.records import Article, Fingerprint, StoredIdentity, Verdict


class BatchIdentities:
    """Knows the articles of a batch that were decided so far, as they will be in the store.

    So a later article of the batch is recognised as the same article as an earlier one, although
    the store does not have that one yet. An identity is the id, keys and newest revision of an
    article.
    """

    def __init__(self) -> None:
        self._identities: dict[str, StoredIdentity] = {}  # by article id
        self._article_ids: dict[tuple[str, str], str] = {}  # (source, key) -> article id

    def identity_of(self, article: Article, stored: StoredIdentity | None) -> StoredIdentity | None:
        """Find the earlier version of this article, in the store or earlier in the batch, by its
        keys.

        `stored` is what the store knows of it, None for nothing. Returns that together with what
        was decided in this batch, or None if neither has an article with one of its keys.
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
        """Note what was decided about an article, so that later articles of the batch are compared
        with it.

        `identity` is the earlier article with which it was compared, as identity_of() returned it.
        """
        article_id = verdict.article_id
        for key in (article.key, *article.aliases):
            self._article_ids.setdefault((article.source, key), article_id)
        identities = (identity, *identity.alternatives) if identity else ()
        before = next((i for i in identities if i.article_id == article_id), None)
        self._identities[article_id] = identity_after(before, verdict, fingerprint)
