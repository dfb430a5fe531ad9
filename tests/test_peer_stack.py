"""The peer of the comparison does its work: what it stores is what such a stack would store."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis

from bench.peer.loads import fragments, whole_pages
from devtools.servers import unix_url

pytest.importorskip("datasketch", reason="make bench installs what the peer is made of")
pytest.importorskip("flashtext")
pytest.importorskip("rensa")
pytest.importorskip("sklearn")

from bench.peer import labelling, usual_stack
from bench.peer.near_copies import NearCopies, StockLsh, TunedLsh, shingles
from bench.peer.report import read_json

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.long  # the topics are trained first

TEXT = " ".join(f"word{n} of the long report" for n in range(80))


@pytest.fixture(scope="module")
def labels(tmp_path_factory: pytest.TempPathFactory) -> labelling.Labels:
    file = tmp_path_factory.mktemp("model") / "topics.joblib"
    labelling.train(None, file)
    return labelling.Labels(file, entities=False)


@pytest.fixture(params=[TunedLsh, StockLsh])
def near_copies(request: pytest.FixtureRequest, valkey_url: str, valkey: redis.Redis) -> NearCopies:
    found: NearCopies = request.param(f"{unix_url(valkey_url)}?db=1")
    return found


def test_a_copy_is_found_and_another_text_is_not(near_copies: NearCopies) -> None:
    assert near_copies.add_and_find("first", TEXT) == []
    assert near_copies.add_and_find("other", TEXT.replace("word", "term")) == []
    assert near_copies.add_and_find("copy", f"{TEXT} and a line more") == ["first"]


@pytest.mark.parametrize("text", ["", "one two", "one two three four five"])
def test_a_short_text_has_one_shingle(text: str) -> None:
    assert len(shingles(text)) == 1


@pytest.fixture
def table(
    postgres_store_url: str,
    valkey_url: str,
    valkey: redis.Redis,
    labels: labelling.Labels,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator["psycopg.Connection[tuple[Any, ...]]"]:
    """The peer's table, with the peer's tasks ready to run in this process."""
    url = usual_stack.plain(postgres_store_url)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        usual_stack.create_schema(postgres_store_url)
        lsh = TunedLsh(f"{unix_url(valkey_url)}?db=1")
        monkeypatch.setattr(usual_stack, "_open", [usual_stack.Connections(connection, lsh)])
        monkeypatch.setattr(usual_stack, "_labels", [labels])
        yield connection


def test_an_article_is_stored_once_whatever_comes_again(
    table: "psycopg.Connection[tuple[Any, ...]]", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PEER_LATENCIES", str(tmp_path))
    raw = next(fragments(None))
    for each in (raw, raw, raw | {"title": "Parliament votes on the election of the president"}):
        usual_stack.ingest(each, sent=1.0)
    [row] = table.execute("SELECT title, body, url, published, tags FROM articles").fetchall()
    title, body, url, published, tags = row
    assert title == "Parliament votes on the election of the president"
    assert body.count("\n\n") >= 5
    assert "<" not in body
    assert "utm_source" not in url
    assert published.endswith("+00:00")
    assert "politics" in tags
    assert len((tmp_path / str(os.getpid())).read_text().split()) == 3


def test_an_unchanged_article_is_known_before_it_is_parsed(
    table: "psycopg.Connection[tuple[Any, ...]]", monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = next(fragments(None))
    usual_stack.ingest(raw)
    parsed: list[object] = []
    monkeypatch.setattr(usual_stack, "extract", parsed.append)
    usual_stack.ingest(raw)
    assert parsed == []


def test_the_main_text_of_a_page_is_extracted() -> None:
    raw = next(whole_pages(None))
    extracted = usual_stack.extract(raw)
    assert len(extracted.text) > 3000
    assert "More of topic" not in extracted.text
    assert extracted.published == "2026-11-01"


@pytest.mark.processes
def test_the_whole_comparison_runs_and_measures_each_system_with_each_load(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bench.peer", "--articles", "20", "--pages", "4"]
    command += ["--rounds", "1", "--json", tmp_path / "figures.json"]
    command += ["--loads", "new fragments;80 % unchanged, 20 % new;single messages"]
    subprocess.run(command, check=True, cwd=ROOT, capture_output=True)
    results = read_json((tmp_path / "figures.json").read_text())
    systems = {(r.system, r.store) for r in results}
    assert systems >= {("worker", "SQLite"), ("worker", "PostgreSQL"), ("peer", "PostgreSQL")}
    assert systems >= {("floor", "SQLite"), ("floor", "PostgreSQL")}
    assert len(results) == 3 * len(systems)
    assert all(0 < r.p50_ms <= r.p99_ms and r.memory_mb > 20 for r in results)
    assert all((r.store_ms > 0) <= (r.store == "PostgreSQL") for r in results)
    fragments_ms = {(r.system, r.store): r.all_ms for r in results if r.load == "new fragments"}
    assert max(fragments_ms["floor", "SQLite"], 0.01) < fragments_ms["peer", "PostgreSQL"]
