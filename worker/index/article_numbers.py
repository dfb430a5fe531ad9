"""Give each article in the index a number, in the order in which the articles arrive.

A number takes less memory than an article id. Of two copies, the one with the smaller number came
first, which decides which of them becomes the canonical article.
"""

from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from worker.index.buckets import READ_LAYOUTS, Buckets
from worker.index.canonical_table import BUCKET_NUMBERS, cell_address
from worker.index.layout import ID_BYTES, ActiveLayouts
from worker.index.redis_client import Command, RedisClient


class NumberedArticles(NamedTuple):
    """The numbers of some articles in the index, and which of the articles were new to it.

    `numbers` maps an article id to the number, `created` has the ids of the new articles. `layouts`
    says which Redis hashes the index used when the numbers were read.
    """

    layouts: ActiveLayouts
    numbers: dict[str, int]  # by article id
    created: set[str]  # ids of articles that had no number before


class ArticleNumbers:
    """Reads and writes the numbers by which the similarity index names articles, on the Redis
    server: a number of a few bytes stands for an article's id of 32 characters.

    Two tables are stored there: from the id of an article to its number, and from the number to the
    id.
    """

    def __init__(self, client: RedisClient, buckets: Buckets) -> None:
        self._client = client
        self._buckets = buckets

    def assign(self, article_ids: Sequence[str]) -> NumberedArticles:
        """Return the numbers of these articles in the index. Articles that have none yet get the
        next free numbers."""
        # Two round trips, both repeated if another worker changes the buckets in use meanwhile.
        fields = [_field(article_id) for article_id in article_ids]
        while True:
            layouts, newest = self._buckets.reserve(len(fields))
            keys = [layouts.written.id_key(field) for field in fields]
            commands = _assign_commands(fields, keys, newest - len(fields) + 1, layouts)
            written = self._buckets.write([*commands, *READ_LAYOUTS], keys, layouts.written)
            *replies, clock, state = written[0]
            if self._buckets.parse_layouts((clock, state)).read == layouts.read:
                break
        remaining = iter(replies)
        numbers: dict[str, int] = {}
        created: set[str] = set()
        copied: list[Command] = []
        for article_id, key, field in zip(article_ids, keys, fields, strict=True):
            is_created = next(remaining)
            *older, latest = [int(n or 0) for n in islice(remaining, len(layouts.read))]
            # The smallest is right: a late worker may have written a new number to an old layout.
            numbers[article_id] = first = min(n for n in (*older, latest) if n)
            if is_created and first == latest:
                created.add(article_id)
            if first != latest:
                copied.append(("HSET", key, field, first))
        if copied:  # an article that arrives once a generation keeps its number
            self._client.execute(copied)
        return NumberedArticles(layouts, numbers, created)

    def find(self, article_ids: Sequence[str]) -> dict[str, int | None]:
        """Return the numbers that these articles have in the index: article id -> number.

        The number is None for an article that the index does not know.
        """
        layouts, current = None, self._buckets.layouts()
        fields = [_field(article_id) for article_id in article_ids]
        while layouts is None or layouts.read != current.read:
            layouts = current
            oldest_first = layouts.read[::-1]
            commands = [
                ("HGET", layout.id_key(field), field) for field in fields for layout in oldest_first
            ]
            *replies, clock, state = self._client.execute([*commands, *READ_LAYOUTS])
            current = self._buckets.parse_layouts((clock, state))
        remaining = iter(replies)
        values = [[int(n) for n in islice(remaining, len(oldest_first)) if n] for _ in fields]
        return {i: min(n, default=None) for i, n in zip(article_ids, values, strict=True)}

    def article_ids(self, numbers: Collection[int]) -> dict[int, str]:
        """Return the ids of the articles that have these numbers in the index: number -> article
        id.

        A number is left out if its article was removed from the index, or has expired there.
        """
        if not numbers:
            return {}
        replies = self._client.execute([id_command(number) for number in numbers])
        return {n: reply.hex() for n, reply in zip(numbers, replies, strict=True) if reply}

    def id_commands(self, numbers: Mapping[str, int]) -> list[Command]:
        """Return the Redis commands that store the id of each article under its number.

        `numbers` maps an article id to its number. What is stored expires after three times the
        number of days in the setting `window_days`, the length of a time window of the index.
        """
        writes = [
            ("HSET", *_id_address(n), bytes.fromhex(article_id))
            for article_id, n in numbers.items()
        ]
        buckets = {_id_address(number)[0] for number in numbers.values()}
        return [*writes, *(("EXPIRE", bucket, 3 * self._buckets.window_s) for bucket in buckets)]

    def forget(self, numbers: Mapping[str, int | None]) -> None:
        """Remove articles from the index, so that new articles are not found to be copies of them;
        one that comes back counts as new.

        `numbers` maps their ids to their numbers, as `find` returns them. Their text hashes, ids
        and numbers are deleted, and the notes which articles they copy.
        """
        removals: list[Command] = []
        read = self._buckets.layouts().read
        for article_id, number in numbers.items():
            if number:
                field = _field(article_id)
                removals += [("HDEL", layout.id_key(field), field) for layout in read]
                removals += [("DEL", fingerprint_key(number)), ("HDEL", *_id_address(number))]
                removals.append(("HDEL", *cell_address(number)))
        if removals:
            self._client.execute(removals)


def _assign_commands(
    fields: Sequence[bytes], keys: Sequence[str], first: int, layouts: ActiveLayouts
) -> list[Command]:
    """The commands that give each article without a number the next one, and read it back.

    The numbers are read from every layout, the written one last. An entry that is no longer in the
    older layout has been moved to the written one by then.
    """
    commands: list[Command] = []
    for number, (key, field) in enumerate(zip(keys, fields, strict=True), first):
        commands.append(("HSETNX", key, field, number))
        commands += [("HGET", layout.id_key(field), field) for layout in reversed(layouts.read)]
    return commands


def id_command(number: int) -> Command:
    """Return the Redis command that reads the id of the article with this number in the index."""
    return "HGET", *_id_address(number)


def fingerprint_key(number: int) -> str:
    """Return the Redis key of the fingerprint (the text hashes) of the article with this number."""
    return f"aw:f:{number}"


def _id_address(number: int) -> tuple[str, int]:
    """Key and field that hold the article id of a number."""
    return f"aw:n:{number // BUCKET_NUMBERS}", number % BUCKET_NUMBERS


def _field(article_id: str) -> bytes:
    return bytes.fromhex(article_id[: 2 * ID_BYTES])
