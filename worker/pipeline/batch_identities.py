"""Recognise when two articles of one batch are versions of the same article, although neither is
stored yet.

Versions of an article have the same id, link or opening. The store knows which earlier articles
have them; this module adds the earlier articles of the batch.
"""

from dataclasses import replace

from worker.dedup import held_after, identity_after, with_key
from worker.model.fetched_page import FetchedPage
from worker.model.records import Article, Fingerprint, StoredIdentity, Verdict


class BatchIdentities:
    """Remembers the articles of a batch that were processed so far, so that a later article of the
    batch is recognised as a new version of one of them, although the store does not have it yet.

    What is remembered of each is its identity: its id, text hashes and newest revision.
    """

    def __init__(self) -> None:
        self._identities: dict[str, StoredIdentity] = {}  # by article id
        self._article_ids: dict[tuple[str, str], str] = {}  # (source, key) -> article id

    def identity_of(self, article: Article, stored: StoredIdentity | None) -> StoredIdentity | None:
        """Find the earlier article of which this one may be a new version: one with the same id,
        link or opening, in the store or earlier in the same batch.

        `stored` is what was found in the store, or None. What this batch decided about the same
        article replaces it. Returns None if there is no such article.
        """
        by_id = {i.article_id: i for i in (stored, *stored.alternatives)} if stored else {}
        keys_of = {article_id: identity.keys for article_id, identity in by_id.items()}
        # As in the store: its own id finds an article even if each of its keys leads to another.
        keys_of.setdefault(article.article_id, frozenset())
        for key in (article.key, *article.aliases, article.opening_key):
            article_id = self._article_ids.get((article.source, key), "")
            keys_of[article_id] = keys_of.get(article_id, frozenset()) | {key}
        # The store may lead to an article of the batch to which none of the batch's keys leads.
        distrusted = bool(stored and stored.distrusted)
        for article_id, keys in keys_of.items():
            if identity := self._identities.get(article_id):
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
        page: FetchedPage | None = None,
    ) -> None:
        """Remember an article of the batch and the verdict on it, so that later articles of the
        batch are compared with it as if it were stored.

        `identity` is the earlier version of the article, as `identity_of` returned it; None if
        there was none. `page` is the fetch of the page that gave the text; None if the text came
        without a page.
        """
        article_id = verdict.article_id
        # Of a reused id or link the verdict makes another key the main one: it may be the opening.
        for key in (article.key, *article.aliases, with_key(article, verdict).key):
            self._article_ids.setdefault((article.source, key), article_id)
        identities = (identity, *identity.alternatives) if identity else ()
        before = next((i for i in identities if i.article_id == article_id), None)
        after = identity_after(before, verdict, fingerprint)
        words = article.words if after is not before else after.words
        held = held_after(verdict, fingerprint.content_hash, page, before)
        self._identities[article_id] = replace(after, words=words, held=held)
