"""The whole main job as a user runs it: commands, a real broker, a real Celery worker."""

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from devtools.generated_articles import generate
from devtools.waiting import limit_s, until
from worker.broker import embedded
from worker.cli import group, main
from worker.model.records import OutcomeKind
from worker.store.sql_store import SqlStore
from worker.store.values import Query

pytestmark = pytest.mark.processes

SEED = """Council opens new bridge after ten years

The city council opened the new river bridge on Monday, ten years after work on it began.

Thousands of residents crossed it on foot in the first hour, the council said.

Read More About: Local News
"""


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("WORKER_")}
    yield clean | {"WORKER_VAR_DIR": str(tmp_path / "var")}
    embedded.stop(tmp_path / "var")


def worker(environment: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "worker", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=limit_s(),
        check=False,
    )


def processes_below(folder: Path) -> list[str]:
    """Command lines of living processes that name this folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            environ = (entry / "environ").read_bytes()
            command = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        own = int(entry.name) != os.getpid()
        if own and command and str(folder).encode() in environ + command:
            found.append(command.replace(b"\0", b" ").decode())
    return found


def test_a_run_stores_every_article_and_a_second_one_stores_nothing_twice(
    environment: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.txt").write_text(SEED)
    lines = [json.dumps(raw) for raw in generate(3)] + ["{broken", json.dumps({"title": ["no"]})]
    (folder / "b.jsonl").write_text("\n".join(lines))

    first = worker(environment, "run", str(folder), "--json")
    assert first.returncode == 0, first.stderr
    second = worker(environment, "run", str(folder), "--json")
    assert second.returncode == 0, second.stderr

    kinds = [[o["kind"] for o in json.loads(run.stdout)["outcomes"]] for run in (first, second)]
    assert kinds == [["new"] * 4 + ["dead"] * 2, ["unchanged"] * 4 + ["dead"] * 2]
    letters = json.loads(second.stdout)["dead_letters"]
    assert [(letter["reason"], letter["seen"]) for letter in letters] == [("malformed", 2)] * 2
    assert letters[0]["payload"] == '"{broken"'

    def read(*arguments: str) -> Any:
        return json.loads(CliRunner().invoke(group, [*arguments, "--json"], env=environment).stdout)

    found = read("search", "bridge")
    assert [f["title"] for f in found] == ["Council opens new bridge after ten years"]
    article = read("show", found[0]["article_id"])
    assert "Read More About" not in article["revisions"][-1]["text"]
    assert any(tag["label"] == "Local News" for tag in article["tags"])
    assert processes_below(tmp_path) == []


def test_a_run_prints_a_table_a_summary_and_what_to_try_next(
    environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text(SEED)
    done = worker(environment, "run", str(tmp_path / "a.txt"))
    assert done.returncode == 0, done.stderr
    for part in ("Council opens new bridge", "verdict", "new 1", "next:", "search"):
        assert part in done.stdout


def test_reading_before_anything_was_stored_says_that_there_is_no_store(
    environment: dict[str, str],
) -> None:
    done = worker(environment, "search", "anything")
    assert done.returncode == 4
    assert done.stderr.startswith("worker: there is no store: ")


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.long)]
)
def test_an_interrupted_run_leaves_nothing_running_and_nothing_broken(
    environment: dict[str, str], tmp_path: Path, number: signal.Signals
) -> None:
    source = tmp_path / "a.jsonl"
    source.write_text("\n".join(json.dumps(raw) for raw in generate(100)))
    run = subprocess.Popen(
        [sys.executable, "-m", "worker", "run", str(source)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    until((tmp_path / "var" / "worker.log").exists, "the worker starts")
    run.send_signal(number)
    _, stderr = run.communicate(timeout=limit_s())
    assert run.returncode == 130
    assert b"Traceback" not in stderr
    assert processes_below(tmp_path) == []

    again = worker(environment, "run", str(source), "--json")
    assert again.returncode == 0, again.stderr
    outcomes: list[dict[str, Any]] = json.loads(again.stdout)["outcomes"]
    assert len(outcomes) == 100
    assert {o["kind"] for o in outcomes} <= {"new", "unchanged"}


@pytest.mark.parametrize(
    ("count", "kind"),
    [
        (150, "sqlite"),
        pytest.param(1000, "sqlite", marks=pytest.mark.long),
        pytest.param(1000, "postgres", marks=pytest.mark.long),
    ],
)
def test_articles_from_one_terminal_are_stored_once_by_a_worker_in_another(
    count: int,
    kind: str,
    environment: dict[str, str],
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    store_url: str = request.getfixturevalue(f"{kind}_store_url")
    store = SqlStore(store_url)
    environment["WORKER_STORE_URL"] = store_url
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps(raw) for raw in generate(count)))
    sent = worker(environment, "enqueue", str(tmp_path / "a.jsonl"), "--json")
    assert sent.returncode == 0, sent.stderr
    receipts = json.loads(sent.stdout)["receipts"]
    command = [sys.executable, "-m", "celery", "-A", "worker", "worker", "-c", "2"]
    celery = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        until(lambda: len(store.outcomes(receipts)) == count, "every receipt has its outcome")
    finally:
        celery.terminate()
        celery.wait(limit_s())
    assert {outcome.kind for outcome in store.outcomes(receipts).values()} == {OutcomeKind.NEW}
    stored = [found.title for found in store.search(Query(limit=5000))]
    assert sorted(stored) == sorted(raw["title"] for raw in generate(count))
    store.close()
    assert worker(environment, "down").stdout == "the embedded broker is stopped\n"
    assert processes_below(tmp_path) == []


@pytest.mark.parametrize(
    ("arguments", "variables", "code", "message"),
    [
        (["run", "nowhere"], {}, 2, "nowhere"),
        (["enqueue", "nowhere.txt"], {}, 2, "does not exist"),
        (["search", "x", "--since", "yesterdayish"], {}, 2, "2026-11-01"),
        (["config"], {"WORKER_STORE_URI": "x"}, 4, "did you mean WORKER_STORE_URL?"),
        (["enqueue", "-"], {"WORKER_BROKER_URL": "redis://127.0.0.1:1/0"}, 3, "broker is unav"),
        (["migrate"], {"WORKER_STORE_URL": "postgresql+psycopg://u:pw@127.0.0.1:1/x"}, 3, "store"),
    ],
)
def test_errors_are_one_line_that_says_what_to_do(
    arguments: list[str],
    variables: dict[str, str],
    code: int,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    for name, value in {"WORKER_VAR_DIR": str(tmp_path / "var"), **variables}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b'{"title": "a"}\n')))
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    said = capfd.readouterr().err
    assert (ended.value.code, message in said) == (code, True), said
    assert "Traceback" not in said
    assert "pw@" not in said
