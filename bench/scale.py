"""An index grows: bytes and time an article whenever it is √10 times as large."""

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import redis

from tests.servers import private_valkey, unix_url
from worker.dedup import DedupRules
from worker.index import Claim, Wish
from worker.index.redis import RedisIndex
from worker.models import Fingerprint, article_id_of

_BATCH = 100
_FIRST = 10_000


def grow(most: int, rules: DedupRules) -> None:
    """Print a line at 10, 32, 100, 320 thousand articles and so on."""
    with private_valkey() as url:
        server = redis.Redis.from_url(unix_url(url))
        index = RedisIndex(url, rules)
        server.set("aw:next", 1 << 24)  # numbers as long as they are after 17 million articles
        empty, mark, since = _bytes(server), _FIRST, 0
        began, cpu = time.process_time(), _cpu(server)
        for done, claims in enumerate(_claims(most, rules), 1):
            index.claim(claims)
            index.settle([Wish(article_id=claim.article_id) for claim in claims])
            _drop_prints(server)
            if done * _BATCH < mark:
                continue
            took, used = time.process_time() - began, _cpu(server) - cpu
            count = done * _BATCH - since
            per_article = [
                f"{(_bytes(server) - empty) / (done * _BATCH):6.1f} bytes",
                f"{took / count * 1e6:5.0f} us client CPU",
                f"{used / count * 1e6:4.0f} us server CPU",
            ]
            print(f"{done * _BATCH:8} articles  {'  '.join(per_article)}", flush=True)
            mark, since = min(_next(mark), most), done * _BATCH
            began, cpu = time.process_time(), _cpu(server)
        index.close()


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


def _drop_prints(server: redis.Redis) -> None:
    """Fingerprints wait ten minutes for rivals in flight: they are not of the window."""
    newest = int(str(server.get("aw:next"), "ascii"))
    server.delete(*(f"aw:f:{number}" for number in range(newest - 2 * _BATCH, newest + 1)))


def _bytes(server: redis.Redis) -> int:
    return int(dict(server.info("memory"))["used_memory"])


def _cpu(server: redis.Redis) -> float:
    cpu: Any = server.info("cpu")
    return float(cpu["used_cpu_user"] + cpu["used_cpu_sys"])
