"""A Sentinel set loses nothing that a producer was told is on the queue."""

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from devtools.chaos.load import load
from devtools.chaos.stack import Stack
from devtools.generated_articles import generate
from devtools.sentinels import SentinelSet, private_sentinels
from devtools.servers import NoServer
from devtools.waiting import until
from tests.missing_server import skip_or_fail
from worker import AsyncProducer, Producer
from worker.errors import Unavailable

pytestmark = [pytest.mark.processes, pytest.mark.long]


@pytest.fixture
def servers() -> Iterator[SentinelSet]:
    try:
        with private_sentinels() as sentinels:
            yield sentinels
    except NoServer as e:
        skip_or_fail(e)


def test_no_acknowledged_article_is_lost_in_planned_failovers_and_deaths_of_the_primary(
    servers: SentinelSet, tmp_path: Path, sqlite_store_url: str
) -> None:
    stack = Stack(tmp_path, servers.url, sqlite_store_url)
    try:
        stack.start_worker()
        with load(stack, seed=11) as feeding:
            for change in (servers.fail_over, servers.kill_primary, servers.fail_over):
                sent = len(feeding.receipts)
                until(lambda sent=sent: len(feeding.receipts) > sent + 50, "the load goes on")
                change()
        stack.outcomes(feeding.receipts)  # raises when one has no outcome
    finally:
        stack.close()


def journal_of(servers: SentinelSet) -> list[bytes]:
    """The receipts of each message that the primary's journal has."""
    address = servers.primary()
    assert address
    with servers.client(address) as client:
        return [fields[b"receipts"] for _, fields in client.xrange("articles.journal")]


def test_a_message_that_the_new_primary_lacks_is_pushed_to_it_again(
    servers: SentinelSet, caplog: pytest.LogCaptureFixture
) -> None:
    with Producer(servers.url) as producer, caplog.at_level(logging.WARNING):
        [confirmed] = producer.enqueue(generate(1, seed=1))
        assert producer.unconfirmed == 0
        servers.stop_replicas()
        [kept] = producer.enqueue(generate(1, seed=2))
        assert producer.unconfirmed == 1
        assert caplog.text.count("push.unconfirmed") == 1
        servers.lose_primary()  # its replicas never got the message
        receipt = ""
        while not receipt:
            try:
                [receipt] = producer.enqueue(generate(1, seed=3))
            except Unavailable:
                continue
        stored = b"".join(journal_of(servers)).decode()
        assert all(r in stored for r in (confirmed, kept, receipt))


def test_an_async_producer_counts_what_was_not_confirmed(servers: SentinelSet) -> None:
    async def enqueue() -> int:
        async with AsyncProducer(servers.url) as producer:
            await producer.enqueue(generate(1, seed=1))
            assert producer.unconfirmed == 0
            servers.stop_replicas()
            await producer.enqueue(generate(1, seed=2))
            return producer.unconfirmed

    assert asyncio.run(enqueue()) == 1
    servers.resume()
