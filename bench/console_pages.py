"""Measure the CPU time of each page of the console on a store with 100,000 synthetic articles.

    .venv/bin/python -m bench.console_pages --articles 100000

Prints for SQLite and PostgreSQL the median of the CPU time of a request: of this process, and of
the database server's process.
"""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from devtools.servers import create_database, in_database, private_postgres
from worker.model.records import Tag
from worker.store.database.engine import open_engine, parse
from worker.store.database.packing import pack_text
from worker.store.database.schema import (
    aliases,
    articles,
    dead_letters,
    revisions,
    sources,
)
from worker.store.migrate import migrate
from worker.store.sql_store import SqlStore
from worker.store.values import DeadLetterQuery, Query
from worker.store.writing.tag_writing import write_tags

_NOW = datetime.now(UTC).replace(microsecond=0)
_BATCH = 2_000
_SOURCES = 300
_WORDS = [f"word{n}" for n in range(4_000)]
_REPEATS = 7


def fill(connection: Connection, count: int) -> None:
    """Insert synthetic articles, about a third of them copies, and a tenth as many letters."""
    rng = random.Random(1)
    for start in range(0, count, _BATCH):
        numbers = range(start, min(start + _BATCH, count))
        rows = [_article(rng, number) for number in numbers]
        for table in (articles, aliases, revisions):
            connection.execute(sa.insert(table), [row[table.name] for row in rows])
        write_tags(connection, {f"{n:032x}": _tags(n) for n in numbers}, ())
        letters = [_letter(rng, number) for number in range(start // 10, (start + _BATCH) // 10)]
        connection.execute(sa.insert(dead_letters), letters)
    connection.execute(sa.update(articles).values(newest=articles.c.seq))
    names = [f"source-{n}" for n in range(_SOURCES)]
    counts = dict.fromkeys(names, count // _SOURCES)
    connection.execute(
        sa.insert(sources),
        [
            {
                "source": name,
                "articles": counts[name],
                "receipts": counts[name],
                "dead": 0,
                "first_seen": _NOW,
                "last_seen": _NOW,
            }
            for name in names
        ],
    )


def _article(rng: random.Random, number: int) -> dict[str, dict[str, Any]]:
    article_id = f"{number:032x}"
    at = _NOW - timedelta(seconds=40 * (100_000 - number % 100_000))
    first = number if rng.random() < 0.66 else max(0, number - rng.randrange(1, 20))
    source = f"source-{int(_SOURCES * rng.random() ** 2)}"
    # "harbour" is in all texts, "rare" in few; other words follow a steep distribution.
    words = [_WORDS[int(4_000 * rng.random() ** 3)] for _ in range(180)]
    text = " ".join(["harbour", *(["rare"] if number % 5_000 == 0 else []), *words])
    return {
        "articles": {
            "article_id": article_id,
            "source": source,
            "key": f"id:{number}",
            "revision": 1,
            "cluster_id": f"{first:032x}",
            "canonical_pending": False,
            "verdict": "new" if first == number else "duplicate",
            "first_seen": at,
            "last_seen": at,
            "sightings": 1,
        },
        "aliases": {"source": source, "key": f"id:{number}", "article_id": article_id},
        "revisions": {
            "article_id": article_id,
            "number": 1,
            "content_hash": article_id,
            "title": f"Title {number} {words[0]}",
            "text": text,
            "summary": "",
            "url": f"https://example.com/{number}",
            "language": rng.choice(("en", "en", "en", "de", "fr")),
            "words": 180,
            "published": at,
            "authors": [],
            "categories": [],
            "media": [],
            "flags": ["paywalled"] if number % 7 == 0 else [],
            "dropped": [],
            "versions": {},
            "fingerprint": rng.randbytes(1_200),
            "payload": pack_text(text),
            "received": at,
        },
    }


def _tags(number: int) -> list[Tag]:
    topic = number % 40
    return [Tag(scheme="taxonomy", code=f"topic-{topic}", label=f"Topic {topic}", rule="r")]


def _letter(rng: random.Random, number: int) -> dict[str, Any]:
    at = _NOW - timedelta(seconds=number)
    return {
        "letter_id": f"{number:032x}",
        "reason": rng.choice(("malformed", "empty", "crashed")),
        "detail": "d",
        "stage": "clean",
        "source": f"source-{number % _SOURCES}",
        "payload": pack_text("{}" * 300),
        "bytes": 600,
        "sha256": "0",
        "whole": True,
        "seen": 1,
        "first": at,
        "last": at,
    }


def requests(store: SqlStore) -> dict[str, Callable[[], object]]:
    """What pages read from the store, by a name for the printed table."""
    listings = store.listings
    day = {"since": _NOW - timedelta(days=2), "until": _NOW - timedelta(days=1)}
    queries = {
        "articles": Query(limit=25),
        "articles, a common word": Query(words="harbour", limit=25),
        "articles, a rare word": Query(words="rare", limit=25),
        "articles, a word of none": Query(words="nowhere", limit=25),
        "articles, two words and not": Query(words="harbour word3 -word1", limit=25),
        "articles of a large source": Query(source="source-0", limit=25),
        "articles of a small source": Query(source="source-299", limit=25),
        "articles with a tag": Query(tag="taxonomy:topic-3", limit=25),
        "articles with a flag": Query(flag="paywalled", limit=25),
        "articles with a flag of none": Query(flag="nothing", limit=25),
        "articles of a language of none": Query(language="xx", limit=25),
        "articles of a day": Query(limit=25, **day),  # type: ignore[arg-type]
    }
    letters = DeadLetterQuery(limit=25)
    found: dict[str, Callable[[], object]] = {}
    for name, query in queries.items():
        found[name] = lambda query=query: listings.article_page(query)  # type: ignore[misc]
        found[f"{name}: facets"] = lambda query=query: listings.article_facets(query)  # type: ignore[misc]
    return {
        **found,
        "number of articles": listings.article_total,
        "clusters of a day": lambda: listings.cluster_page(_NOW - timedelta(days=1)),
        "clusters of a week": lambda: listings.cluster_page(_NOW - timedelta(days=7)),
        "dead letters": lambda: listings.letter_page(letters),
        "dead letters by reason": lambda: listings.count_some_letters(letters, 10_000),
        "one article": lambda: store.show(f"{77_777:032x}"),
    }


def _server_cpu_s(store: SqlStore) -> float:
    """CPU seconds so far of the server processes of this database; 0.0 for SQLite."""
    with store._reading() as connection:
        if connection.dialect.name != "postgresql":
            return 0.0
        statement = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
        pids = connection.scalars(sa.text(statement)).all()
    return sum(map(_cpu_s, pids))


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def measure(store: SqlStore) -> Iterator[tuple[str, float, float]]:
    """Yield the name of each request with its CPU milliseconds here and in the server."""
    for name, request in requests(store).items():
        request()
        before = _server_cpu_s(store)
        here = []
        for _ in range(_REPEATS):
            began = time.process_time()
            request()
            here.append(time.process_time() - began)
        server = (_server_cpu_s(store) - before) / _REPEATS
        yield name, 1_000 * statistics.median(here), 1_000 * server


def main() -> None:
    """Fill a store of each kind, measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--store", choices=("sqlite", "postgresql"))
    arguments = parser.parse_args()
    count = arguments.articles
    with tempfile.TemporaryDirectory() as folder, private_postgres() as server:
        create_database(server, "console")
        for url in (f"sqlite:///{folder}/console.db", in_database(server, "console")):
            if arguments.store and not url.startswith(arguments.store):
                continue
            migrate(url)
            engine = open_engine(parse(url))
            with engine.begin() as connection:
                if connection.dialect.name == "sqlite":
                    connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
                fill(connection, count)
            with engine.connect() as connection:
                connection.execute(sa.text("ANALYZE"))
                connection.commit()
            print(f"\n{engine.dialect.name}, {count:,} articles: CPU ms here, in the server")
            store = SqlStore(url)
            for name, here_ms, server_ms in measure(store):
                print(f"  {name:45} {here_ms:7.1f} {server_ms:7.1f}", flush=True)
            store.close()


if __name__ == "__main__":
    main()
