"""Articles that kill, hang or exhaust what touches them end alone."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from devtools.chaos.stack import Stack
from devtools.generated_articles import generate
from devtools.waiting import stretch, until
from worker.model.records import OutcomeKind
from worker.store.dead_letter_values import DeadLetterQuery, DeadLetterState

pytestmark = pytest.mark.processes


@pytest.fixture
def stack(
    tmp_path: Path, valkey_url: str, valkey: redis.Redis, postgres_store_url: str
) -> Iterator[Stack]:
    stack = Stack(tmp_path, valkey_url, postgres_store_url)
    yield stack
    stack.close()


@pytest.fixture
def impatient_stack(
    tmp_path: Path, valkey_url: str, valkey: redis.Redis, postgres_store_url: str
) -> Iterator[Stack]:
    """A run in a sandbox ends after some seconds, and a stalled article is replayed at once."""
    times = {"hard_limit_s": 8 * stretch(), "visibility_timeout_s": 600, "stalled_replay_s": 0}
    stack = Stack(tmp_path, valkey_url, postgres_store_url, **times)
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


@pytest.mark.long
def test_an_article_that_sleeps_is_stalled_is_replayed_once_and_stays(
    impatient_stack: Stack, valkey: redis.Redis
) -> None:
    stack = impatient_stack
    raws = [*generate(3), {"title": "FAULT sleep"}, {"title": "FAULT loop"}]
    receipts = [f"r-{number}" for number in range(len(raws))]
    body = json.dumps([[raws], {"receipts": receipts}, {}])
    headers = {"task": "articles.ingest", "id": "1", "x-quarantine": 1}
    valkey.lpush("articles.quarantine", json.dumps({"headers": headers, "body": body}))
    stack.start_worker(faults=True)
    outcomes = stack.outcomes(receipts)
    assert [outcomes[r].reason for r in receipts] == ["", "", "", "stalled", "poison"]
    letter_id = outcomes["r-3"].letter_id

    def stalled_again() -> bool:
        [letter] = stack.store.letters([letter_id])
        return letter.seen == 2

    until(stalled_again, "the replay of the stalled article")
    [letter] = stack.store.letters([letter_id])
    assert (letter.reason, letter.state) == ("stalled", DeadLetterState.DEAD)
    query = DeadLetterQuery(reason="stalled", never_replayed=True)
    assert stack.store.letter_ids(query) == []
