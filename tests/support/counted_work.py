"""Count what a batch costs without a clock: round trips, bytes, SQL statements, function calls."""

import cProfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest
from redis.connection import AbstractConnection

from tests.make import NOW
from tests.store.stored import statements
from tests.support.transport import Peer, claimed
from worker.broker.bodies import articles
from worker.client.producer import Producer
from worker.model.records import Outcome
from worker.pipeline.deliveries import Delivery
from worker.pipeline.ingestion import Pipeline


@dataclass
class Traffic:
    """What was sent to Redis servers since the last reset, over any connection of redis-py."""

    sends: int = 0  # a pipeline of commands is one: each waits for the server once
    sent_bytes: int = 0

    def take(self) -> tuple[int, int]:
        """Return sends and bytes, and begin again."""
        taken = self.sends, self.sent_bytes
        self.sends = self.sent_bytes = 0
        return taken


@contextmanager
def traffic() -> Iterator[Traffic]:
    """Count what redis-py sends meanwhile, whoever uses it: kombu, the producer or the index."""
    counted, send = Traffic(), AbstractConnection.send_packed_command

    def counting_send(self: Any, command: Any, check_health: bool = True) -> None:
        parts = [command] if isinstance(command, bytes | str) else list(command)
        counted.sends += 1
        counted.sent_bytes += sum(map(len, parts))
        send(self, parts, check_health)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AbstractConnection, "send_packed_command", counting_send)
        yield counted


class Work(NamedTuple):
    """What one batch cost, from the producer to the ack."""

    producer_trips: int
    producer_bytes: int
    claim_and_ack_trips: int
    index_trips: int
    index_bytes: int
    statements: int  # one executed with many rows counts as one
    calls: int  # of functions, in Python and in C, by the pipeline


class CountedBatches:
    """Passes batches through broker, pipeline, index and store in this process, and counts."""

    def __init__(self, producer: Producer, worker: Peer, pipeline: Pipeline, sent: Traffic) -> None:
        self.producer, self.worker, self.pipeline, self.sent = producer, worker, pipeline, sent

    def run(self, raws: Sequence[dict[str, Any]]) -> tuple[Work, list[Outcome]]:
        """Process a batch that fits into one message; return its cost and the outcomes."""
        self.sent.take()
        self.producer.enqueue(raws)
        producer_trips, producer_bytes = self.sent.take()
        [message] = self.worker.take(1)
        claim_trips, _ = self.sent.take()
        profile = cProfile.Profile()
        with statements() as executed:
            outcomes = profile.runcall(self._ingest, message)
        index_trips, index_bytes = self.sent.take()
        message.ack()
        ack_trips, _ = self.sent.take()
        work = Work(
            producer_trips,
            producer_bytes,
            claim_and_ack_trips=claim_trips + ack_trips,
            index_trips=index_trips,
            index_bytes=index_bytes,
            statements=len(executed),
            calls=sum(entry.callcount for entry in profile.getstats()),
        )
        return work, outcomes

    def _ingest(self, message: Any) -> list[Outcome]:
        deliveries = [
            Delivery(receipt=receipt, raw=raw)
            for part in claimed(message)
            for receipt, raw in articles(part)
        ]
        return self.pipeline.ingest(deliveries, now=NOW)
