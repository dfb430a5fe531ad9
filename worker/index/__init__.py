"""The similarity index: it finds, for a new article, earlier articles that may have the same text.

It remembers some hashes of each article: one of its whole text, and the smallest hashes of its runs
of three words. Articles that share hashes may have the same text. The index also decides which
article is canonical, that is stands for all copies of a text. The store has all articles and
decisions too, so losing the index loses none of them.

What belongs here: the interface `Index`, its implementations in memory and on Redis or Valkey, and
the lines that sources repeat. May import the model only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from worker.model.records import Fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexEntry:
    """An article as the similarity index gets it, to store it or to find similar ones: its id, and
    its fingerprint, the hashes of its text."""

    article_id: str
    fingerprint: Fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An earlier article that may have the same text as a new article.

    `hits` counts the text hashes of the new article for which the index names this article, the
    first that had them. `fingerprint` has all text hashes of this article, for an exact comparison;
    it is None if the index no longer has them, so that they must be read from the store.
    """

    article_id: str
    hits: int  # number of the entry's sketch hashes that this candidate was the first to have
    fingerprint: Fingerprint | None  # None once the index has evicted it: the store has it


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyVote:
    """What one worker found out about an article: of which earlier articles it is a copy (`copies`,
    best match first).

    From such votes the index chooses the canonical article, the one that stands for all copies of a
    text. If `copies` is empty, the article may become canonical itself.
    """

    article_id: str
    copies: tuple[str, ...] = ()


class Index(Protocol):
    """The interface of the similarity index, which finds stored articles with nearly the same text
    as a new one.

    There is one implementation in memory and one on Redis or Valkey. Every method raises
    Unavailable when the index does not answer.
    """

    def register_and_match(self, entries: Sequence[IndexEntry]) -> list[list[Candidate]]:
        """Add articles to the index, then return for each its candidates: articles that may have
        the same text.

        The most similar come first. Articles in the same call, and articles that several workers
        add at the same time, find each other. An article is no candidate of itself. Adding one
        again changes nothing.
        """
        ...

    def release(self, article_ids: Sequence[str]) -> None:
        """Tell the index that these articles are stored now, so that it may delete their
        fingerprints (all their text hashes). Afterwards it still finds the articles by a few
        hashes, which it keeps.

        Articles that the last call of `register_and_match` did not add are ignored. Fingerprints
        need not be deleted at once, but may stay until the next call of it.
        """
        ...

    def elect_canonical(self, votes: Sequence[CopyVote]) -> list[str]:
        """Decide for each vote which article is canonical, that is stands for all copies of a text,
        and return its id.

        A vote says of which articles one article is a copy. The result is that article itself or
        the original of those it copies. An article that was elected once stays canonical.
        """
        ...

    def match(self, entries: Sequence[IndexEntry]) -> list[list[Candidate]]:
        """Return for each entry its candidates, registered articles that may have the same text.

        Those that share the most hashes come first. Unlike `register_and_match`, this writes
        nothing.
        """
        ...

    def set_canonical(self, canonical: Mapping[str, str]) -> None:
        """Write into the index of which article each of these articles is a copy, as the store
        says. What the index had about them is overwritten.

        `canonical` maps the id of an article to that of its canonical article, the one that stands
        for all copies of a text.
        """
        ...

    def try_lock(self, name: str, ttl_s: float) -> bool:
        """Take the lock with this name, so that only one of all workers does a certain task.

        Returns True if this worker got it, and False when another worker holds it. The lock ends by
        itself after `ttl_s` seconds.
        """
        ...

    def forget(self, article_ids: Sequence[str]) -> None:
        """Remove these articles from the index, so that new articles are no longer found to be
        copies of them.

        This is for articles that were withdrawn, for example.
        """
        ...

    def close(self) -> None: ...
