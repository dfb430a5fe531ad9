"""Measure the CPU time of each page and list of the console on a store with 100,000 articles.

    .venv/bin/python -m bench.console_pages --articles 100000

The web server answers HTTP requests, with 500 sources that delivered in half of all hours of five
weeks. Prints for SQLite and PostgreSQL the median of the CPU time of a request: of this process,
with its threads, and of the database server's processes.
"""

import argparse
import http.client
import json
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
import uvicorn
from sqlalchemy import Connection

from devtools.servers import create_database, in_database, private_postgres, private_valkey
from worker.model.records import Tag
from worker.settings import Settings
from worker.store.database.engine import open_engine, parse
from worker.store.database.packing import pack_text
from worker.store.database.schema import (
    aliases,
    articles,
    audit_log,
    changes,
    dead_letters,
    decisions,
    hourly_outcomes,
    receipts,
    revisions,
    sources,
)
from worker.store.hourly_values import ALL_HOURS, hour_of
from worker.store.migrate import migrate
from worker.store.sql_store import SqlStore
from worker.store.writing.tag_writing import write_tags
from worker.web.app import make_web_app
from worker.web.server import address_of, listen
from worker.web.system_reader import SystemReader

_NOW = datetime.now(UTC).replace(microsecond=0)
_BATCH = 2_000
_SOURCES = 500
_COPIES = 1_000  # of the article number 0
_LEARNED_H = 5 * 7 * 24
_WORDS = [f"word{n}" for n in range(4_000)]
_REPEATS = 7


def fill(connection: Connection, count: int) -> None:
    """Insert synthetic articles, about a third of them copies, and a tenth as many letters."""
    rng = random.Random(1)
    for start in range(0, count, _BATCH):
        numbers = range(start, min(start + _BATCH, count))
        rows = [_article(rng, number) for number in numbers]
        for table in (articles, aliases, revisions, receipts, decisions, changes):
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
                "first_seen": _NOW - timedelta(hours=_LEARNED_H),
                "last_seen": _NOW,
            }
            for name in names
        ],
    )
    _fill_hours(connection, rng, names)
    entries = [_audit_entry(number) for number in range(count // 10)]
    connection.execute(sa.insert(audit_log), entries)


def _fill_hours(connection: Connection, rng: random.Random, names: list[str]) -> None:
    """Let each source have delivered in half of all hours of five weeks."""
    last = hour_of(_NOW)
    for name in names:
        hours = [hour for hour in range(last - _LEARNED_H, last + 1) if rng.random() < 0.5]
        rows = [
            {
                "source": name,
                "hour": hour,
                "outcome": outcome,
                "reason": "",
                "articles": rng.randrange(1, 5) if hour else 10_000,
            }
            for hour in (ALL_HOURS, *hours)
            for outcome in ("new", "unchanged")
        ]
        connection.execute(sa.insert(hourly_outcomes), rows)


def _audit_entry(number: int) -> dict[str, Any]:
    at = _NOW - timedelta(minutes=number)
    return {"at": at, "who": "ada", "action": "sign-in", "about": "from ::1", "details": {}}


def _article(rng: random.Random, number: int) -> dict[str, dict[str, Any]]:
    article_id = f"{number:032x}"
    at = _NOW - timedelta(seconds=40 * (100_000 - number % 100_000))
    first = number if rng.random() < 0.66 else max(0, number - rng.randrange(1, 20))
    first = 0 if number < _COPIES else first
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
            "payload": pack_text(json.dumps({"id": number, "title": words[0], "content": text})),
            "received": at,
        },
        "receipts": {
            "receipt": f"r{article_id}",
            "outcome": "new",
            "article_id": article_id,
            "revision": 1,
            "reason": "",
            "source": source,
            "at": at,
        },
        "decisions": {
            "receipt": f"r{article_id}",
            "article_id": article_id,
            "verdict": "new",
            "signal": "identity",
            "rival": "",
            "scores": {},
            "thresholds": {},
            "version": "1",
        },
        "changes": {"at": at, "kind": "new", "article_id": article_id, "revision": 1},
    }


def _tags(number: int) -> list[Tag]:
    topics = {(number + step) % 40 for step in (0, 7, 11)}
    names = {(number * step) % 5_000 for step in range(1, 10)}
    return [
        *(
            Tag(scheme="taxonomy", code=f"topic-{n}", label=f"Topic {n}", rule=f"topic-{n}/en")
            for n in sorted(topics)
        ),
        *(Tag(scheme="person", code=f"wd:Q{n}", label=f"Person {n}") for n in sorted(names)),
    ]


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


