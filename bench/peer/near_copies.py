"""Near copies of a text by MinHash LSH on Redis, as its best user would run it.

The bands are those that datasketch chooses for a threshold. datasketch's own storage on Redis sends
each band in a round trip of its own; here all bands of an article are asked and written in one. The
signatures are made by rensa, which is several times as fast as datasketch.
"""

import re
from typing import Any, Protocol

import numpy as np
import redis
from datasketch import MinHash, MinHashLSH
from rensa import RMinHash

_WORD = re.compile(r"\w+")
_PERMUTATIONS, _THRESHOLD, _SHINGLE = 128, 0.7, 5


class NearCopies(Protocol):
    """An index of texts by name."""

    def add_and_find(self, name: str, text: str) -> list[str]:
        """Add a text under a name; return the names of earlier texts that share a band."""
        ...


class TunedLsh:
    """Names by band, in Redis sets; one round trip for an article."""

    def __init__(self, url: str) -> None:
        self.client = redis.Redis.from_url(url)
        self.ranges = MinHashLSH(threshold=_THRESHOLD, num_perm=_PERMUTATIONS).hashranges

    def add_and_find(self, name: str, text: str) -> list[str]:
        signature = RMinHash(num_perm=_PERMUTATIONS, seed=42)
        signature.update(shingles(text))
        digest = np.asarray(signature.digest(), dtype=np.uint32)
        pipe = self.client.pipeline(transaction=False)
        for number, (begin, end) in enumerate(self.ranges):
            key = b"band:%d:" % number + digest[begin:end].tobytes()
            pipe.smembers(key)
            pipe.sadd(key, name)
        found = {member.decode() for members in pipe.execute()[::2] for member in members}
        return sorted(found - {name})


class StockLsh:
    """datasketch alone, with its storage on Redis."""

    def __init__(self, url: str) -> None:
        pool: dict[str, Any] = redis.connection.parse_url(url)
        options = {"unix_socket_path": pool["path"], "db": pool["db"]}
        storage = {"type": "redis", "basename": b"peer", "redis": options}
        self.lsh = MinHashLSH(threshold=_THRESHOLD, num_perm=_PERMUTATIONS, storage_config=storage)

    def add_and_find(self, name: str, text: str) -> list[str]:
        signature = MinHash(num_perm=_PERMUTATIONS)
        signature.update_batch([shingle.encode() for shingle in shingles(text)])
        found = {str(member) for member in self.lsh.query(signature)}
        self.lsh.insert(name, signature, check_duplication=False)
        return sorted(found - {name})


def shingles(text: str) -> list[str]:
    """All runs of five words, at least one."""
    words = _WORD.findall(text.lower())
    count = max(1, len(words) - _SHINGLE + 1)
    return [" ".join(words[n : n + _SHINGLE]) for n in range(count)]
