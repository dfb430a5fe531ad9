"""The doctor finds what would lose or refuse articles, and says how to mend it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import redis
from click.testing import CliRunner

from devtools.servers import create_database, drop_database, in_database, private_valkey, unix_url
from devtools.waiting import limit_s
from worker.broker import embedded
from worker.broker.server_info import ServerInfo
from worker.cli.doctor_command import CheckState, check_server, doctor
from worker.errors import Unavailable

GOOD = ServerInfo(
    server="valkey",
    version="9.1.2",
    append_only=True,
    policy="noeviction",
    used_bytes=10,
    limit_bytes=100,
    clock_ahead_s=0.1,
)


@pytest.fixture(autouse=True)
def _embedded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("WORKER_VAR_DIR", str(tmp_path))
    yield
    embedded.stop(tmp_path)


def examine() -> tuple[int, dict[str, Any]]:
    """Exit code and findings by name."""
    done = CliRunner().invoke(doctor, ["--json"])
    return done.exit_code, {finding["what"]: finding for finding in json.loads(done.output)}


@pytest.mark.parametrize(
    ("change", "what", "state", "mend"),
    [
        ({"version": "6.2.14"}, "broker version", CheckState.MEND, "7.0 or newer"),
        ({"version": "7.0.15"}, "broker version", CheckState.OK, ""),
        ({"append_only": False}, "persistence", CheckState.MEND, "CONFIG SET appendonly yes"),
        ({"policy": "allkeys-lru"}, "eviction", CheckState.MEND, "maxmemory-policy noeviction"),
        ({"policy": "volatile-ttl"}, "eviction", CheckState.OK, ""),  # the queue has no such keys
        ({"policy": "unknown"}, "eviction", CheckState.NOTE, ""),
        ({"version": "unknown"}, "broker version", CheckState.NOTE, ""),
        ({"append_only": None}, "persistence", CheckState.NOTE, ""),
        ({"used_bytes": None}, "memory", CheckState.NOTE, ""),
        ({"used_bytes": 95}, "memory", CheckState.MEND, "start more workers"),
        ({"limit_bytes": 0}, "memory", CheckState.NOTE, "CONFIG SET maxmemory"),
        ({"clock_ahead_s": -61.0}, "clock", CheckState.MEND, "NTP"),
    ],
)
def test_each_fault_of_a_broker_is_found_alone_with_its_cure(
    change: dict[str, Any], what: str, state: CheckState, mend: str
) -> None:
    findings = {f.what: f for f in check_server(replace(GOOD, **change))}
    assert findings[what].state is state
    assert mend in findings[what].mend
    assert {f.state for f in findings.values() if f.what != what} == {CheckState.OK}


@pytest.mark.parametrize(
    "change", [{"append_only": False}, {"policy": "allkeys-lru"}, {"limit_bytes": 0}]
)
def test_what_a_service_forbids_is_not_advised(change: dict[str, Any]) -> None:
    info = replace(GOOD, may_configure=False, **change)
    advice = " ".join(finding.mend for finding in check_server(info))
    assert "CONFIG SET" not in advice
    assert "in the settings of the service" in advice


@pytest.mark.processes
def test_embedded_defaults_need_no_mending_before_and_after_their_first_use(tmp_path: Path) -> None:
    code, findings = examine()
    assert (code, findings["broker"]["state"], findings["store"]["state"]) == (0, "note", "note")
    assert findings["persistence"]["found"] == "append-only file"
    assert not embedded.is_running(tmp_path)
    embedded.ensure(tmp_path)
    code, findings = examine()
    assert (code, "broker" in findings) == (0, False)
    assert findings["persistence"]["found"] == "append-only file"
    assert abs(float(findings["clock"]["found"].split()[1])) < 5
    assert embedded.is_running(tmp_path)


@pytest.mark.processes
def test_the_embedded_broker_is_really_started(tmp_path: Path) -> None:
    """Its program is there and well; what it can't read shows when it starts."""
    folder = tmp_path / "broker-aof"
    folder.mkdir()
    (folder / "appendonly.aof.manifest").write_text("file appendonly.aof.1.base.rdb seq 1 type b\n")
    (folder / "appendonly.aof.1.base.rdb").write_bytes(b"REDIS0099\xfa\tredis-ver\x0599.1.0")
    code, findings = examine()
    assert (code, findings["embedded server"]["state"]) == (1, "mend")
    with pytest.raises(Unavailable) as refused:
        embedded.ensure(tmp_path)
    assert findings["embedded server"]["found"] == str(refused.value)
    assert f"{folder} was written by Redis 99.1.0" in str(refused.value)
    assert str(refused.value) in CliRunner().invoke(doctor, []).output


