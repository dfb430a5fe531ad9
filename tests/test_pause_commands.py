"""`worker pause` and `worker resume`, with a worker at work: what it says, and what it does."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from devtools.waiting import limit_s
from tests import commands
from tests.foreign import GOOD
from tests.running import ROOT, Running, running_worker
from worker.client.producer import Producer

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    yield from running_worker()


def worker(running: Running, *arguments: str, code: int = 0) -> str:
    """The output of a `worker` command, both streams, as the operator of this worker calls it."""
    return commands.on(running.store_url, running.url)(*arguments, code=code).output


def article(source: str, name: str) -> dict[str, Any]:
    content = f"{GOOD['content']} This one is called {name} of {source}."
    return {**GOOD, "id": name, "link": "", "source": {"id": source}, "content": content}


def enqueue(running: Running, *articles: dict[str, Any]) -> list[str]:
    with Producer(running.url) as producer:
        return producer.enqueue(articles)


def said(running: Running, words: str) -> None:
    running.until(lambda: words in running.log.read_text("utf-8", "replace"), words)


def test_a_paused_lane_waits_and_goes_on(running: Running) -> None:
    assert "nothing is paused" in worker(running, "pause")
    assert "lane live is paused" in worker(running, "pause", "live", "--reason", "store moves")
    said(running, "lane.paused lane=live")
    said(running, 'reason="store moves"')
    receipts = enqueue(running, article("a", "waits"))
    listed = json.loads(worker(running, "pause", "--json"))
    assert listed["lanes"]["live"]["reason"] == "store moves"
    doctor = worker(running, "doctor", "--json", code=1)  # this broker keeps nothing on disk
    [found] = [x for x in json.loads(doctor) if x["what"] == "lane live"]
    assert found["state"] == "note"
    assert "store moves" in found["found"]
    assert running.broker.llen("articles") == 1
    assert not running.store.outcomes(receipts)
    assert "paused before" in worker(running, "pause", "live")
    assert "lane live is resumed" in worker(running, "resume", "live")
    running.outcome(receipts[0])
    assert "was not paused" in worker(running, "resume", "live", code=1)


def test_articles_of_a_paused_source_are_held_and_the_others_of_their_message_go_on(
    running: Running,
) -> None:
    running.outcome(enqueue(running, article("wire", "known"))[0])
    assert "source wire is paused" in worker(running, "pause", "--source", "wire", "--reason", "x")
    receipts = enqueue(running, article("wire", "1"), article("b", "2"), article("wire", "3"))
    assert running.outcome(receipts[1]).article_id
    assert running.store.held.held_receipts(receipts) == {receipts[0], receipts[2]}
    running.until(running.ended, "the message is acked")
    explained = worker(running, "explain", receipts[0])
    assert "its source wire was paused" in explained
    assert "worker resume --source wire" in explained
    assert "waits or is being processed" not in explained
    [day] = json.loads(worker(running, "ledger", "--json"))["days"]
    assert (day["held"], day["waiting"], day["missing"]) == (2, 0, 0)
    assert "2 held articles of this source stay" in worker(running, "delete", "--source", "wire")
    [held] = json.loads(worker(running, "pause", "--json"))["held"].items()
    assert (held[0], held[1]["articles"]) == ("wire", 2)
    assert "2 held articles went back" in worker(running, "resume", "--source", "wire")
    assert all(running.outcome(receipt).article_id for receipt in receipts)
    assert not running.store.held.counts()
    assert "nothing is paused" in worker(running, "pause")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("pause", "fast"), 2, ("no lane", "live, bulk, quarantine", "--source fast")),
        (("resume", "the wire"), 2, ("worker resume --source 'the wire'",)),
        (("pause", "live", "--source", "a"), 2, ("not both",)),
        (("resume",), 2, ("worker pause",)),
        (("pause", "--source", "wirre"), 1, ("ever seen", "did you mean wire?", "--force")),
        (("resume", "--source", "nobody"), 1, ("not paused",)),
        (("pause", "--source", " \n", "--force"), 2, ("name of the --source is empty",)),
        (("pause", "--reason", "moves"), 2, ("name a lane",)),
        (("pause", "--force"), 2, ("name a lane",)),
        (("pause", "live", "--json"), 2, ("list of pauses",)),
    ],
)
def test_a_wrong_name_is_answered_with_the_right_ones(
    running: Running, arguments: tuple[str, ...], code: int, words: tuple[str, ...]
) -> None:
    for receipt in enqueue(running, article("wire", "0")):
        running.outcome(receipt)  # the source is known, whatever ran before
    answer = " ".join(worker(running, *arguments, code=code).split())
    for each in words:
        assert each in answer


def test_a_source_that_was_never_seen_is_paused_with_force(running: Running) -> None:
    worker(running, "pause", "--source", "new one", "--force")
    [receipt] = enqueue(running, article("new one", "9"))
    running.until(lambda: bool(running.store.held.held_receipts([receipt])), "it is held")
    worker(running, "resume", "--source", "new one")
    assert running.outcome(receipt).article_id


def test_a_source_is_paused_and_resumed_by_its_name_however_it_is_written(
    running: Running,
) -> None:
    written = f"  der \n'Kurier' \0{'é' * 300}"
    assert "is paused" in worker(running, "pause", "--source", written, "--force")
    [receipt] = enqueue(running, article(written, "10"))
    running.until(lambda: bool(running.store.held.held_receipts([receipt])), "it is held")
    assert "is resumed: 1 held article" in worker(running, "resume", "--source", written)
    assert running.outcome(receipt).article_id


def run_files(running: Running, files: Path, code: int = 0) -> str:
    """The output of `worker run`, which starts a worker of its own beside the other one."""
    done = subprocess.run(
        [sys.executable, "-m", "worker", "run", str(files)],
        env=running.environment,
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=2 * limit_s(),
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.long
def test_a_run_of_files_ends_with_held_articles_and_does_not_begin_on_a_paused_lane(
    running: Running, tmp_path: Path
) -> None:
    files = tmp_path / "run.jsonl"
    raws = [article(source, f"run-{n}") for n, source in enumerate(["kept", "free", "kept"])]
    files.write_text("\n".join(map(json.dumps, raws)))
    worker(running, "pause", "--source", "kept", "--force")
    printed = run_files(running, files)
    assert "1 raw article in" in printed
    assert "2 articles held: their source is paused" in printed
    worker(running, "resume", "--source", "kept")
    running.until(lambda: not running.store.held.counts(), "they go back")
    worker(running, "pause", "live")
    assert "`worker resume live` ends that" in run_files(running, files, code=1)
    worker(running, "resume", "live")
