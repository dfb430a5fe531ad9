"""A wrong address is one line and exit code 4, whoever finds it: command, producer or worker."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from devtools.waiting import limit_s
from worker import Archive, AsyncProducer, Producer
from worker.cli import COMMANDS, main
from worker.errors import BadConfig

BROKERS = [
    "redis+cluster://127.0.0.1:6379/0",
    "redis+ssl://127.0.0.1:6379/0",
    "rediscluster://127.0.0.1",
    "amqp://guest:secret@127.0.0.1:5672//",
    "memory://",
    "sqs://",
    "http://127.0.0.1",
    "valkey://127.0.0.1",
    "127.0.0.1:6379",
    "redis://",
    "redis://127.0.0.1:port/0",
    "redis://127.0.0.1/news",
    "redis://127.0.0.1/0?master=m",
    "redis://:sec#ret@127.0.0.1/0",
    "redis://:sec/ret@127.0.0.1/0",
    "redis://:sec[ret@127.0.0.1/0",
    "sentinel://127.0.0.1:26379/0",
]
STORES = [
    "articles.sqlite3",
    "sqlite://articles.sqlite3",
    "sqlite:////nowhere/at/all/articles.sqlite3",
    "sqlite:////",
    "mysql://u:secret@127.0.0.1/d",
    "postgresql://u:secret@127.0.0.1:port/d",
    "postgresql://u:sec@ret@127.0.0.1/d",
]
WRONG = [
    *(("WORKER_BROKER_URL", url) for url in BROKERS),
    *(("WORKER_INDEX_URL", url) for url in BROKERS),
    *(("WORKER_STORE_URL", url) for url in STORES),
]
# What each command needs to get as far as its settings.
ARGUMENTS = {
    **dict.fromkeys(("run", "enqueue", "lint", "clean", "tag"), "a.txt"),
    **dict.fromkeys(("search", "show", "explain", "cluster", "delete"), "x"),
    **dict.fromkeys(("retag", "reclean"), "--dry-run"),
    "tags": "check",
    "dedup": "replay --threshold 0.5 --dry-run",
    "keyphrases": "--out k.toml",
    "index": "stats",
    "dead": "list",
    **dict.fromkeys(("backup", "restore"), "b"),
    "token": "list",
}
ASKING = sorted(set(COMMANDS) - {"schema"})  # which needs no setting


@pytest.fixture(autouse=True)
def _folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A newcomer's folder, where nothing of this project lies."""
    (tmp_path / "a.txt").write_text("A title\n\nAnd a text of some words.\n")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("command", ASKING)
def test_every_command_refuses_every_wrong_address(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for variable, url in WRONG:
        with monkeypatch.context() as patch:
            patch.setenv(variable, url)
            with pytest.raises(SystemExit) as ended:
                main([command, *ARGUMENTS.get(command, "").split()])
        said = capsys.readouterr()
        assert (ended.value.code, said.out) == (4, ""), url
        assert said.err.startswith(f"worker: {variable}: "), url
        assert said.err.count("\n") == 1, said.err
        assert "secret" not in said.err
        assert not {"sec", "ret"} & set(said.err.replace("@", " ").replace("#", " ").split())
    assert list(Path.cwd().iterdir()) == [Path.cwd() / "a.txt"]


@pytest.mark.parametrize(
    ("variable", "url"),
    [
        WRONG[0],
        WRONG[-5],
        *(pytest.param(*WRONG[n], marks=pytest.mark.long) for n in (3, 10, 13)),
    ],
)
@pytest.mark.processes
def test_a_worker_refuses_it_likewise(variable: str, url: str) -> None:
    for command in (["celery", "-A", "worker", "worker", "-c", "1"], ["worker.celery", "worker"]):
        done = subprocess.run(
            [sys.executable, "-P", "-m", *command],
            env=os.environ | {variable: url},
            capture_output=True,
            text=True,
            timeout=limit_s(),
            check=False,
        )
        assert (done.returncode, done.stdout) == (4, ""), done.stderr
        assert done.stderr.startswith(f"worker: {variable}: ")
        assert done.stderr.count("\n") == 1, done.stderr


@pytest.mark.parametrize("url", BROKERS)
def test_producers_refuse_it_wherever_it_comes_from(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def asynchronous() -> None:
        AsyncProducer(url)

    with pytest.raises(BadConfig, match=r"^broker: "):
        Producer(url)
    with pytest.raises(BadConfig, match=r"^broker: "):
        asyncio.run(asynchronous())
    monkeypatch.setenv("WORKER_BROKER_URL", url)
    with pytest.raises(BadConfig, match=r"^WORKER_BROKER_URL: "):
        Producer()


@pytest.mark.parametrize("url", ["mysql://h/d", "postgresql://u:p@h:port/d", "sqlite://a.sqlite3"])
def test_so_are_stores_that_are_given_in_python(url: str) -> None:
    with pytest.raises(BadConfig, match=r"expected|port"):
        Archive(url)
    with pytest.raises(BadConfig, match=r"^store: "):
        Producer("redis://127.0.0.1:1", store=url)
    with pytest.raises(BadConfig, match=r"expected|port"):
        Producer("redis://127.0.0.1:1", journal=url)


def test_an_option_that_only_the_driver_knows_to_be_wrong_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for option in ("nonsense=1", "connect_timeout=soon"):
        monkeypatch.setenv("WORKER_STORE_URL", f"postgresql://u:secret@127.0.0.1:1/d?{option}")
        for command in ("migrate", "search"):
            with pytest.raises(SystemExit) as ended:
                main([command])
            said = capsys.readouterr().err
            assert (ended.value.code, said.count("\n")) == (4, 1), said
            assert option.partition("=")[0] in said


@pytest.mark.processes
def test_importing_a_producer_ends_no_process_for_what_stands_in_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program = (
        "from worker import Producer\nfrom worker.errors import BadConfig\n"
        "try:\n    Producer()\nexcept BadConfig as e:\n    print(e)"
    )
    monkeypatch.setenv("WORKER_BROKER_URL", "amqp://h")
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("WORKER_BROKER_URL: amqp:// is not supported")


@pytest.mark.processes
def test_a_broker_of_celery_s_own_variable_is_refused_by_a_worker_and_not_used_by_a_producer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CELERY_BROKER_URL", "redis://127.0.0.1:2/0")
    with Producer("redis://127.0.0.1:1/0") as producer:
        assert producer._app.connection_for_write().port == 1
    command = [sys.executable, "-P", "-m", "celery", "-A", "worker", "worker", "-c", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=limit_s(), check=False)
    assert done.returncode == 4
    assert done.stderr.startswith("worker: CELERY_BROKER_URL (or `celery --broker`) is not read")
