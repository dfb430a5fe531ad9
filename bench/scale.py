"""An index grows: bytes and time an article whenever it is √10 times as large.

The most bytes an article since the line before are looked for every thousand articles, also while
buckets are moved. An empty index is one that was emptied: a server keeps statistics of commands.
How long anything takes depends on what else the machine does. So a second index, which begins anew
whenever it holds ten thousand articles, takes some of the same batches in the same run.
"""

import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import redis

from bench.dedupers import let_go
from tests.servers import private_valkey, unix_url
from worker.dedup import DedupRules
from worker.index import Claim, Wish
from worker.index.redis import RedisIndex
from worker.models import Fingerprint, article_id_of

_BATCH = 100
_FIRST = 10_000
_LOOK = 1000
_SHARE = 8  # of so many batches the second index takes one


class Filled:
    """An index with the time that its articles took since they were last looked at."""

    def __init__(self, url: str, rules: DedupRules) -> None:
        self._rules, self._url = rules, url
        self.server = redis.Redis.from_url(unix_url(url))
        self.look()
        self.begin()
        self.take(next(_claims(_BATCH, rules)))
        self.begin()
        self.look()

    def begin(self) -> None:
        self.server.execute_command("FLUSHALL", "SYNC")
        self.server.set("aw:next", 1 << 24)  # numbers as long as they are after 17 million articles
        self.index = RedisIndex(self._url, self._rules)
        self.held, self._empty = 0, self._bytes()

    def look(self) -> None:
        self._since, self._took, self._used, self.most_bytes = 0, 0.0, self._cpu(), 0.0

    def take(self, claims: Sequence[Claim]) -> None:
        began = time.process_time()
        self.index.claim(claims)
        self.index.settle([Wish(article_id=claim.article_id) for claim in claims])
        self._took += time.process_time() - began
        let_go(self.server, len(claims))  # fingerprints are not of the window
        self.held += len(claims)
        self._since += len(claims)
        if self.held % _LOOK == 0:
            self.most_bytes = max(self.most_bytes, self.bytes_each())

    def bytes_each(self) -> float:
        return (self._bytes() - self._empty) / self.held

    def us_each(self) -> tuple[float, float]:
        """Of the client and of the server."""
        used = self._cpu() - self._used
        return self._took / self._since * 1e6, used / self._since * 1e6

    def _bytes(self) -> int:
        memory: Any = self.server.info("memory")
        return int(memory["used_memory"]) - int(memory["mem_clients_normal"])

    def _cpu(self) -> float:
        cpu: Any = self.server.info("cpu")
        return float(cpu["used_cpu_user"] + cpu["used_cpu_sys"])


def grow(most: int, rules: DedupRules) -> None:
    """Print a line at 10, 32, 100, 320 thousand articles and so on."""
    with private_valkey() as url, private_valkey() as small_url:
        grown, small, mark = Filled(url, rules), Filled(small_url, rules), _FIRST
        for done, claims in enumerate(_claims(most, rules), 1):
            grown.take(claims)
            if done % _SHARE == 0:
                small.take(claims)
            if small.held == _FIRST:
                small.begin()
            if grown.held < mark:
                continue
            (client, server), (client_small, server_small) = grown.us_each(), small.us_each()
            said = [
                f"{grown.bytes_each():6.1f} bytes, at most {grown.most_bytes:.1f} meanwhile",
                f"{client:4.0f} + {server:4.0f} us of client and server CPU",
                f"below {_FIRST} meanwhile {client_small:4.0f} + {server_small:4.0f}",
                f"{(client + server) / (client_small + server_small):.2f} times as much",
            ]
            print(f"{grown.held:8} articles  {'  '.join(said)}", flush=True)
            mark = min(_next(mark), most)
            grown.look()
            small.look()


def _next(mark: int) -> int:
    return mark * 32 // 10 if str(mark).startswith("1") else mark // 32 * 100


def _claims(most: int, rules: DedupRules) -> Iterator[list[Claim]]:
    """Articles that share nothing: sketches are what the smallest of 300 hashes look like."""
    rng = np.random.default_rng(1)
    k = rules.shingles.sketch
    for start in range(0, most, _BATCH):
        hashes = np.sort(rng.integers(0, 1 << 64, (_BATCH, 300), np.uint64), axis=1)[:, :k]
        texts = rng.integers(0, 1 << 63, (_BATCH, 2), np.int64)
        yield [
            Claim(
                article_id=article_id_of("scale", str(start + number)),
                fingerprint=Fingerprint.model_construct(
                    content_hash="0" * 32,
                    text_hash=texts[number].tobytes().hex(),
                    words=300,
                    sketch=tuple(hashes[number].tolist()),
                ),
            )
            for number in range(_BATCH)
        ]
