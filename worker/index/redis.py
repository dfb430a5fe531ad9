"""The index on Redis or Valkey, shared by all workers. Numbers are decimal, hashes big-endian.

    aw:next               string  counter: the number of the newest article
    aw:i:<gen>:<bucket>   hash    article_id, 16 bytes  -> its number
    aw:a:<number // 256>  hash    number % 256          -> article_id, 16 bytes
    aw:s:<gen>:<bucket>   hash    sketch hash, 4 bytes  -> number of the first article that had it
    aw:t:<gen>:<bucket>   hash    text hash, 8 bytes    -> number of the first article that had it
    aw:f:<number>         string  fingerprint, packed; for rival_ttl_s
    aw:v:<number // 256>  hash    number % 256          -> number of its canonical article
    aw:turn:<name>        string  somebody is doing what one worker at a time should do

Only the first article owns a shingle: no posting lists, no hot keys. A generation is window_days of
the server's clock. The running one is written, it and the one before are read, and whole buckets
expire. A bucket must stay below hash-max-listpack-entries, or it costs several times the memory.

Every command touches one key and may be repeated: a batch that comes back claims the same again.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from worker.index import Claim, Rival, Wish
from worker.index.candidates import Rules, candidates
from worker.index.register import Pointers, settle
from worker.index.wire import Command, Wire
from worker.models import Fingerprint

DAY_S = 86_400
NUMBERED = 256  # numbers a bucket; they come in order, so it is full before the next one begins
COARSER_BITS = 4  # an article has one id and one text hash for 2**4 sketch hashes


class Slot(NamedTuple):
    """Where a hash has its owner, in any generation."""

    layer: str
    bucket: int
    field: bytes

    def key(self, generation: int) -> str:
        return f"aw:{self.layer}:{generation}:{self.bucket}"


class Numbered(NamedTuple):
    """Articles with the numbers they have in the index."""

    generation: int
    numbers: dict[str, int]
    fresh: set[str]  # those that had none before


class RedisIndex:
    """Connects at the first call. What does not answer or has no memory left is Unavailable."""

    def __init__(self, url: str, rules: Rules) -> None:
        self.rules = rules.index
        self.window_s = rules.index.window_days * DAY_S
        self.wire = Wire(url, rules.index.timeout_s)
        self.cells = _Cells(self.wire, 3 * self.window_s)
        self._expiring: set[str] = set()  # buckets that got their date from this process
        self._generation = self._newest = 0

    def ping(self) -> None:
        """Raises Unavailable while the server does not answer."""
        self.wire.trip([("PING",)])

    def claim(self, claims: Sequence[Claim]) -> list[list[Rival]]:
        """Five round trips: clock and counter, numbers, write, read, rivals.

        One more when the batch brings articles that the generation before knows.
        """
        if not claims:
            return []
        numbered = self.numbered([claim.article_id for claim in claims])
        slots = [self.slots_of(claim.fingerprint) for claim in claims]
        taken = self._write(claims, slots, numbered)
        owners = self._owners(slots, taken, numbered.generation)
        found = [
            candidates(numbered.numbers[claim.article_id], by_hash, exact, self.rules)
            for claim, (exact, *by_hash) in zip(claims, owners, strict=True)
        ]
        return self._rivals(found)

    def settle(self, wishes: Sequence[Wish]) -> list[str]:
        """Five round trips, and two for each further step of a race or of a chain of copies."""
        if not wishes:
            return []
        own = dict.fromkeys(wish.article_id for wish in wishes)
        alike = dict.fromkeys(article_id for wish in wishes for article_id in wish.alike)
        _, numbers, fresh = self.numbered([*(own | alike)])
        # What the index has let go of was settled long ago.
        if forgotten := {numbers[article_id] for article_id in fresh - own.keys()}:
            self.cells.fill({number: number for number in forgotten})
        wanted = {numbers[w.article_id]: [numbers[a] for a in w.alike] for w in wishes}
        canonical = settle(self.cells, wanted)
        names = {number: article_id for article_id, number in numbers.items()}
        names |= self.names(set(canonical.values()) - names.keys())
        # A canonical article older than anything the index keeps has no name any more. A copy of
        # it that is met has: the store knows whom that belongs to.
        known = (next(iter(wish.alike), wish.article_id) for wish in wishes)
        return [
            names.get(canonical[numbers[wish.article_id]], instead)
            for wish, instead in zip(wishes, known, strict=True)
        ]

    def rivals(self, claims: Sequence[Claim]) -> list[list[Rival]]:
        """Three round trips: clock, read, rivals."""
        if not claims:
            return []
        [(now_s, _)] = self.wire.trip([("TIME",)])
        slots = [self.slots_of(claim.fingerprint) for claim in claims]
        untaken = [[False] * len(places) for places in slots]
        owners = self._owners(slots, untaken, int(now_s) // self.window_s)
        found = [candidates(-1, by_hash, exact, self.rules) for exact, *by_hash in owners]
        return [
            [rival for rival in met if rival.article_id != claim.article_id]
            for claim, met in zip(claims, self._rivals(found), strict=True)
        ]

    def correct(self, canonical: Mapping[str, str]) -> None:
        """Three round trips. Articles that the index does not know get a number."""
        if not canonical:
            return
        ids = [*dict.fromkeys([*canonical, *canonical.values()])]
        numbers = self.numbered(ids).numbers
        self.wire.trip([name for i in ids for name in self.named(numbers[i], i)])
        self.cells.overwrite({numbers[mine]: numbers[its] for mine, its in canonical.items()})

    def turn(self, name: str, ttl_s: float) -> bool:
        mine = ("SET", f"aw:turn:{name}", "1", "NX", "PX", int(ttl_s * 1000))
        return bool(self.wire.trip([mine])[0])

    @property
    def trips(self) -> int:
        """Round trips so far."""
        return self.wire.trips

    def close(self) -> None:
        self.wire.close()

    def numbered(self, article_ids: Sequence[str]) -> Numbered:
        """The numbers of these articles, in two round trips; new articles get the next ones."""
        (now_s, _), newest = self.wire.trip([("TIME",), ("INCRBY", "aw:next", len(article_ids))])
        generation = int(now_s) // self.window_s
        self._forget_dates(generation, newest)
        slots = [self.id_slot(article_id) for article_id in article_ids]
        commands: list[Command] = []
        for number, slot in enumerate(slots, newest - len(slots) + 1):
            key = slot.key(generation)
            commands.append(("HGET", slot.key(generation - 1), slot.field))
            commands += [("HSETNX", key, slot.field, number), ("HGET", key, slot.field)]
        replies = self.put(commands, slots, generation)
        before, created, now = replies[::3], replies[1::3], replies[2::3]
        numbers = [int(old or new) for old, new in zip(before, now, strict=True)]
        self._carry_over(slots, numbers, now, generation)
        fresh = {
            article_id
            for article_id, old, new in zip(article_ids, before, created, strict=True)
            if new and old is None
        }
        return Numbered(generation, dict(zip(article_ids, numbers, strict=True)), fresh)

    def _carry_over(
        self, slots: Sequence[Slot], numbers: Sequence[int], now: Sequence[bytes], generation: int
    ) -> None:
        """An article keeps its number for as long as it comes at least once a generation."""
        kept = [
            ("HSET", slot.key(generation), slot.field, number)
            for slot, number, new in zip(slots, numbers, now, strict=True)
            if number != int(new)
        ]
        if kept:
            self.wire.trip(kept)

    def _write(
        self, claims: Sequence[Claim], slots: Sequence[Sequence[Slot]], numbered: Numbered
    ) -> list[list[bool]]:
        """Which of the slots each claim has taken. Who finds an owner must find its features."""
        features: list[Command] = []
        firsts: list[Command] = []
        for claim, places in zip(claims, slots, strict=True):
            number = numbered.numbers[claim.article_id]
            features += self._features(number, claim)
            firsts += [
                ("HSETNX", slot.key(numbered.generation), slot.field, number) for slot in places
            ]
        every = [slot for places in slots for slot in places]
        replies = iter(self.put([*features, *firsts], every, numbered.generation)[len(features) :])
        return [[bool(next(replies)) for _ in places] for places in slots]

    def _features(self, number: int, claim: Claim) -> list[Command]:
        ttl_s = self.rules.rival_ttl_s
        return [
            ("SET", f"aw:f:{number}", claim.fingerprint.packed(), "EX", ttl_s),
            *self.named(number, claim.article_id),
        ]

    def named(self, number: int, article_id: str) -> list[Command]:
        names, place = f"aw:a:{number // NUMBERED}", number % NUMBERED
        return [
            ("HSET", names, place, bytes.fromhex(article_id)),
            ("EXPIRE", names, 3 * self.window_s),
        ]

    def _owners(
        self, slots: Sequence[Sequence[Slot]], taken: Sequence[Sequence[bool]], generation: int
    ) -> list[list[list[int]]]:
        """The owners of each slot of each claim: of this generation and of the one before.

        A slot that the claim has just taken is its own in this generation: no need to ask.
        """
        commands: list[Command] = []
        for places, mine in zip(slots, taken, strict=True):
            for slot, first in zip(places, mine, strict=True):
                commands.append(("HGET", slot.key(generation - 1), slot.field))
                if not first:
                    commands.append(("HGET", slot.key(generation), slot.field))
        replies = iter(self.wire.trip(commands))
        return [
            [[int(o) for o in islice(replies, 1 if first else 2) if o] for first in mine]
            for mine in taken
        ]

    def _rivals(self, found: Sequence[Sequence[tuple[int, int]]]) -> list[list[Rival]]:
        numbers = sorted({number for ranked in found for number, _ in ranked})
        if not numbers:
            return [[] for _ in found]
        replies = self.wire.trip(
            [name_of(number) for number in numbers]
            + [("GET", f"aw:f:{number}") for number in numbers]
        )
        names = dict(zip(numbers, replies, strict=False))
        kept = dict(zip(numbers, replies[len(numbers) :], strict=True))
        return [
            [
                Rival(
                    article_id=names[number].hex(),
                    hits=hits,
                    fingerprint=Fingerprint.unpacked(kept[number]),
                )
                for number, hits in ranked
                if names[number]
            ]
            for ranked in found
        ]

    def names(self, numbers: Collection[int]) -> dict[int, str]:
        if not numbers:
            return {}
        replies = self.wire.trip([name_of(number) for number in numbers])
        return {n: name.hex() for n, name in zip(numbers, replies, strict=True) if name}

    def slots_of(self, fingerprint: Fingerprint) -> list[Slot]:
        """The slot of the text hash, then those of the sketch.

        A sketch is the smallest hashes, whose high bits are all zero: the bucket takes others.
        """
        mask = (1 << self.rules.bucket_bits) - 1
        text = bytes.fromhex(fingerprint.text_hash)
        return [
            Slot("t", self._coarse_bucket(text), text[8:]),
            *(
                Slot("s", hash_ >> 32 & mask, (hash_ & 0xFFFFFFFF).to_bytes(4, "big"))
                for hash_ in fingerprint.sketch
            ),
        ]

    def _coarse_bucket(self, digest: bytes) -> int:
        return int.from_bytes(digest[:4], "big") & (1 << self.rules.bucket_bits - COARSER_BITS) - 1

    def put(self, commands: Sequence[Command], slots: Iterable[Slot], generation: int) -> list[Any]:
        """One round trip that writes to these slots, and dates the buckets it may have made."""
        undated = {slot.key(generation) for slot in slots} - self._expiring
        ends = self.expires(generation)
        replies = self.wire.trip([*commands, *(("EXPIREAT", key, ends) for key in undated)])
        self._expiring |= undated
        return replies[: len(commands)]

    def expires(self, generation: int) -> int:
        """When its buckets go: a day late, for clocks and late batches."""
        return (generation + 2) * self.window_s + DAY_S

    def id_slot(self, article_id: str) -> Slot:
        digest = bytes.fromhex(article_id)
        return Slot("i", self._coarse_bucket(digest), digest)

    def _forget_dates(self, generation: int, newest: int) -> None:
        """A new generation has new buckets; so has an index that was emptied."""
        if generation != self._generation or newest < self._newest:
            self._expiring.clear()
        self._generation, self._newest = generation, newest


class _Cells:
    """The register: cells in buckets."""

    def __init__(self, wire: Wire, ttl_s: int) -> None:
        self.wire = wire
        self._ttl_s = ttl_s

    def look(self, numbers: Collection[int]) -> Pointers:
        asked = sorted(numbers)
        replies = self.wire.trip([("HGET", *cell_of(number)) for number in asked])
        return {n: int(reply) for n, reply in zip(asked, replies, strict=True) if reply}

    def fill(self, pointers: Mapping[int, int]) -> None:
        self._write("HSETNX", pointers)

    def overwrite(self, pointers: Mapping[int, int]) -> None:
        self._write("HSET", pointers)

    def _write(self, command: str, pointers: Mapping[int, int]) -> None:
        buckets = {cell_of(number)[0] for number in pointers}
        self.wire.trip(
            [(command, *cell_of(number), pointer) for number, pointer in pointers.items()]
            + [("EXPIRE", bucket, self._ttl_s) for bucket in buckets]
        )


def cell_of(number: int) -> tuple[str, int]:
    return f"aw:v:{number // NUMBERED}", number % NUMBERED


def name_of(number: int) -> Command:
    return "HGET", f"aw:a:{number // NUMBERED}", number % NUMBERED
