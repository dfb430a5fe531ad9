"""Articles that kill, hang or exhaust what touches them end alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from devtools.chaos.stack import Stack
from devtools.generated_articles import generate
from devtools.waiting import until
from worker.model.records import OutcomeKind

pytestmark = pytest.mark.processes


@pytest.fixture
def stack(
    tmp_path: Path, valkey_url: str, valkey: redis.Redis, postgres_store_url: str
) -> Iterator[Stack]:
    stack = Stack(tmp_path, valkey_url, postgres_store_url)
    yield stack
    stack.close()


def test_every_dangerous_article_is_buried_alone_and_every_neighbour_is_stored(
    stack: Stack, valkey: redis.Redis
) -> None:
    names = ["kill", "segfault", "exit", "end", "busy", "loop", "recursion", "memory", "error"]
    raws = list(generate(40))
    for place, name in enumerate(names):
        raws.insert(4 * place, {"id": f"f-{name}", "title": f"FAULT {name}", "content": name})
    worker = stack.start_worker(faults=True)
    receipts = stack.enqueue(raws)
    outcomes = stack.outcomes(receipts)

    fates = {raw["title"]: outcomes[r] for raw, r in zip(raws, receipts, strict=True)}
    dead = {title: o.reason for title, o in fates.items() if o.kind is OutcomeKind.DEAD}
    assert dead == {
        "FAULT kill": "poison",
        "FAULT segfault": "poison",
        "FAULT loop": "poison",  # alone it has no neighbours to protect: it runs into the wall
        "FAULT exit": "crashed",
        "FAULT end": "crashed",  # with exit code 0: the store has no receipt of it
        "FAULT busy": "crashed",  # with the exit code that once meant a busy store
        "FAULT recursion": "crashed",
        "FAULT memory": "crashed",
        "FAULT error": "crashed",
    }
    assert {o.kind for title, o in fates.items() if title not in dead} == {OutcomeKind.NEW}
    [letter] = stack.store.letters([fates["FAULT segfault"].letter_id])
    assert "killed by SIGSEGV in stage clean" in letter.detail
    assert "peak" in letter.detail
    assert letter.stage == "clean"
    assert worker.poll() is None
    until(lambda: valkey.hlen("unacked") == 0, "the message is acked")


def test_an_article_over_its_deadline_is_buried_where_it_stands_in_the_batch(
    stack: Stack,
) -> None:
    raws = [*generate(5), {"title": "FAULT loop"}, {"title": "FAULT memory"}]
    stack.start_worker(faults=True)
    receipts = stack.enqueue(raws)
    outcomes = stack.outcomes(receipts)
    assert [outcomes[r].reason for r in receipts[5:]] == ["deadline", "crashed"]
    assert {outcomes[r].kind for r in receipts[:5]} == {OutcomeKind.NEW}
    assert "quarantine" not in stack.logs(200).partition("[tasks]")[2]
