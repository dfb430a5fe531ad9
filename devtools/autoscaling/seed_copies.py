"""Copies of the seeds as a load: the same articles, as if many sources had delivered them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from worker.cli.inputs import read_inputs

SEEDS = Path(__file__).parents[2] / "seeds"


def seed_copies(first: int, rounds: int) -> Iterator[list[dict[str, Any]]]:
    """Yield all seeds that are JSON objects, `rounds` times. Each round has sources, ids and links
    of its own, by its number, which begins with `first`."""
    seeds = [raw for _, raw in read_inputs([SEEDS], ["expected.jsonl"]) if isinstance(raw, dict)]
    for number in range(first, first + rounds):
        yield [_copy(raw, number, place) for place, raw in enumerate(seeds)]


def _copy(raw: dict[str, Any], number: int, place: int) -> dict[str, Any]:
    copy: dict[str, Any] = json.loads(json.dumps(raw))
    copy.pop("receipt", None)
    copy["source"] = {"id": f"source-{number}"}
    if "id" in copy:
        copy["id"] = f"{copy['id']}-{place}"
    if isinstance(copy.get("link"), str):
        copy["link"] = copy["link"].replace("://", f"://edition-{number}.", 1)
    return copy
