"""Generate stories, each as several similar copies, as newspapers print an agency's text."""

import random
from collections.abc import Sequence
from typing import Any

from devtools.generated_articles import vocabulary

WORDS = 120
DROPPED = 0.02  # share of a copy's words that are dropped, as in a light edit

Raw = dict[str, Any]


def stories(count: int, *, seed: int = 11, copies: Sequence[int] = (2, 2, 3, 4)) -> list[list[Raw]]:
    """`count` stories, each a list of raw articles of different sources."""
    rng = random.Random(seed)
    words = vocabulary(rng)
    return [
        [_copy(rng, f"{seed}-{number}", paper, title, text) for paper in range(rng.choice(copies))]
        for number in range(count)
        for title, text in [(rng.choices(words, k=8), rng.choices(words, k=WORDS))]
    ]


def _copy(
    rng: random.Random, story: str, paper: int, title: Sequence[str], text: Sequence[str]
) -> Raw:
    kept = " ".join(word for word in text if rng.random() > DROPPED)
    return {
        "id": story,
        "link": f"https://paper-{paper}.example/{story}",
        "title": " ".join(title).capitalize(),
        "content": [{"type": "text/plain", "value": f"{kept.capitalize()}."}],
        "published": "2026-11-20T08:00:00Z",
        "language": "en",
        "source": {"id": f"paper-{paper}"},
    }
