"""Which deliveries are the same article: the cases of identities.toml, on both stores."""

import shutil
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.make import NOW
from tests.store.stored import rows
from tests.support.pipelines import CONFIG
from worker.index.memory_index import MemoryIndex
from worker.index.redis_index import RedisIndex
from worker.model.records import Outcome
from worker.pipeline.deliveries import Delivery
from worker.pipeline.ingestion import Pipeline
from worker.store.sql_store import SqlStore

FILE = tomllib.loads((Path(__file__).parent / "identities.toml").read_text())
CASES = FILE["case"]
COPIED = ("id", "link", "title", "status", "published")
ADDS_REVISION = {"new", "revision", "duplicate", "variant"}


@pytest.fixture(scope="module")
def shared_store(
    _sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[SqlStore, str]]:
    """One store for all cases: each has a source and an index of its own."""
    path = tmp_path_factory.mktemp("identities") / "store.db"
    shutil.copy(_sqlite_template, path)
    store = SqlStore(f"sqlite:///{path}")
    yield store, f"sqlite:///{path}"
    store.close()


def raw_of(delivery: dict[str, Any], source: str) -> dict[str, Any]:
    raw = {name: delivery[name] for name in COPIED if name in delivery}
    raw["source"] = {"id": source}
    if "fetched" in delivery:
        raw["fetch"] = {"at": delivery["fetched"]}
    text = FILE["stories"].get(delivery.get("story"), delivery.get("text", ""))
    if "page" in delivery:
        markup = FILE["pages"][delivery["page"]].replace("{title}", delivery["title"])
        raw["content"] = [{"type": "text/html", "value": markup}]
    elif "canonical" in delivery:
        paragraphs = "".join(f"<p>{paragraph}</p>" for paragraph in text.split("\n\n"))
        raw["content"] = [
            {
                "type": "text/html",
                "value": f"<html><head><title>{raw['title']}</title><link rel='canonical' "
                f"href='{delivery['canonical']}'></head><body><article><h1>{raw['title']}</h1>"
                f"{paragraphs}</article></body></html>",
            }
        ]
    elif text:
        raw["content"] = [{"type": "text/plain", "value": text}]
    return raw


def delivered(
    pipeline: Pipeline, deliveries: Sequence[dict[str, Any]], source: str, *, at_once: bool
) -> list[Outcome]:
    raws = [raw_of(delivery, source) for delivery in deliveries]
    batch = [Delivery(receipt=f"{source}-{n}", raw=raw) for n, raw in enumerate(raws)]
    if at_once:
        outcomes = pipeline.ingest(batch, now=NOW)
    else:
        hours = [NOW + timedelta(hours=n) for n in range(len(batch))]
        outcomes = [
            o for d, now in zip(batch, hours, strict=True) for o in pipeline.ingest([d], now=now)
        ]
    by_receipt = {outcome.receipt: outcome for outcome in outcomes}
    return [by_receipt[delivery.receipt] for delivery in batch]


def check(case: dict[str, Any], pipeline: Pipeline, store_url: str, *, at_once: bool) -> None:
    source = f"{CASES.index(case)} {at_once}"
    outcomes = delivered(pipeline, case["deliveries"], source, at_once=at_once)
    letters: dict[str, str] = {}
    seen = []
    for outcome in outcomes:
        letter = letters.setdefault(outcome.article_id, chr(ord("A") + len(letters)))
        seen.append(f"{letter} {outcome.kind.value}")
    expected = [delivery["is"] for delivery in case["deliveries"]]
    assert seen == expected, case["why"]
    revisions = rows(store_url, "revisions")
    stored = Counter(letters[i] for row in revisions if (i := row["article_id"]) in letters)
    kept = Counter[str]()
    for letter, kind in (what.split() for what in expected):
        if kind == "withdrawn":
            kept.pop(letter, None)
        kept[letter] += kind in ADDS_REVISION
    assert stored == +kept, case["why"]


@pytest.mark.parametrize("at_once", [False, True], ids=["one by one", "at once"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["why"][:60])
def test_each_case_ends_as_its_sentence_says(
    shared_store: tuple[SqlStore, str], case: dict[str, Any], at_once: bool
) -> None:
    store, url = shared_store
    check(case, Pipeline(CONFIG, store, MemoryIndex(CONFIG.dedup)), url, at_once=at_once)


@pytest.mark.processes
@pytest.mark.long
@pytest.mark.parametrize("at_once", [False, True], ids=["one by one", "at once"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["why"][:60])
def test_each_case_ends_so_with_valkey_and_postgresql(
    valkey: redis.Redis,
    valkey_url: str,
    postgres_store_url: str,
    case: dict[str, Any],
    at_once: bool,
) -> None:
    store, index = SqlStore(postgres_store_url), RedisIndex(valkey_url, CONFIG.dedup)
    check(case, Pipeline(CONFIG, store, index), postgres_store_url, at_once=at_once)
    index.close()
    store.close()
