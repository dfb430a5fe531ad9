"""Learned lines on the path of a batch: shared by workers, never a cause of revisions."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from click.testing import CliRunner, Result

from devtools.servers import unix_url
from tests.make import NOW
from tests.support.own_config import cleaner, configured
from tests.support.pipelines import CONFIG
from worker.cli import group
from worker.errors import Unavailable
from worker.index.line_counts import LineCounts, MemoryLineCounts
from worker.index.memory_index import MemoryIndex
from worker.index.redis_client import RedisClient
from worker.index.redis_line_counts import RedisLineCounts
from worker.maintenance.reprocess import Reprocessing, reprocess
from worker.model.records import Outcome, OutcomeKind
from worker.pipeline.deliveries import Delivery
from worker.pipeline.ingestion import Pipeline
from worker.store.sql_store import SqlStore
from worker.store.values import ChangeKind, Query

LINE = "Example News is made by people who love the sea."
WORDS = ("herring", "granite", "lantern", "meadow", "violin", "copper", "orchard", "thunder")


def raw(number: int, head: str = "", tail: str = "") -> dict[str, Any]:
    """An article with words of its own, and the line that its source puts behind each."""
    words = [WORDS[int(digit)] for digit in f"{number:04o}"]
    body = [
        f"The {a} was sold to a {b} merchant of {' '.join(words)}, who paid with a {a} and a {b}."
        for a, b in zip(words, [*words[1:], words[0]], strict=True)
    ]
    ordinary = {"id": f"a-{number}", "title": f"Story {number}", "source": {"id": "wire"}}
    return {**ordinary, "content": "\n\n".join(filter(None, [head, *body, tail, LINE]))}


def piped(store: SqlStore, lines: LineCounts) -> Pipeline:
    return Pipeline(CONFIG, store, MemoryIndex(CONFIG.dedup), lines=lines)


def ingest(pipeline: Pipeline, raws: Sequence[object], now: datetime) -> list[Outcome]:
    deliveries = [Delivery(receipt=f"{now:%d%H%M%S}-{n}", raw=each) for n, each in enumerate(raws)]
    return pipeline.ingest(deliveries, now=now)


def day(number: int, seconds: int = 0) -> datetime:
    return NOW + timedelta(days=number, seconds=seconds)


def newest(store: SqlStore, outcome: Outcome) -> dict[str, Any]:
    shown = store.show(outcome.article_id)
    assert shown
    revision: dict[str, Any] = shown["revisions"][-1]
    return revision


@pytest.fixture
def taught(store: SqlStore) -> Pipeline:
    """A pipeline that has learned the line from two days."""
    pipeline = piped(store, MemoryLineCounts())
    for number in range(2):
        ingest(pipeline, [raw(10 * number + n) for n in range(3)], day(number))
    return pipeline


def test_what_was_learned_is_left_out_of_what_comes_later(taught: Pipeline) -> None:
    [outcome] = ingest(taught, [raw(50)], day(2))
    revision = newest(taught.store, outcome)
    assert LINE not in revision["text"]
    assert revision["dropped"] == [{"rule": "learned", "line": LINE}]
    assert revision["versions"]["learned"].startswith("2026-11-23.")


def test_what_comes_again_is_unchanged_although_a_line_was_learned_meanwhile(
    taught: Pipeline,
) -> None:
    again = ingest(taught, [raw(0), raw(11)], day(2))
    assert [outcome.kind for outcome in again] == [OutcomeKind.UNCHANGED] * 2
    assert LINE in newest(taught.store, again[0])["text"]
    forgotten = piped(taught.store, MemoryLineCounts())
    [first] = ingest(taught, [raw(50)], day(2, 60))
    [after] = ingest(forgotten, [raw(50)], day(2, 120))
    assert first.kind is not OutcomeKind.UNCHANGED
    assert after.kind is OutcomeKind.UNCHANGED
    assert LINE not in newest(taught.store, after)["text"]


def test_an_edit_is_a_revision_without_the_learned_line(taught: Pipeline) -> None:
    edited = raw(0)
    edited["content"] = edited["content"].replace("sold", "given")
    [outcome] = ingest(taught, [edited], day(2))
    assert (outcome.kind, outcome.revision) == (OutcomeKind.REVISION, 2)
    assert LINE not in newest(taught.store, outcome)["text"]


def test_a_day_decides_by_the_days_before_and_by_nothing_of_its_own(store: SqlStore) -> None:
    pipeline = piped(store, MemoryLineCounts())
    ingest(pipeline, [raw(n) for n in range(3)], day(0))
    for turn in range(3):
        found = ingest(pipeline, [raw(10 * turn + n + 10) for n in range(3)], day(1, turn))
        assert all(LINE in newest(store, outcome)["text"] for outcome in found)
    late = NOW.replace(hour=0, minute=30) + timedelta(days=2)
    [outcome] = ingest(pipeline, [raw(60)], late)  # batches of the day before may still run
    assert LINE in newest(store, outcome)["text"]
    [outcome] = ingest(pipeline, [raw(61)], late + timedelta(hours=1))
    assert LINE not in newest(store, outcome)["text"]


def test_eight_workers_learn_together_and_decide_alike(
    sqlite_store_url: str, valkey_url: str, valkey: redis.Redis
) -> None:
    clients = [RedisClient(unix_url(valkey_url), 30) for _ in range(8)]
    workers = [piped(SqlStore(sqlite_store_url), RedisLineCounts(client)) for client in clients]
    for number in range(2):  # each brings one article a day: alone none would learn anything
        articles = [[raw(100 * number + n)] for n in range(8)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(ingest, workers, articles, [day(number, n) for n in range(8)]))
    with ThreadPoolExecutor(8) as pool:
        articles = [[raw(300 + n)] for n in range(8)]
        found = list(pool.map(ingest, workers, articles, [day(2, n) for n in range(8)]))
    revisions = [newest(workers[0].store, outcome) for [outcome] in found]
    assert all(LINE not in revision["text"] for revision in revisions)
    assert len({revision["versions"]["learned"] for revision in revisions}) == 1
    for worker, client in zip(workers, clients, strict=True):
        worker.store.close()
        client.close()


def test_cleaning_again_takes_learned_lines_out_in_place(taught: Pipeline, tmp_path: Any) -> None:
    config = configured(tmp_path, cleaning=cleaner())
    store, lines = taught.store, taught.boilerplate.lines
    newer = Pipeline(config, store, MemoryIndex(config.dedup), lines=lines)
    before = store.cursor("now")
    ids = [found.article_id for found in store.search(Query())]
    for _ in range(2):
        reprocess(newer, Reprocessing.RECLEAN, ids, now=day(3))
    assert store.search(Query(words="love")) == []
    assert len(store.search(Query(words="merchant"))) == 6
    changes = [c for c in store.changes(before) if c.kind is not ChangeKind.RETAGGED]
    assert [change.kind for change in changes] == [ChangeKind.REFRESHED] * 6
    assert all(change.article and LINE not in change.article.text for change in changes)
    [outcome] = ingest(newer, [raw(1)], day(4))
    assert (outcome.kind, outcome.revision) == (OutcomeKind.UNCHANGED, 1)


class Away(MemoryLineCounts):
    """A memory that does not answer."""

    def read(self, *_: object) -> Any:
        raise Unavailable("index")


def test_a_memory_that_does_not_answer_puts_the_batch_back(store: SqlStore) -> None:
    with pytest.raises(Unavailable):
        ingest(piped(store, Away()), [raw(1)], NOW)
    assert store.search(Query()) == []


def test_a_batch_asks_once_a_day_and_notes_once(
    valkey_url: str, valkey: redis.Redis, store: SqlStore
) -> None:
    client = RedisClient(unix_url(valkey_url), 30)
    pipeline = piped(store, RedisLineCounts(client))
    trips = []
    for batch in range(3):
        before = client.round_trips
        ingest(
            pipeline,
            [{**raw(10 * batch + n), "source": {"id": f"s{n}"}} for n in range(5)],
            day(0, batch),
        )
        trips.append(client.round_trips - before)
    client.close()
    assert trips == [2, 1, 1]


def run(*arguments: str, **environment: str) -> Result:
    done = CliRunner().invoke(group, arguments, env=environment)
    assert done.exit_code == 0, done.output
    return done


PINNED = """
[learned.pinned]
wire = ["Our shop has mugs."]
[learned.refused]
wire = ["The end."]
"""


def with_pins() -> str:
    empty = "[learned.pinned]\n\n[learned.refused]\n"
    assert empty in cleaner()
    return cleaner().replace(empty, PINNED)


def test_commands_tell_what_is_learned_pinned_and_refused(
    sqlite_store_url: str, valkey_url: str, valkey: redis.Redis, tmp_path: Path
) -> None:
    config = configured(tmp_path, cleaning=with_pins())
    client = RedisClient(unix_url(valkey_url), 30)
    store, today = SqlStore(sqlite_store_url), datetime.now(UTC)
    pipeline = Pipeline(config, store, MemoryIndex(config.dedup), lines=RedisLineCounts(client))
    for ago in (3, 2):
        articles = [raw(10 * ago + n, tail="The end.") for n in range(3)]
        ingest(pipeline, articles, today - timedelta(days=ago))
    shop = raw(50, head="Our shop has mugs.")
    ids = [o.article_id for o in ingest(pipeline, [raw(40), shop], today)]
    environment = {
        "WORKER_STORE_URL": sqlite_store_url,
        "WORKER_BROKER_URL": valkey_url,
        "WORKER_CONFIG_DIR": str(tmp_path),
    }
    told = json.loads(run("sources", "wire", "--json", **environment).stdout)["learned"]
    lines = [(its["line"], its["how"], its["texts"], its["left_out"]) for its in told["lines"]]
    assert lines == [
        (LINE, "learned", 6, 2),
        ("Our shop has mugs.", "pinned", 0, 1),
        ("The end.", "refused", 0, 0),
    ]
    assert "3 lines that it repeats, version" in run("sources", "wire", **environment).stdout

    story = " ".join(run("explain", ids[1], **environment).stdout.split())
    assert f"left out “{LINE}” (rule learned: the source repeats it" in story
    assert "left out “Our shop has mugs.” (rule pinned: " in story

    (tmp_path / "raw.json").write_text(json.dumps(raw(60)))
    file = str(tmp_path / "raw.json")
    shown = run("clean", file, "--learned", "--explain", **environment).stdout
    assert f"learned  {LINE}" in shown
    assert "learned  " not in run("clean", file, "--explain", **environment).stdout

    away = environment | {"WORKER_BROKER_URL": "redis://127.0.0.1:1/0"}
    assert "unknown: index is unavailable" in run("sources", "wire", **away).stdout
    store.close()
    client.close()
