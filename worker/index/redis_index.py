"""The index that finds copies, on Redis or Valkey. Its Redis keys, and what is stored under each:

    aw:next                            string  counter: the number of the newest article
    aw:buckets                         hash    generation        -> base:bits it began with
                                               generation:bits   -> buckets moved to this layout
                                               generation:sketch -> version of its sketches
    aw:h:<generation>:<bits>:<bucket>  hash    13 bits of a hash -> its first owner, spare bits
    aw:i:<generation>:<bits>:<bucket>  hash    article_id, 7 of its bytes -> its number
    aw:n:<number // 200>               hash    number % 200 -> article_id, 16 bytes
    aw:c:<number // 200>               hash    number % 200 -> how far back its canonical one is
    aw:f:<number>                      string  fingerprint, packed, until the article is stored;
                                               expires after rival_ttl_s
    aw:turn:<name>                     string  lock of a task that one worker at a time does

The owner of a text hash (of a whole text, or of three words in a row) is the first article that had
it. A generation is a time window of `window_days` days; the present one and the one before are
read. "base" is the number of the newest article when it began. It has 2**bits buckets, which are
Redis hashes of entries and expire as a whole; a layout is a generation with a certain number of
them. A fingerprint is all text hashes of an article; the canonical article stands for all copies.
layout.py describes the entries of a bucket, and resharding.py how the number of buckets grows.

Every command uses one key and may be repeated, so a batch that is delivered again changes nothing.
"""

from collections.abc import Collection, Mapping, Sequence

from worker.index import Candidate, CopyVote, IndexEntry
from worker.index.article_numbers import (
    ArticleNumbers,
    NumberedArticles,
    fingerprint_key,
    id_command,
)
from worker.index.buckets import Buckets
from worker.index.candidates import SupportsIndexRules, rank_candidates
from worker.index.canonical_articles import elect
from worker.index.canonical_table import RedisCanonicalTable
from worker.index.hash_owners import BucketWrites, EntryOwners, HashOwners
from worker.index.index_hashes import IndexHashes
from worker.index.layout import ActiveLayouts
from worker.index.redis_client import Command, RedisClient
from worker.model.records import Fingerprint