@pytest.mark.processes
def test_a_broker_that_somebody_took_into_use_meanwhile_is_left_running(tmp_path: Path) -> None:
    with embedded.borrowed(tmp_path) as started:
        assert started
        other = redis.Redis(unix_socket_path=str(embedded.socket_path(tmp_path)))
        other.ping()
    assert embedded.is_running(tmp_path)
    other.close()
    with embedded.borrowed(tmp_path) as started:
        assert not started
    assert embedded.is_running(tmp_path)


@pytest.mark.processes
def test_a_real_broker_as_a_cache_is_configured_is_refused_with_every_reason(
    monkeypatch: pytest.MonkeyPatch, sqlite_store_url: str
) -> None:
    with private_valkey() as url, redis.Redis.from_url(unix_url(url)) as broker:
        broker.config_set("maxmemory", "200mb")
        broker.config_set("maxmemory-policy", "allkeys-lfu")
        monkeypatch.setenv("WORKER_BROKER_URL", url)
        monkeypatch.setenv("WORKER_STORE_URL", sqlite_store_url)
        code, findings = examine()
        assert code == 1
        faults = {what for what, finding in findings.items() if finding["state"] == "mend"}
        assert faults == {"persistence", "eviction"}
        assert "allkeys-lfu" in findings["eviction"]["mend"]

        command = [sys.executable, "-m", "celery", "-A", "worker", "worker", "-c", "1"]
        options = {"capture_output": True, "text": True, "timeout": limit_s()}
        done = subprocess.run(command, check=False, **options)
        assert done.returncode != 0
        assert "drops keys when its memory is full (allkeys-lfu)" in done.stderr


def test_services_that_do_not_answer_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKER_BROKER_URL", "redis://:secret@127.0.0.1:1/0")
    monkeypatch.setenv("WORKER_INDEX_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("WORKER_STORE_URL", "postgresql://u:secret@127.0.0.1:1/x")
    code, findings = examine()
    assert code == 1
    assert {findings[what]["state"] for what in ("broker", "index", "store")} == {"mend"}
    assert "WORKER_STORE_URL" in findings["store"]["mend"]
    assert "secret" not in json.dumps(findings)


def test_a_store_that_was_never_migrated_is_told_how(
    monkeypatch: pytest.MonkeyPatch, postgres_url: str
) -> None:
    create_database(postgres_url, "unmigrated")
    monkeypatch.setenv("WORKER_STORE_URL", in_database(postgres_url, "unmigrated"))
    code, findings = examine()
    drop_database(postgres_url, "unmigrated")
    assert code == 1
    assert (findings["schema"]["state"], findings["schema"]["mend"]) == (
        "mend",
        "run worker migrate",
    )
    assert findings["store version"]["state"] == "ok"


def test_a_broken_rule_is_named_with_its_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "dedup.toml").write_text("[nonsense]\n")
    monkeypatch.setenv("WORKER_CONFIG_DIR", str(tmp_path))
    code, findings = examine()
    assert (code, "dedup.toml" in findings["config"]["found"]) == (1, True)


@pytest.mark.processes
def test_people_read_a_table_and_what_to_do() -> None:
    done = CliRunner().invoke(doctor, [])
    assert done.exit_code == 0
    for part in ("condition", "config", "embedded server", "not running"):
        assert part in done.output
