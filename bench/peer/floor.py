"""The floor: what remains when a worker only parses markup and writes rows, with no guarantees.

Messages are JSON lists of raw articles in a Redis list. Each process pops one, or up to fifty that
hold a single article, takes the text of the markup and writes all rows in one transaction. There is
no lease, identity, cleaning, deduplication or tagging: a killed process loses its batch.

    python -m bench.peer.floor BROKER_URL STORE_URL PROCESSES
"""

import json
import os
import sqlite3
import sys
import time
from collections.abc import Callable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import psycopg
import redis
from selectolax.lexbor import LexborHTMLParser
from sqlalchemy import make_url

QUEUE, DONE = "floor", "floor:done"
_MOST_MESSAGES = 50
_SCHEMA = """
CREATE TABLE articles (source text, guid text, title text, body text, hash {blob}, raw text,
    PRIMARY KEY (source, guid))
"""
_UPSERT = """
INSERT INTO articles (source, guid, title, body, hash, raw) VALUES ({marks})
ON CONFLICT (source, guid) DO UPDATE SET title = excluded.title, body = excluded.body,
    hash = excluded.hash, raw = excluded.raw WHERE articles.hash <> excluded.hash
"""

Row = tuple[object, ...]
Write = Callable[[Sequence[Row]], None]


def create_schema(store_url: str) -> None:
    """Create the floor's table in an empty SQLite or PostgreSQL."""
    if store_url.startswith("sqlite"):
        with sqlite3.connect(make_url(store_url).database or "") as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute(_SCHEMA.format(blob="blob"))
        connection.close()
        return
    with psycopg.connect(_plain(store_url)) as server:
        server.execute(_SCHEMA.format(blob="bytea"))


def _plain(store_url: str) -> str:
    return make_url(store_url).set(drivername="postgresql").render_as_string(hide_password=False)


def _writer(store_url: str) -> Write:
    if store_url.startswith("sqlite"):
        file = sqlite3.connect(make_url(store_url).database or "", timeout=60)
        file.execute("PRAGMA synchronous=FULL")

        def write_file(rows: Sequence[Row]) -> None:
            with file:
                file.executemany(_UPSERT.format(marks="?, ?, ?, ?, ?, ?"), rows)

        return write_file
    server = psycopg.connect(_plain(store_url))

    def write_server(rows: Sequence[Row]) -> None:
        # In the order of the key: processes that write the same rows do not deadlock.
        with server.transaction(), server.cursor() as cursor:
            marks = "%s, %s, %s, %s, %s, %s"
            cursor.executemany(_UPSERT.format(marks=marks), sorted(rows, key=lambda r: r[:2]))

    return write_server


def row(raw: dict[str, Any]) -> Row:
    """The row of a raw article: the text of its markup, and a hash by which it is unchanged."""
    markup = raw["content"][0]["value"]
    body = LexborHTMLParser(markup).body
    text = body.text(separator=" ") if body else ""
    packed = json.dumps(raw)
    digest = blake2b(packed.encode(), digest_size=16).digest()
    return raw["source"]["id"], raw["id"], raw.get("title", ""), text, digest, packed


def run(broker_url: str, store_url: str) -> None:
    """Take messages for ever."""
    broker, write = redis.Redis.from_url(broker_url), _writer(store_url)
    while True:
        popped: Any = broker.blpop([QUEUE])
        messages = [popped[1]]
        if popped[1].count(b'"content"') == 1:
            more: Any = broker.lpop(QUEUE, _MOST_MESSAGES - 1)
            messages += more or []
        packets = [json.loads(message) for message in messages]
        write([row(raw) for packet in packets for raw in packet["articles"]])
        broker.incrby(DONE, sum(len(packet["articles"]) for packet in packets))
        for packet in packets:
            if "sent" in packet:
                _note(packet["sent"], len(packet["articles"]))


def _note(sent: float, count: int) -> None:
    file = Path(os.environ["PEER_LATENCIES"]) / str(os.getpid())
    with file.open("a") as opened:
        opened.write(f"{time.time() - sent}\n" * count)


def main() -> None:
    broker_url, store_url, processes = sys.argv[1:]
    children = []
    for _ in range(int(processes)):
        child = os.fork()
        if child == 0:
            run(broker_url, store_url)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
