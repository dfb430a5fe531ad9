"""What the web server reads from a real broker and a real store."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis

from tests.support.deliveries import Deliveries
from worker import Producer
from worker.errors import BadConfig
from worker.settings import Settings
from worker.store.hourly_values import hour_of
from worker.web.system_reader import SystemReader
from worker.web.system_state import MeasuredSource


def reader(broker: str, store: str, folder: Path, **settings: str) -> SystemReader:
    environment = {
        "WORKER_BROKER_URL": broker,
        "WORKER_STORE_URL": store,
        "WORKER_VAR_DIR": str(folder),
    }
    return SystemReader(Settings.load(environment | settings))


def deliveries() -> Deliveries:
    """Sources that brought an article an hour for weeks; two of them have stopped since."""
    now_h, found = hour_of(datetime.now(UTC)), Deliveries()
    found.add("steady", range(now_h - 900, now_h + 1), "new")
    found.add("steady", [now_h - 3], "dead")
    found.add("stopped", range(now_h - 900, now_h - 200), "new")
    found.add("snoozed", range(now_h - 900, now_h - 200), "new")
    found.add("fresh", [now_h], "new")
    found.snoozes = {"snoozed": datetime.now(UTC) + timedelta(days=1)}
    return found


@pytest.mark.processes
def test_messages_and_sources_are_read_as_they_are(
    valkey: redis.Redis, valkey_url: str, sqlite_store_url: str, tmp_path: Path
) -> None:
    deliveries().store_in(sqlite_store_url)
    with Producer(valkey_url) as producer:
        producer.enqueue([{"id": str(n), "title": "Ferry resumes"} for n in range(3)])
    state = reader(valkey_url, sqlite_store_url, tmp_path).read()
    assert state.status.unreachable == ()
    assert state.status.waiting == 1
    assert state.status.scale.replicas == 1
    assert (state.pressure, state.index_answers) == (0.0, True)
    assert (growth := state.status.growth) is not None
    assert state.status.store_limit_bytes > growth.bytes > 0
    assert state.sources is not None
    silent = {source.name: source.silent for source in state.sources}
    assert silent == {"steady": False, "stopped": True, "snoozed": None, "fresh": None}
    assert (state.status.sources.silent, state.status.sources.new) == (2, 1)
    steady = named(state.sources, "steady")
    assert steady.articles >= 901
    assert steady.due is not None
    assert steady.due > datetime.now(UTC)


def named(sources: object, name: str) -> MeasuredSource:
    assert isinstance(sources, list)
    (found,) = (source for source in sources if source.name == name)
    assert isinstance(found, MeasuredSource)
    return found


def test_a_store_that_does_not_exist_is_refused_and_not_made(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/none.db"
    with pytest.raises(BadConfig, match="there is no store"):
        reader("redis://127.0.0.1:1/0", store, tmp_path)
    assert not (tmp_path / "none.db").exists()
