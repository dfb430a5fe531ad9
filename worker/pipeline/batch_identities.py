"""Articles of one batch meet each other before any of them is written: what each finds is known."""

from dataclasses import replace

from worker.dedup import identity_after
from worker.model.records import Article, Fingerprint, StoredIdentity, Verdict


class BatchIdentities:
    """What the articles of one batch know of each other before any of them is written."""

    def __init__(self) -> None:
        self._known: dict[str, StoredIdentity] = {}
        self._led: dict[tuple[str, str], str] = {}  # (source, key) -> article

    def known(self, article: Article, stored: StoredIdentity | None) -> StoredIdentity | None:
        """What is known of an article: by the store, and by those before it in the batch."""
        past = {each.article_id: each for each in (stored, *stored.alternatives)} if stored else {}
        for key in (article.key, *article.aliases):
            article_id = self._led.get((article.source, key), "")
            if its := self._known.get(article_id):
                before = past.get(article_id)
                keys = (before.keys if before else frozenset[str]()) | {key}
                distrusted = bool(stored and stored.distrusted)
                past[article_id] = replace(its, keys=keys, distrusted=distrusted)
        own = past.pop(article.article_id, None)
        found = [*([own] if own else []), *past.values()]
        return replace(found[0], alternatives=tuple(found[1:])) if found else None

    def note(
        self, article: Article, print_: Fingerprint, before: StoredIdentity | None, verdict: Verdict
    ) -> None:
        article_id = verdict.article_id
        for key in (article.key, *article.aliases):
            self._led.setdefault((article.source, key), article_id)
        past = (before, *before.alternatives) if before else ()
        same = next((each for each in past if each.article_id == article_id), None)
        self._known[article_id] = identity_after(same, verdict, print_)
