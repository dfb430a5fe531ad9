"""Whatever a message says, the next ten good articles are stored: the real command with one
process, a private Valkey, and a table of messages that nobody of ours wrote."""

import json
import re
import subprocess
import sys
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator

import pytest

from devtools.waiting import limit_s
from tests.foreign import GOOD, article, envelope, table
from tests.running import ROOT, Running, running_worker
from worker.model.records import OutcomeKind
from worker.store.dead_letter_values import DeadLetterQuery

pytestmark = pytest.mark.processes

TABLE = table()
LINES_AT_MOST = 5  # of log a message


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    yield from running_worker()


def push_good(running: Running, name: str) -> list[str]:
    """Ten messages of one good article each; returns their receipts."""
    receipts = [f"good-{name}-{n}" for n in range(10)]
    for n, receipt in enumerate(receipts):
        raw = article(f"good-{name}-{n}", content=f"{GOOD['content']} Number {n} of {name}.")
        body = json.dumps([[[raw]], {"receipts": [receipt]}, {}])
        running.broker.lpush("articles", json.dumps(envelope(receipt, body)))
    return receipts


def test_the_table_is_long_and_its_names_differ() -> None:
    names = [foreign.name for group in TABLE.values() for foreign in group]
    assert len(names) >= 60
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("odd", TABLE)
def test_after_each_foreign_message_ten_good_articles_are_stored(
    running: Running, odd: str
) -> None:
    _ten_good_articles_follow(running, odd)


def _ten_good_articles_follow(running: Running, odd: str) -> None:
    before = _counts(running)
    for foreign in TABLE[odd]:
        said = len(running.lines())
        running.broker.lpush(foreign.queue, foreign.data)
        began = time.monotonic()
        for receipt in push_good(running, foreign.name):
            assert running.outcome(receipt).kind is not OutcomeKind.DEAD, foreign.name
        assert time.monotonic() - began < limit_s() / 2, foreign.name  # usually half a second
        # Not those of good batches, nor the one that follows every dead letter some seconds later.
        lines = [
            s
            for s in running.lines()[said:]
            if not re.search("batch.ingested|message.dead-lettered", s)
        ]
        assert len(lines) < LINES_AT_MOST, (foreign.name, lines)
    running.until(running.idle, "the broker to hold nothing")

    refused = {_payload(f.data): f for f in TABLE[odd] if f.dead}
    running.until(lambda: refused.keys() <= running.undeliverable().keys(), "the dead letters")
    found = running.undeliverable()
    for payload, foreign in refused.items():
        assert found[payload].startswith(foreign.dead), (foreign.name, found[payload])
    reasons = Counter(reason for foreign in TABLE[odd] for reason in foreign.rejected)
    stored = sum(10 + foreign.stored for foreign in TABLE[odd])
    assert _counts(running) - before == +Counter(
        articles=stored, undeliverable=len(refused), **reasons
    )
    assert running.worker.poll() is None


@pytest.mark.parametrize("odd", ["articles", pytest.param("lane", marks=pytest.mark.long)])
def test_bad_articles_keep_no_neighbour_from_postgresql_either(
    postgres_store_url: str, odd: str
) -> None:
    for running in running_worker(postgres_store_url):
        _ten_good_articles_follow(running, odd)


def test_the_worker_answers_to_celerys_own_tools(running: Running) -> None:
    command = [sys.executable, "-m", "celery", "-A", "worker", "inspect", "ping", "--timeout", "30"]
    done = subprocess.run(
        [*command, "--json"], env=running.environment, cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert [answer["ok"] for answer in json.loads(done.stdout).values()] == ["pong"]
    assert not [key for key in running.broker.keys("*") if b"reply" in key and b".dead" in key]


def _counts(running: Running) -> Counter[str]:
    """Articles, and dead letters by reason."""
    letters = running.store.count_letters(DeadLetterQuery())
    return Counter(articles=running.articles(), **letters)


def _payload(data: bytes) -> str:
    """As an undeliverable message is kept."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return json.dumps({"base64": b64encode(data).decode()})
