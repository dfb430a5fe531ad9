"""`worker health` and `worker down`: which workers of this machine are at work."""

import os
import socket
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from worker.cli import group

HOST = socket.gethostname()
LONG_AGO = 10_000.0


@pytest.fixture
def var(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("WORKER_VAR_DIR", str(tmp_path))
    return tmp_path


def worked(var: Path, node: str, age_s: float = 0) -> None:
    file = var / f"{node}.heartbeat"
    file.touch()
    os.utime(file, (time.time() - age_s,) * 2)


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(group, arguments)
    return done.exit_code, done.output


@pytest.mark.parametrize(
    ("workers", "code", "named"),
    [
        ({}, 1, []),
        ({f"celery@{HOST}": 0}, 0, [f"celery@{HOST}"]),
        ({f"celery@{HOST}": LONG_AGO}, 1, [f"celery@{HOST}"]),
        # Another worker does not stand in for the one with the usual name.
        ({f"celery@{HOST}": LONG_AGO, f"w1@{HOST}": 0}, 1, [f"celery@{HOST}"]),
        ({f"w1@{HOST}": 0, "celery@elsewhere": LONG_AGO}, 0, [f"w1@{HOST}"]),
        ({f"w1@{HOST}": 0, f"w2@{HOST}": LONG_AGO}, 1, [f"w1@{HOST}", f"w2@{HOST}"]),
        ({f"w1@{HOST}": 0, f"w2@{HOST}": 5}, 0, [f"w1@{HOST}", f"w2@{HOST}"]),
        ({"news@a": LONG_AGO, "news@b": 0}, 0, ["news@b"]),
        ({"news@a": LONG_AGO}, 1, ["news@a"]),
    ],
)
def test_without_a_name_the_workers_of_this_host_are_checked(
    var: Path, workers: dict[str, float], code: int, named: list[str]
) -> None:
    for node, age_s in workers.items():
        worked(var, node, age_s)
    found, said = run("health")
    assert found == code
    assert [node for node in workers if node in said] == named
    assert str(var) in said or named


def test_down_names_the_workers_that_still_run(var: Path) -> None:
    assert "still running" not in run("down")[1]
    worked(var, "old@a", LONG_AGO)
    worked(var, "w1@a")
    worked(var, "w2@a", 12)
    code, said = run("down")
    assert (code, "old@a" in said) == (0, False)
    assert "still running, and waiting for a broker: w1@a, w2@a;" in said
