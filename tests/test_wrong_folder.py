"""A program in a wrong folder, or after `worker down`, is told which embedded broker it uses."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.support.pipelines import raw
from worker.broker import embedded
from worker.cli import group
from worker.client.producer import Producer

pytestmark = pytest.mark.processes


@pytest.fixture(autouse=True)
def var_dir(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    for name in ("WORKER_BROKER_URL", "WORKER_STORE_URL", "WORKER_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WORKER_VAR_DIR", str(tmp_path / "var"))
    yield tmp_path / "var"
    embedded.stop(tmp_path / "var")


def ledger(*arguments: str) -> Result:
    return CliRunner().invoke(group, ["ledger", *arguments])


def test_a_producer_warns_once_with_the_folder_in_which_it_starts_a_broker(
    var_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def warned() -> list[str]:
        return [r.getMessage() for r in caplog.records if "broker.started" in r.getMessage()]

    with caplog.at_level(logging.WARNING, "worker"):
        with Producer() as producer:
            producer.enqueue([raw()])
        with Producer():
            pass
    [line] = warned()
    assert f"folder={var_dir}" in line
    assert "WORKER_VAR_DIR" in line


def test_the_ledger_starts_a_stopped_broker_for_the_check_only_and_says_so(var_dir: Path) -> None:
    with Producer() as producer:
        producer.enqueue([raw()])
    assert CliRunner().invoke(group, ["down"]).exit_code == 0
    done = ledger("--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["days"][0]["waiting"] == 1
    assert f"the embedded broker in {var_dir} was down" in done.stderr
    assert not embedded.is_running(var_dir)


def test_the_ledger_leaves_a_broker_that_runs_alone(var_dir: Path) -> None:
    with Producer() as producer:
        producer.enqueue([raw()])
    done = ledger()
    assert (done.exit_code, done.stderr) == (0, "")
    assert embedded.is_running(var_dir)


@pytest.mark.parametrize("exists", [True, False])
def test_the_ledger_starts_no_broker_in_a_folder_without_data(var_dir: Path, exists: bool) -> None:
    if exists:
        var_dir.mkdir()
    done = ledger()
    assert "there is no store" in str(done.exception)
    assert not (var_dir / "broker.log").exists()