class RedisIndex:
    """The similarity index on a Redis or Valkey server. It connects at the first call.

    Methods raise Unavailable when the server does not answer or is out of memory. `on_broker` means
    that the server also holds the queue of articles. Then the index writes even when the server is
    out of memory, because the memory becomes free only if workers go on and empty the queue.
    """

    def __init__(self, url: str, rules: SupportsIndexRules, *, on_broker: bool = False) -> None:
        self.rules = rules.index
        self.client = RedisClient(url, rules.index.timeout_s, writes_when_full=on_broker)
        self.buckets = Buckets(self.client, rules.index)
        self.numbers = ArticleNumbers(self.client, self.buckets)
        self.window_s = self.buckets.window_s
        self.owners = HashOwners(self.client, self.buckets)
        self.canonical_table = RedisCanonicalTable(self.client, 3 * self.window_s)
        self._recent: dict[str, int] = {}  # numbers of the articles in the last registration
        self._created: set[str] = set()  # ids of those that were new
        self._released: list[int] = []  # numbers of articles whose fingerprints may be deleted

    def ping(self) -> None:
        """Raise Unavailable if the server does not answer; do nothing if it does."""
        self.client.execute([("PING",)])

    def register_and_match(self, entries: Sequence[IndexEntry]) -> list[list[Candidate]]:
        """Add articles to the index, then return for each the articles that may have the same text.

        The most similar come first. An article is no candidate of itself.
        """
        # Five round trips: clock and counter, numbers, write, read, candidates. One more each when
        # a time window begins, articles of the window before arrive, a hash belongs to a removed
        # article, or buckets are full; six more when this worker moves entries to new buckets. All
        # starts again when another worker meanwhile changes the buckets in use.
        if not entries:
            return []
        hashes = IndexHashes.of([entry.fingerprint for entry in entries])
        while True:
            numbered = self.numbers.assign([entry.article_id for entry in entries])
            created, entries_per_bucket = self._write(entries, hashes, numbered)
            owners, layouts = self.owners.read(entries, hashes, numbered.layouts, created)
            if layouts.read == numbered.layouts.read:
                break
        own = [numbered.numbers[entry.article_id] for entry in entries]
        self._recent, self._created = numbered.numbers, numbered.created
        ranked = self.ranked(owners, own)
        alternates = self.owners.alternates(entries, owners, own, ranked, layouts.written)
        candidates, forgotten = self._load(ranked, alternates)
        if forgotten:
            candidates = self._replaced(entries, hashes, owners, own, forgotten, layouts)
        self.buckets.grow(layouts, entries_per_bucket)
        return candidates

    def release(self, article_ids: Sequence[str]) -> None:
        """Note that these articles are stored now, so that their fingerprints (all their text
        hashes) may be deleted. They are deleted together with the next registration of articles,
        which saves a round trip."""
        # Not those of revisions: other workers may be about to store later ones.
        self._released += [self._recent[i] for i in article_ids if i in self._created]

    def elect_canonical(self, votes: Sequence[CopyVote]) -> list[str]:
        """Decide for each vote which article is canonical, that is stands for all copies of a text,
        and return its id.

        A vote says of which articles one article is a copy.
        """
        # Three round trips. Two more each time that another worker decides about one of the same
        # articles meanwhile, and each time that an article is a copy of a copy. Up to three more
        # for articles that the last `register_and_match` neither registered nor returned.
        if not votes:
            return []
        own = dict.fromkeys(vote.article_id for vote in votes)
        article_ids = own | dict.fromkeys(copy for vote in votes for copy in vote.copies)
        numbers = self._numbers_of([*article_ids], own.keys())
        numbered = {numbers[v.article_id]: [numbers[copy] for copy in v.copies] for v in votes}
        canonical = elect(self.canonical_table, numbered)
        ids = {number: article_id for article_id, number in numbers.items()}
        ids |= self.numbers.article_ids(set(canonical.values()) - ids.keys())
        # A canonical article that is older than the window has no id here any more. Its copy that
        # was matched has: the store knows the cluster of that.
        strongest = (next(iter(vote.copies), vote.article_id) for vote in votes)
        return [
            ids.get(canonical[numbers[vote.article_id]], instead)
            for vote, instead in zip(votes, strongest, strict=True)
        ]

    def match(self, entries: Sequence[IndexEntry]) -> list[list[Candidate]]:
        """Return for each entry the articles that may have the same text, best first, and write
        nothing."""
        if not entries:
            return []
        hashes = IndexHashes.of([entry.fingerprint for entry in entries])
        layouts = self.buckets.layouts()
        while True:
            owners, current = self.owners.read(entries, hashes, layouts)
            if current.read == layouts.read:
                break
            layouts = current
        candidates, _ = self._load(self.ranked(owners, [-1] * len(entries)))
        return [
            [candidate for candidate in of_entry if candidate.article_id != entry.article_id]
            for entry, of_entry in zip(entries, candidates, strict=True)
        ]

    def set_canonical(self, canonical: Mapping[str, str]) -> None:
        """Write into the index of which article each of these articles is a copy. What the index
        had about them is overwritten.

        `canonical` maps the id of an article to that of its canonical article, the one that stands
        for all copies of a text.
        """
        if not canonical:
            return
        article_ids = [*dict.fromkeys([*canonical, *canonical.values()])]
        numbers = self.numbers.assign(article_ids).numbers
        self.client.execute(self.numbers.id_commands(numbers))
        self.canonical_table.overwrite(
            {numbers[article]: numbers[to] for article, to in canonical.items()}
        )

    def try_lock(self, name: str, ttl_s: float) -> bool:
        """Take the lock with this name, so that only one of all workers does a certain task.

        Returns True if this worker got it, False if it is taken. The lock ends by itself after
        `ttl_s` seconds.
        """
        lock = ("SET", f"aw:turn:{name}", "1", "NX", "PX", int(ttl_s * 1000))
        return bool(self.client.execute([lock])[0])

    def forget(self, article_ids: Sequence[str]) -> None:
        """Remove these articles from the index, so that new articles are no longer found to be
        copies of them."""
        if article_ids:
            self.numbers.forget(self.numbers.find(article_ids))

    @property
    def round_trips(self) -> int:
        """Number of round trips to the server since this object was made."""
        return self.client.round_trips

    def close(self) -> None:
        self.client.close()

    def _numbers_of(self, article_ids: Sequence[str], own: Collection[str]) -> dict[str, int]:
        """The number of each article, by its id. Articles without a number get one.

        `own` are the articles to be decided. Any other article that got its number just now was
        evicted from the index, and is entered as canonical.
        """
        numbers = {i: n for i in article_ids if (n := self._recent.get(i))}
        if missing := [i for i in article_ids if i not in numbers]:
            numbered = self.numbers.assign(missing)
            numbers |= numbered.numbers
            # An evicted article was decided long ago.
            if evicted := {numbers[i] for i in numbered.created - set(own)}:
                self.canonical_table.fill({number: number for number in evicted})
        return numbers

    def _write(
        self, entries: Sequence[IndexEntry], hashes: IndexHashes, numbered: NumberedArticles
    ) -> tuple[list[bool], float]:
        """Write the fingerprints and ids of articles, and make them owners of hashes without one.

        Returns for each hash whether its article became the owner, and the average number of
        entries in a bucket.
        """
        numbers = [numbered.numbers[entry.article_id] for entry in entries]
        layout, ttl_s = numbered.layouts.written, self.rules.rival_ttl_s
        # Written before the owners: a worker that finds an owner must find its fingerprint.
        first: list[Command] = [("UNLINK", fingerprint_key(n)) for n in self._released]
        first += [
            ("SET", fingerprint_key(number), entry.fingerprint.packed(), "EX", ttl_s)
            for number, entry in zip(numbers, entries, strict=True)
        ]
        first += self.numbers.id_commands(numbered.numbers)
        keys, owners = self.owners.commands(hashes, numbers, layout)
        replies, entries_per_bucket = self.buckets.write([*first, *owners], keys, layout)
        self._released = []
        return [*map(bool, replies[len(first) :])], entries_per_bucket

    def ranked(
        self, owners: Sequence[EntryOwners], own: Sequence[int]
    ) -> list[list[tuple[int, int]]]:
        """Return for each new article the earlier articles that most probably have the same text,
        as pairs of number and text hashes in common, the best first.

        `owners` says which articles had each of its text hashes first. `own` are the numbers of the
        new articles, which are no candidates of themselves.
        """
        return [
            rank_candidates(number, [*of.sketch, *of.former], of.text, self.rules)
            for number, of in zip(own, owners, strict=True)
        ]

    def _replaced(
        self,
        entries: Sequence[IndexEntry],
        hashes: IndexHashes,
        owners: Sequence[EntryOwners],
        own: Sequence[int],
        forgotten: set[int],
        layouts: ActiveLayouts,
    ) -> list[list[Candidate]]:
        """Give the hashes of `forgotten` articles to these entries, and return their candidates.

        Read again, because several of the entries may be copies of the same forgotten article.
        """
        self.owners.replace(hashes, owners, own, forgotten, layouts.written)
        owners, _ = self.owners.read(entries, hashes, layouts)
        candidates, _ = self._load(self.ranked(owners, own))
        return candidates

    def _load(
        self, ranked: Sequence[Sequence[tuple[int, int]]], writes: BucketWrites | None = None
    ) -> tuple[list[list[Candidate]], set[int]]:
        """Load ids and fingerprints of the `ranked` article numbers of each entry, in one round
        trip with `writes`.

        Returns the candidates of each entry, and the numbers among them of forgotten articles.
        """
        numbers = sorted({number for owners in ranked for number, _ in owners})
        reads: list[Command] = [("GET", fingerprint_key(number)) for number in numbers]
        reads += map(id_command, numbers)
        if writes and writes.commands:
            replies, _ = self.buckets.write([*reads, *writes.commands], writes.keys, writes.layout)
        elif reads:
            replies = self.client.execute(reads)
        else:
            return [[] for _ in ranked], set()
        fingerprints = dict(zip(numbers, map(Fingerprint.unpacked, replies), strict=False))
        ids = {n: i.hex() for n, i in zip(numbers, replies[len(numbers) :], strict=False) if i}
        self._recent |= {article_id: number for number, article_id in ids.items()}
        candidates = [
            [
                Candidate(article_id=ids[number], hits=hits, fingerprint=fingerprints[number])
                for number, hits in owners
                if number in ids
            ]
            for owners in ranked
        ]
        return candidates, set(numbers) - ids.keys()
