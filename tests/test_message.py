"""The message as others send it: the examples and every code block of docs/message.md, run
against a private Valkey and one real worker, which is the stock command."""

import base64
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from devtools.waiting import limit_s
from tests.running import ROOT, Running, running_worker

pytestmark = pytest.mark.processes

DOCUMENTED_URL = "redis://localhost:6379/0"
BLOCKS = re.findall(
    r"^```(\w+)\n(.*?)^```$", (ROOT / "docs/message.md").read_text("utf-8"), re.M | re.S
)


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    yield from running_worker()


def run(command: list[str], running: Running, cwd: Path, **more: str) -> str:
    done = subprocess.run(
        command,
        env=running.environment | more,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=limit_s(),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def message(content: object, **changes: object) -> dict[str, Any]:
    ordinary = {
        "headers": {"task": "articles.ingest", "id": str(uuid4())},
        "properties": {"delivery_info": {}, "body_encoding": "base64"},
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "body": base64.b64encode(json.dumps(content).encode()).decode(),
    }
    return {k: v for k, v in (ordinary | changes).items() if v is not None}


def as_message(documented: Any) -> Any:
    """The documentation shows whole messages, bodies, and articles."""
    if isinstance(documented, list):
        return message(documented)
    return documented if "headers" in documented else message([[documented], {}, {}])


def raw(number: str) -> dict[str, Any]:
    return {"id": number, "title": f"Story “{number}” über alles", "source": {"id": "examples"}}


@pytest.fixture
def node_path(tmp_path: Path) -> str:
    """A folder with ioredis in it."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("node and npm are not on PATH")
    command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(tmp_path)]
    done = subprocess.run([*command, "ioredis"], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"npm install ioredis did not work: {done.stderr.strip()[-200:]}")
    return str(tmp_path / "node_modules")


@pytest.mark.parametrize("name", ["push.py", "push_celery.py"])
def test_the_python_examples_bring_an_article_to_the_store(
    running: Running, tmp_path: Path, name: str
) -> None:
    check_example([sys.executable, str(ROOT / "examples" / name)], running, tmp_path)


def test_the_shell_example_brings_an_article_to_the_store(running: Running, tmp_path: Path) -> None:
    if not (shutil.which("redis-cli") or shutil.which("valkey-cli")):
        pytest.skip("neither redis-cli nor valkey-cli is on PATH")
    check_example(["sh", str(ROOT / "examples/push.sh")], running, tmp_path)


def test_the_node_example_brings_an_article_to_the_store(
    running: Running, tmp_path: Path, node_path: str
) -> None:
    check_example(["node", str(ROOT / "examples/push.js")], running, tmp_path, NODE_PATH=node_path)


def check_example(command: list[str], running: Running, tmp_path: Path, **more: str) -> None:
    article = raw(Path(command[1]).name)
    (tmp_path / "article.json").write_text(json.dumps(article, ensure_ascii=False))
    receipt = run([*command, "article.json", running.url], running, tmp_path, **more)
    stored = running.store.show(running.outcome(receipt).article_id)
    assert stored
    assert stored["revisions"][-1]["title"] == article["title"]


def test_every_code_block_of_the_documentation_does_what_it_says(
    running: Running, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    """From top to bottom: later blocks ask about the articles of earlier ones."""
    for number, (language, code) in enumerate(BLOCKS):
        with subtests.test(f"block {number}: {language}"):
            check_block(language, code.replace(DOCUMENTED_URL, running.url), running, tmp_path)


def check_block(language: str, code: str, running: Running, tmp_path: Path) -> None:
    match language:
        case "json":
            given = json.loads(code)
            running.broker.lpush("articles", json.dumps(as_message(given)))
        case "python":
            printed = run([sys.executable, "-c", code], running, tmp_path)
            assert bool(printed) == ("print(" in code)
        case "sh":
            path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
            run(["sh", "-euc", code], running, tmp_path, PATH=path)
        case _:
            pytest.fail(f"nothing runs blocks of {language}")
    for receipt in sorted(set(re.findall(r"poll-17/\d", code))):
        assert running.outcome(receipt).kind == "new"


def test_a_stock_celery_client_that_never_saw_this_package_reaches_all_four_priorities(
    running: Running, tmp_path: Path
) -> None:
    client = """
import sys
from celery import Celery
with Celery(broker=sys.argv[1]) as app:
    for priority in range(10):
        app.send_task("articles.ingest", [[{"id": f"p{priority}", "title": "Priority"}]],
            {"receipts": [f"priority-{priority}"]}, queue="articles", priority=priority)
assert not any(name.partition(".")[0] == "worker" for name in sys.modules)
"""
    run([sys.executable, "-c", client, running.url], running, tmp_path)
    kinds = [running.outcome(f"priority-{priority}").kind for priority in range(10)]
    assert "dead" not in kinds


BAD: list[tuple[object, str]] = [
    ("{no json", "malformed: not JSON"),
    (
        message([[[]], {}, {}], headers={"task": "articles.ingest"}),
        "malformed: headers.id is missing",
    ),
    (message([[[]], {}, {}], headers={"id": "1"}), "malformed: headers.task is missing"),
    (message(None, body=None), "malformed: body is missing"),
    (
        message([[[]], {}]),
        "undecodable: the body is no list of args, kwargs and embed",
    ),
    (
        message(None, body="%%%"),
        "undecodable: Expecting value: line 1 column 1 (char 0)",
    ),
    (
        message([[[]], {}, {}], **{"content-type": "application/x-yaml"}),
        "content-type: expected application/json, got application/x-yaml",
    ),
    (
        message([[[]], {}, {}], headers={"task": "articles.other", "id": "1"}),
        "unknown-task: articles.other",
    ),
]


def test_a_bad_message_is_kept_with_its_reason_and_the_next_one_is_taken(running: Running) -> None:
    expected = {bad if isinstance(bad, str) else json.dumps(bad): why for bad, why in BAD}
    for bad in expected:
        receipt = str(uuid4())
        good = message([[{"id": receipt, "title": "Harbour"}], {"receipts": [receipt]}, {}])
        running.broker.lpush("articles", bad)
        running.until(lambda: running.broker.llen("articles") == 0, "it to be taken")
        running.broker.lpush("articles", json.dumps(good))  # by itself: they would run as a group
        assert running.outcome(receipt).kind != "dead"
    running.until(lambda: len(running.undeliverable()) >= len(expected), "all the dead letters")
    assert running.undeliverable() == expected


def test_a_message_sent_twice_and_a_message_of_one_bare_article_are_processed_once(
    running: Running,
) -> None:
    own = message([[raw("twice") | {"receipt": "own-1"}], {}, {}])
    running.broker.lpush("articles", json.dumps(own), json.dumps(own))
    first = running.outcome("own-1")
    after = message([[[raw("after")]], {"receipts": ["after-1"]}, {}])
    running.broker.lpush("articles", json.dumps(after))
    running.outcome("after-1")
    assert first.kind == "new"
    stored = running.store.show(first.article_id)
    assert stored
    assert [sighting["receipt"] for sighting in stored["sightings"]] == ["own-1"]


def test_a_bad_article_is_a_dead_letter_and_its_neighbours_go_on(running: Running) -> None:
    articles = [raw("good-1"), {"title": ["no"]}, raw("good-2")]
    mixed = message([[articles], {"receipts": ["mix-1", "mix-2", "mix-3"]}, {}])
    running.broker.lpush("articles", json.dumps(mixed))
    outcomes = [running.outcome(f"mix-{n}") for n in (1, 2, 3)]
    assert [o.kind for o in outcomes][1] == "dead"
    assert "dead" not in (outcomes[0].kind, outcomes[2].kind)
    assert running.store.letters([outcomes[1].letter_id])[0].reason == "malformed"
