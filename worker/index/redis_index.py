"""The index on Redis or Valkey, shared by all workers. Numbers are decimal, ids and digests bytes.

    aw:next                            string  counter: the number of the newest article
    aw:buckets                         hash    generation        -> base:bits it began with
                                               generation:bits   -> buckets moved to this layout
    aw:h:<generation>:<bits>:<bucket>  hash    13 bits of a hash -> its first owner, spare bits
    aw:i:<generation>:<bits>:<bucket>  hash    article_id, 7 of its bytes -> its number
    aw:n:<number // 200>               hash    number % 200 -> article_id, 16 bytes
    aw:c:<number // 200>               hash    number % 200 -> how far back its canonical one is
    aw:f:<number>                      string  fingerprint, packed; for rival_ttl_s
    aw:turn:<name>                     string  somebody is doing what one worker at a time should

Only the first article owns a hash, be it of a shingle or of the whole text: no posting lists, no
hot keys. The generation is window_days of the server's clock, and whole buckets expire; this one
is written, this one and the one before are read. layout.py says what is in a bucket, growth.py how
buckets become more. A false owner is no rival by itself: that takes min_hits.

Every command touches one key and may be repeated: a batch that comes back claims the same again.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from worker.index import Candidate, Claim, CopyVote
from worker.index.article_numbers import Numbered, Numbers, name_of, print_of
from worker.index.buckets import LOOK, Buckets
from worker.index.candidates import Rules, candidates
from worker.index.canonical_articles import settle
from worker.index.canonical_table import Cells
from worker.index.layout import Hashes, Layout, Layouts, owner
from worker.index.redis_client import Command, Wire
from worker.model.records import Fingerprint

Owners = list[list[int]]  # of each hash, one of each layout


class RedisIndex:
    """Connects at the first call. What does not answer or has no memory left is Unavailable."""

    def __init__(self, url: str, rules: Rules) -> None:
        self.rules = rules.index
        self.wire = Wire(url, rules.index.timeout_s)
        self.buckets = Buckets(self.wire, rules.index)
        self.numbers = Numbers(self.wire, self.buckets)
        self.window_s = self.buckets.window_s
        self.cells = Cells(self.wire, 3 * self.window_s)
        self._met: dict[str, int] = {}  # numbers of the articles of the last claim

    def ping(self) -> None:
        """Raises Unavailable while the server does not answer."""
        self.wire.trip([("PING",)])

    def claim(self, claims: Sequence[Claim]) -> list[list[Candidate]]:
        """Five round trips: clock and counter, numbers, write, read, rivals.

        One more each when a generation begins, when the batch brings articles of the one before,
        when it meets articles that were forgotten, and when buckets are full; six for a worker
        whose turn it is to move buckets. All over again when the layout has changed meanwhile.
        """
        if not claims:
            return []
        hashes = Hashes.of([claim.fingerprint for claim in claims])
        while True:
            numbered = self.numbers.given([claim.article_id for claim in claims])
            taken, filled = self._write(claims, hashes, numbered)
            owners, layouts = self._owners(hashes, numbered.layouts, taken)
            if layouts.read == numbered.layouts.read:
                break
        mine = [numbered.of[claim.article_id] for claim in claims]
        self._met = numbered.of
        rivals, gone = self._rivals(self._candidates(hashes, owners, mine))
        if gone:
            self._take_over(hashes, owners, mine, gone, layouts.written)
        self.buckets.tend(layouts, filled)
        return rivals

    def settle(self, wishes: Sequence[CopyVote]) -> list[str]:
        """Three round trips, and two for each further step of a race or of a chain of copies;
        up to three more for articles that the last claim has not met."""
        if not wishes:
            return []
        own = dict.fromkeys(wish.article_id for wish in wishes)
        every = own | dict.fromkeys(article_id for wish in wishes for article_id in wish.alike)
        numbers = {article_id: n for article_id in every if (n := self._met.get(article_id))}
        if unmet := [article_id for article_id in every if article_id not in numbers]:
            numbered = self.numbers.given(unmet)
            numbers |= numbered.of
            # What the index has let go of was settled long ago.
            if forgotten := {numbers[article_id] for article_id in numbered.fresh - own.keys()}:
                self.cells.fill({number: number for number in forgotten})
        wanted = {numbers[w.article_id]: [numbers[a] for a in w.alike] for w in wishes}
        canonical = settle(self.cells, wanted)
        names = {number: article_id for article_id, number in numbers.items()}
        names |= self.numbers.names(set(canonical.values()) - names.keys())
        # A canonical article older than anything the index keeps has no name any more. A copy of
        # it that is met has: the store knows whom that belongs to.
        known = (next(iter(wish.alike), wish.article_id) for wish in wishes)
        return [
            names.get(canonical[numbers[wish.article_id]], instead)
            for wish, instead in zip(wishes, known, strict=True)
        ]

    def rivals(self, claims: Sequence[Claim]) -> list[list[Candidate]]:
        """Three round trips: clock, read, rivals."""
        if not claims:
            return []
        hashes = Hashes.of([claim.fingerprint for claim in claims])
        layouts = self.buckets.look()
        while True:
            owners, now = self._owners(hashes, layouts)
            if now.read == layouts.read:
                break
            layouts = now
        met, _ = self._rivals(self._candidates(hashes, owners, [-1] * len(claims)))
        return [
            [rival for rival in its if rival.article_id != claim.article_id]
            for claim, its in zip(claims, met, strict=True)
        ]

    def correct(self, canonical: Mapping[str, str]) -> None:
        """Four round trips. Articles that the index does not know get a number."""
        if not canonical:
            return
        numbers = self.numbers.given([*dict.fromkeys([*canonical, *canonical.values()])]).of
        self.wire.trip(self.numbers.naming(numbers))
        self.cells.overwrite({numbers[mine]: numbers[its] for mine, its in canonical.items()})

    def turn(self, name: str, ttl_s: float) -> bool:
        mine = ("SET", f"aw:turn:{name}", "1", "NX", "PX", int(ttl_s * 1000))
        return bool(self.wire.trip([mine])[0])

    def forget(self, article_ids: Sequence[str]) -> None:
        """Three round trips."""
        if article_ids:
            known = self.numbers.known(article_ids)
            self.numbers.forget([number for number in known.values() if number])

    @property
    def trips(self) -> int:
        """Round trips so far."""
        return self.wire.trips

    def close(self) -> None:
        self.wire.close()

    def _write(
        self, claims: Sequence[Claim], hashes: Hashes, numbered: Numbered
    ) -> tuple[list[bool], float]:
        """Which of the hashes were taken, and how full buckets are."""
        numbers, layout = [numbered.of[c.article_id] for c in claims], numbered.layouts.written
        ttl_s = self.rules.rival_ttl_s
        # Who finds an owner must find its features.
        features: list[Command] = [
            ("SET", print_of(number), claim.fingerprint.packed(), "EX", ttl_s)
            for number, claim in zip(numbers, claims, strict=True)
        ]
        features += self.numbers.naming(numbered.of)
        keys, firsts = self.taking(hashes, numbers, layout)
        replies, filled = self.buckets.put([*features, *firsts], keys, layout)
        return [*map(bool, replies[len(features) :])], filled

    def taking(
        self, hashes: Hashes, numbers: Sequence[int], layout: Layout
    ) -> tuple[list[str], list[Command]]:
        """The bucket of each hash, and the command that makes its article the owner."""
        keys = hashes.keys(layout)
        values = hashes.values(layout, numbers)
        return keys, [("HSETNX", *its) for its in zip(keys, hashes.fields, values, strict=True)]

    def _owners(
        self, hashes: Hashes, layouts: Layouts, taken: Sequence[bool] = ()
    ) -> tuple[Owners, Layouts]:
        """The owners of each hash, one of each layout; and the layouts after they were read.

        What the claim has just taken is its own in the written one: no need to ask, unless what
        is moved there may take its place. The oldest are asked first, as growth.py wants it.
        """
        commands: list[Command] = []
        asked: list[tuple[int, int, Layout]] = []
        for layout in reversed(layouts.read):
            places = zip(hashes.keys(layout), hashes.fields, hashes.spares(layout), strict=True)
            own = taken if layout is layouts.written and not layouts.growing else ()
            for place, (key, field, spare) in enumerate(places):
                if not (own and own[place]):
                    commands.append(("HGET", key, field))
                    asked.append((place, spare, layout))
        *replies, now, known = self.wire.trip([*commands, *LOOK])
        owners: Owners = [[] for _ in hashes.fields]
        for (place, spare, layout), value in zip(asked, replies, strict=True):
            number = owner(value, spare, layout)
            if number is not None:
                owners[place].append(number)
        return owners, self.buckets.seen((now, known))

    def _candidates(
        self, hashes: Hashes, owners: Owners, mine: Sequence[int]
    ) -> list[list[tuple[int, int]]]:
        return [
            candidates(number, owners[begin + 1 : end], owners[begin], self.rules)
            for number, (begin, end) in zip(mine, pairwise(hashes.bounds), strict=True)
        ]

    def _rivals(
        self, found: Sequence[Sequence[tuple[int, int]]]
    ) -> tuple[list[list[Candidate]], set[int]]:
        """The rivals of each claim, and the numbers of those that were forgotten."""
        numbers = sorted({number for ranked in found for number, _ in ranked})
        if not numbers:
            return [[] for _ in found], set()
        prints: list[Command] = [("GET", print_of(number)) for number in numbers]
        replies = self.wire.trip([*prints, *map(name_of, numbers)])
        kept = dict(zip(numbers, map(Fingerprint.unpacked, replies), strict=False))
        names = {
            n: name.hex() for n, name in zip(numbers, replies[len(numbers) :], strict=True) if name
        }
        self._met |= {name: number for number, name in names.items()}
        rivals = [
            [
                Candidate(article_id=names[number], hits=hits, fingerprint=kept[number])
                for number, hits in ranked
                if number in names
            ]
            for ranked in found
        ]
        return rivals, set(numbers) - names.keys()

    def _take_over(
        self,
        hashes: Hashes,
        owners: Owners,
        numbers: Sequence[int],
        gone: set[int],
        layout: Layout,
    ) -> None:
        """What a forgotten article owns goes to who has it now: copies of it have to meet."""
        keys, firsts = self.taking(hashes, numbers, layout)
        taken = [
            ("HSET", *first[1:])
            for first, its in zip(firsts, owners, strict=True)
            if not gone.isdisjoint(its)
        ]
        self.buckets.put(taken, keys, layout)
