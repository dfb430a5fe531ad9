"""The index on Redis or Valkey, shared by all workers. Numbers are decimal, hashes big-endian.

    aw:next                 string  counter: the number of the newest article
    aw:epochs               hash    epoch -> second in which it opens, and the newest number then
    aw:i:<epoch>:<bucket>   hash    article_id, 7 of its bytes -> its number
    aw:a:<number // 256>    hash    number % 256         -> article_id, 16 bytes
    aw:s:<epoch>:<bucket>   hash    sketch hash, 13 bits -> number of the first article that had it
    aw:t:<epoch>:<bucket>   hash    text hash, 4 bytes   -> number of the first article that had it
    aw:f:<number>           string  fingerprint, packed; for rival_ttl_s
    aw:v:<number // 256>    hash    number % 256         -> number of its canonical article
    aw:turn:<name>          string  somebody is doing what one worker at a time should do

Only the first article owns a shingle: no posting lists, no hot keys. A generation is window_days of
the server's clock, and whole buckets expire. What is small in a listpack is cheap: fields are cut
to what tells the few hundred hashes of a bucket apart (a false owner is no rival by itself: that
takes min_hits), and a generation whose buckets are full goes on in an epoch with four times as
many. The newest open epoch is written, all of this generation and of the one before are read.

Every command touches one key and may be repeated: a batch that comes back claims the same again.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from worker.index import Claim, Rival, Wish
from worker.index.candidates import Rules, candidates
from worker.index.epochs import EPOCHS, FULL, Epochs, Opened, Slot, epochs_at, opened, past, to_open
from worker.index.register import Pointers, settle
from worker.index.wire import Command, Wire
from worker.models import Fingerprint

DAY_S = 86_400
NUMBERED = 256  # numbers a bucket; they come in order, so it is full before the next one begins
COARSER_BITS = 4  # an article has one id and one text hash for 2**4 sketch hashes


class Numbered(NamedTuple):
    """Articles with the numbers they have in the index."""

    epochs: Epochs
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
        self._capacity = (FULL << rules.index.bucket_bits) // rules.shingles.sketch
        self._epoch = self._newest = 0

    def ping(self) -> None:
        """Raises Unavailable while the server does not answer."""
        self.wire.trip([("PING",)])

    def claim(self, claims: Sequence[Claim]) -> list[list[Rival]]:
        """Five round trips: clock and counter, numbers, write, read, rivals.

        One more when the batch brings articles that an earlier epoch knows, and one when it meets
        articles that were forgotten.
        """
        if not claims:
            return []
        numbered = self.numbered([claim.article_id for claim in claims])
        slots = [self.slots_of(claim.fingerprint) for claim in claims]
        taken = self._write(claims, slots, numbered)
        owners = self._owners(slots, taken, numbered.epochs)
        found = [
            candidates(numbered.numbers[claim.article_id], by_hash, exact, self.rules)
            for claim, (exact, *by_hash) in zip(claims, owners, strict=True)
        ]
        rivals, gone = self._rivals(found)
        self._take_over(claims, slots, owners, numbered, gone)
        return rivals

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
        epochs = self.epochs()
        slots = [self.slots_of(claim.fingerprint) for claim in claims]
        untaken = [[False] * len(places) for places in slots]
        owners = self._owners(slots, untaken, epochs)
        found = [candidates(-1, by_hash, exact, self.rules) for exact, *by_hash in owners]
        return [
            [rival for rival in met if rival.article_id != claim.article_id]
            for claim, met in zip(claims, self._rivals(found)[0], strict=True)
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

    def forget(self, article_ids: Sequence[str]) -> None:
        """Two round trips."""
        epochs = self.epochs()
        slots = [self.id_slot(article_id) for article_id in article_ids]
        asked = [
            ("HGET", s.key(e), s.field) for s in slots for e in (epochs.written, *epochs.others)
        ]
        numbers = {int(number) for number in self.wire.trip(asked) if number}
        gone: list[Command] = [("DEL", f"aw:f:{number}") for number in numbers]
        gone += [("HDEL", *name_of(number)[1:]) for number in numbers]
        if gone:
            self.wire.trip(gone)

    def now_s(self) -> int:
        """The server's clock."""
        [(now_s, _)] = self.wire.trip([("TIME",)])
        return int(now_s)

    def epochs(self) -> Epochs:
        (now_s, _), reply = self.wire.trip([("TIME",), ("HGETALL", "aw:epochs")])
        return self._epochs(int(now_s), opened(reply))

    def numbered(self, article_ids: Sequence[str]) -> Numbered:
        """The numbers of these articles, in two round trips; new articles get the next ones."""
        count = ("INCRBY", "aw:next", len(article_ids))
        (now_s, _), newest, reply = self.wire.trip([("TIME",), count, ("HGETALL", "aw:epochs")])
        known = opened(reply)
        epochs = self._epochs(int(now_s), known)
        self._forget_dates(epochs.written, newest)
        slots = [self.id_slot(article_id) for article_id in article_ids]
        commands: list[Command] = []
        for number, slot in enumerate(slots, newest - len(slots) + 1):
            key = slot.key(epochs.written)
            commands += [("HSETNX", key, slot.field, number), ("HGET", key, slot.field)]
            commands += [("HGET", slot.key(epoch), slot.field) for epoch in epochs.others]
        commands += self._opening(epochs.written, int(now_s), newest, known)
        each = 2 + len(epochs.others)
        replies = self.put(commands, slots, epochs.written)[: each * len(slots)]
        created, now = replies[::each], replies[1::each]
        before = [
            next((int(number) for number in replies[n + 2 : n + each] if number), None)
            for n in range(0, len(replies), each)
        ]
        numbers = [old or int(new) for old, new in zip(before, now, strict=True)]
        self._carry_over(slots, numbers, now, epochs.written)
        fresh = {
            article_id
            for article_id, old, new in zip(article_ids, before, created, strict=True)
            if new and old is None
        }
        return Numbered(epochs, dict(zip(article_ids, numbers, strict=True)), fresh)

    def _epochs(self, now_s: int, known: Opened) -> Epochs:
        return epochs_at(now_s // self.window_s, now_s, known)

    def epoch_of(self, at_s: int, epochs: Epochs) -> int:
        """The epoch for an article of that time: with as many buckets as what is written now."""
        return at_s // self.window_s * EPOCHS + epochs.written % EPOCHS

    def _opening(self, written: int, now_s: int, newest: int, known: Opened) -> list[Command]:
        epoch, at_s = to_open(written, now_s, newest, self._capacity, known)
        if not epoch:
            return []
        return [
            ("HSETNX", "aw:epochs", epoch, f"{at_s}:{newest}"),
            ("EXPIRE", "aw:epochs", 3 * self.window_s),
            *(("HDEL", "aw:epochs", old) for old in past(now_s // self.window_s, known)),
        ]

    def _carry_over(
        self, slots: Sequence[Slot], numbers: Sequence[int], now: Sequence[bytes], epoch: int
    ) -> None:
        """An article keeps its number for as long as it comes at least once a generation."""
        kept = [
            ("HSET", slot.key(epoch), slot.field, number)
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
                ("HSETNX", slot.key(numbered.epochs.written), slot.field, number) for slot in places
            ]
        every = [slot for places in slots for slot in places]
        replies = iter(
            self.put([*features, *firsts], every, numbered.epochs.written)[len(features) :]
        )
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
        self, slots: Sequence[Sequence[Slot]], taken: Sequence[Sequence[bool]], epochs: Epochs
    ) -> list[list[list[int]]]:
        """The owners of each slot of each claim, one of each epoch.

        A slot that the claim has just taken is its own in the written one: no need to ask.
        """
        commands: list[Command] = []
        for places, mine in zip(slots, taken, strict=True):
            for slot, first in zip(places, mine, strict=True):
                asked = epochs.others if first else (*epochs.others, epochs.written)
                commands += [("HGET", slot.key(epoch), slot.field) for epoch in asked]
        replies = iter(self.wire.trip(commands) if commands else [])
        others = len(epochs.others)
        return [
            [[int(o) for o in islice(replies, others + (not first)) if o] for first in mine]
            for mine in taken
        ]

    def _rivals(
        self, found: Sequence[Sequence[tuple[int, int]]]
    ) -> tuple[list[list[Rival]], set[int]]:
        """The rivals of each claim, and the numbers of those that were forgotten."""
        numbers = sorted({number for ranked in found for number, _ in ranked})
        if not numbers:
            return [[] for _ in found], set()
        replies = self.wire.trip(
            [name_of(number) for number in numbers]
            + [("GET", f"aw:f:{number}") for number in numbers]
        )
        names = dict(zip(numbers, replies, strict=False))
        kept = dict(zip(numbers, replies[len(numbers) :], strict=True))
        rivals = [
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
        return rivals, {number for number in numbers if not names[number]}

    def _take_over(
        self,
        claims: Sequence[Claim],
        slots: Sequence[Sequence[Slot]],
        owners: Sequence[Sequence[Sequence[int]]],
        numbered: Numbered,
        gone: set[int],
    ) -> None:
        """What a forgotten article owns goes to who has it now: copies of it have to meet."""
        epoch = numbered.epochs.written
        taken = [
            ("HSET", slot.key(epoch), slot.field, numbered.numbers[claim.article_id])
            for claim, places, owned in zip(claims, slots, owners, strict=True)
            for slot, its in zip(places, owned, strict=True)
            if not gone.isdisjoint(its)
        ]
        if taken:
            self.put(taken, [slot for places in slots for slot in places], epoch)

    def names(self, numbers: Collection[int]) -> dict[int, str]:
        if not numbers:
            return {}
        replies = self.wire.trip([name_of(number) for number in numbers])
        return {n: name.hex() for n, name in zip(numbers, replies, strict=True) if name}

    def slots_of(self, fingerprint: Fingerprint) -> list[Slot]:
        """The slot of the text hash, then those of the sketch.

        A sketch is the smallest hashes, whose high bits are all zero: the bucket takes others.
        """
        bits, text = self.rules.bucket_bits, bytes.fromhex(fingerprint.text_hash)
        return [
            Slot("t", bits - COARSER_BITS, int.from_bytes(text[:4], "big"), text[8:12]),
            *(
                Slot("s", bits, hash_ >> 13 & 0xFFFFFFFF, (hash_ & 0x1FFF) - 0x1000)
                for hash_ in fingerprint.sketch
            ),
        ]

    def put(self, commands: Sequence[Command], slots: Iterable[Slot], epoch: int) -> list[Any]:
        """One round trip that writes to these slots, and dates the buckets it may have made."""
        undated = {slot.key(epoch) for slot in slots} - self._expiring
        ends = self.expires(epoch)
        replies = self.wire.trip([*commands, *(("EXPIREAT", key, ends) for key in undated)])
        self._expiring |= undated
        return replies[: len(commands)]

    def expires(self, epoch: int) -> int:
        """When its buckets go: a day late, for clocks and late batches."""
        return (epoch // EPOCHS + 2) * self.window_s + DAY_S

    def id_slot(self, article_id: str) -> Slot:
        digest, bits = bytes.fromhex(article_id), self.rules.bucket_bits - COARSER_BITS
        return Slot("i", bits, int.from_bytes(digest[:4], "big"), digest[4:11])

    def _forget_dates(self, epoch: int, newest: int) -> None:
        """A new epoch has new buckets; so has an index that was emptied."""
        if epoch != self._epoch or newest < self._newest:
            self._expiring.clear()
        self._epoch, self._newest = epoch, newest


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