def paths() -> dict[str, str]:
    """The pages and lists that are measured, by a name for the printed table."""
    day = f"{_NOW - timedelta(days=1):%Y-%m-%d}"
    article, copied = f"{77_777:032x}", f"{0:032x}"
    listings = {
        "": "",
        ", a common word": "q=harbour",
        ", a frequent word": "q=word3",
        ", a rare word": "q=rare",
        ", a word of none": "q=nowhere",
        ", a phrase of none": "q=%22harbour+harbour%22",
        ", words and not": "q=harbour+word3+-word1",
        ", only not": "q=-word1",
        ", a beginning of all": "q=w*",
        ", a beginning of some": "q=word399*",
        ", a phrase": "q=%22word3+word1%22",
        ", a large source": "source=source-0",
        ", a small source": "source=source-499",
        ", a tag": "tag=taxonomy:topic-3",
        ", a flag": "flag=paywalled",
        ", a flag of none": "flag=nothing",
        ", a language of none": "language=xx",
        ", a day": f"day={day}",
        ", a word and a day": f"q=harbour&day={day}",
    }
    lists = {f"articles{name}": f"/articles?{query}" for name, query in listings.items()}
    return {
        "overview": "/",
        "overview, content": "/overview/content",
        **lists,
        "articles, 100 (API)": "/api/articles?limit=100",
        "facets (API)": "/api/articles/facets",
        "one article": f"/articles/{article}",
        "one article with 1,000 copies": f"/articles/{copied}",
        "origins of fields": f"/articles/{article}/origins",
        "raw article": f"/articles/{article}/raw",
        "find a receipt": f"/find?what=r{article}",
        "find an address": "/find?what=https://example.com/77777",
        "find nothing": "/find?what=nowhere",
        "clusters of a day": "/clusters",
        "clusters of a week": "/clusters?hours=168",
        "sources": "/sources",
        "500 sources (API)": "/api/sources?limit=500",
        "one source": "/source?name=source-0",
        "dead letters": "/dead",
        "dead letters of a reason": "/dead?reason=empty",
        "dead letters of a source": "/dead?source=source-3",
        "dead letters of a day": f"/dead?day={day}",
        "one dead letter": f"/dead/{7:032x}",
        "plan of a replay": "/dead/plan?action=replay&reason=empty",
        "rules": "/rules",
        "rules of 90 days": "/rules?days=90",
        "one rule": "/rules/rule?id=medtop:17000000/en",
        "form to try a rule": "/rules/trial",
        "workers": "/workers",
        "config": "/config",
        "alerts": "/alerts",
        "audit log": "/audit",
        "audit log, 500 (API)": "/api/audit?limit=500",
        "changes (API)": "/api/changes?limit=200",
        "status (API)": "/api/status",
        "description of the API": "/api/openapi.json",
    }


@contextmanager
def served(settings: Settings, store: SqlStore) -> Iterator[http.client.HTTPConnection]:
    """A connection to the web server, which runs in a thread of this process."""
    reader = SystemReader(settings)
    app = make_web_app(reader.read, settings, store, reader.learned)
    with listen(settings, "127.0.0.1", 0) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False))
        thread = threading.Thread(target=lambda: server.run(sockets=[listener]), daemon=True)
        thread.start()
        address = urlsplit(address_of(listener)).netloc
        connection = http.client.HTTPConnection(address, timeout=60)
        try:
            yield connection
        finally:
            connection.close()
            server.should_exit = True
            thread.join(30)


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


def measure(
    connection: http.client.HTTPConnection, store: SqlStore
) -> Iterator[tuple[str, int, float, float]]:
    """Yield the name of each request, its HTTP status, and CPU milliseconds here and in the
    database server. The first request of each kind is left out."""

    def get(path: str) -> int:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        return answer.status

    for name, path in paths().items():
        status = get(path)
        before, here = _server_cpu_s(store), []
        for _ in range(_REPEATS):
            began = time.process_time()
            get(path)
            here.append(time.process_time() - began)
        server = (_server_cpu_s(store) - before) / _REPEATS
        yield name, status, 1_000 * statistics.median(here), 1_000 * server


def main() -> None:
    """Fill a store of each kind, measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--store", choices=("sqlite", "postgresql"))
    parser.add_argument("--keep", help="folder in which the SQLite store is kept for the next run")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, private_valkey() as broker:
        kept = Path(arguments.keep or folder)
        if arguments.store != "postgresql":
            _measure_one(f"sqlite:///{kept}/console.db", broker, arguments.articles)
        if arguments.store != "sqlite":
            with private_postgres() as server:
                create_database(server, "console")
                _measure_one(in_database(server, "console"), broker, arguments.articles)


def _measure_one(url: str, broker: str, count: int) -> None:
    migrate(url)
    engine = open_engine(parse(url))
    with engine.begin() as connection:
        is_empty = connection.scalar(sa.select(articles.c.seq).limit(1)) is None
        if is_empty:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
            fill(connection, count)
    with engine.connect() as connection:
        connection.execute(sa.text("ANALYZE"))
        connection.commit()
    print(f"\n{engine.dialect.name}, {count:,} articles: CPU ms here, in the server")
    store = SqlStore(url)
    settings = Settings(store_url=url, broker_url=broker)
    with served(settings, store) as connection_:
        for name, status, here_ms, server_ms in measure(connection_, store):
            wrong = "" if status in (200, 303) else f"  status {status}"
            print(f"  {name:35} {here_ms:7.1f} {server_ms:7.1f}{wrong}", flush=True)
    store.close()


if __name__ == "__main__":
    main()
