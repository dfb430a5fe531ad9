"""Messages of the transport, and the side of a worker that takes them, without Celery."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from kombu import Connection

from devtools.waiting import until
from worker import broker
from worker.broker.bodies import articles
from worker.broker.messages import ClaimedMessage

broker.register()

LEASE_S = 1.5  # long against a pause of a busy machine, short against a test
OPTIONS = {"visibility_timeout": LEASE_S, "unacked_restore_throttle": 1}


def message(number: int = 0, task: str = "articles.ingest", **headers: Any) -> str:
    """A message of task protocol 2 as a stock producer writes it."""
    return json.dumps(
        {
            "body": json.dumps([[[{"n": number}]], {}, {}]),
            "content-type": "application/json",
            "content-encoding": "utf-8",
            "headers": {"task": task, "id": f"id-{number}", **headers},
            "properties": {
                "delivery_info": {"exchange": "", "routing_key": "articles"},
                "delivery_tag": "given by the producer",
                "priority": 0,
                "body_encoding": None,
            },
        }
    )


class Peer:
    """A worker's side of the transport, without Celery."""

    def __init__(self, url: str, queues: tuple[str, ...] = ("articles",), **options: Any) -> None:
        self.connection = Connection(url, transport_options={**OPTIONS, **options})
        self.got: list[Any] = []
        self.channel = self.connection.default_channel
        for queue in queues:
            self.channel.basic_consume(queue, False, self.got.append, queue)

    def take(self, count: int = 1) -> list[Any]:
        """Wait for this many messages and hand them over."""
        until(lambda: len(self.got) >= count, f"{count} messages", pause=self._drain)
        taken, self.got[:] = self.got[:count], self.got[count:]
        return taken

    def _drain(self) -> None:
        with suppress(TimeoutError):
            self.connection.drain_events(timeout=0.1)

    def stays_empty(self, rounds: int = 3) -> bool:
        for _ in range(rounds):
            self._drain()
        return not self.got


@contextmanager
def peer(url: str, *queues: str, **options: Any) -> Iterator[Peer]:
    worker = Peer(url, queues or ("articles",), **options)
    try:
        yield worker
    finally:
        worker.channel.qos._delivered.clear()  # a crash, as far as the broker can tell
        worker.connection.release()


def claimed(taken: Any) -> tuple[ClaimedMessage, ...]:
    """The messages that were handed to Celery as one."""
    messages, _, _ = taken.payload
    return messages


def body(taken: Any) -> Any:
    """The raw articles in them."""
    return [raw for message in claimed(taken) for _, raw in articles(message)]
