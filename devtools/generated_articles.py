"""Generate raw articles: distinct texts of a requested length, equal for equal seeds."""

import random
from collections.abc import Iterator
from typing import Any

_SYLLABLES = (
    "ba ce di fo gu ha je ki lo mu na pe qui ro su ta ve wi xo zu bra cle dri flo gru".split()
)
_STARTS = ("Officials in", "Residents of", "A spokesman for", "Researchers at", "The council of")


def vocabulary(rng: random.Random, size: int = 4000) -> list[str]:
    """Invented words. Real words would make unrelated texts similar by chance."""
    return ["".join(rng.choices(_SYLLABLES, k=rng.randint(2, 4))) for _ in range(size)]


def generate(count: int, *, chars: int = 3000, seed: int = 1) -> Iterator[dict[str, Any]]:
    """Yield `count` distinct raw articles with bodies of about `chars` characters."""
    rng = random.Random(seed)
    words = vocabulary(rng)
    for number in range(count):
        body = _body(rng, words, chars)
        yield {
            "id": f"bench-{seed}-{number}",
            "link": f"https://bench.example/{seed}/{number}?utm_source=feed",
            "title": " ".join(rng.choices(words, k=8)).capitalize(),
            "content": [{"type": "text/html", "value": body}],
            "published": f"2026-11-{1 + number % 20:02d}T{number % 24:02d}:00:00Z",
            "language": "en",
            "source": {"id": f"bench-{number % 10}"},
        }


def _body(rng: random.Random, words: list[str], chars: int) -> str:
    paragraphs: list[str] = []
    while sum(map(len, paragraphs)) < chars:
        sentence = [rng.choice(_STARTS), *rng.choices(words, k=rng.randint(30, 60))]
        paragraphs.append(f"<p>{' '.join(sentence)}, the report of {rng.randint(2, 99)} said.</p>")
    return "".join(paragraphs)
