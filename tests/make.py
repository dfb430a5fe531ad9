"""Ordinary values: a test states only what matters to it."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import uuid4

from worker.errors import Reason
from worker.model.admission import Payload
from worker.model.records import (
    Article,
    DeadLetter,
    Fingerprint,
    OutcomeKind,
    Record,
    Tag,
    Verdict,
    Withdrawal,
)

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def article(key: str = "id:1", **changes: Any) -> Article:
    ordinary = {
        "source": "wire",
        "key": key,
        "title": "Harbour reopens after the storm",
        "text": f"The harbour of {key} was closed for three days.\n\nShips return on Monday.",
        "url": "https://example.com/harbour",
        "language": "en",
        "words": 13,
        "cleaner": "clean-1",
    }
    return Article(**(ordinary | changes))


def fingerprint(of: Article, **changes: Any) -> Fingerprint:
    content_hash = sha256(f"{of.title}\0{of.text}".encode("utf-8", "replace")).hexdigest()[:32]
    ordinary = {
        "content_hash": content_hash,
        "text_hash": content_hash[::-1],
        "words": of.words,
        "sketch": (3, 2**64 - 1),
        "shingles": bytes(range(16)),
        "title": bytes(range(8)),
        "version": "print-1",
    }
    return Fingerprint(**(ordinary | changes))


def verdict(of: Article, **changes: Any) -> Verdict:
    ordinary = {
        "kind": OutcomeKind.NEW,
        "article_id": of.article_id,
        "revision": 1,
        "cluster_id": of.article_id,
        "signal": "identity",
        "version": "dedup-1",
    }
    return Verdict(**(ordinary | changes))


def record(of: Article | None = None, **changes: Any) -> Record:
    """A record of this article; `verdict` may give the fields of the verdict that matter."""
    of = of or article()
    its_verdict = changes.pop("verdict", {})
    ordinary = {
        "receipt": str(uuid4()),
        "payload": Payload.of({"title": of.title, "content": of.text}),
        "article": of,
        "fingerprint": fingerprint(of),
        "verdict": verdict(of, **its_verdict) if isinstance(its_verdict, dict) else its_verdict,
        "tags": (tag(),),
        "tagger": "tags-1",
        "config": "config-1",
    }
    return Record(**(ordinary | changes))


def tag(code: str = "weather", **changes: Any) -> Tag:
    ordinary = {"scheme": "taxonomy", "code": code, "label": code.title(), "version": "tags-1"}
    return Tag(**(ordinary | changes))


def withdrawal(*keys: str, **changes: Any) -> Withdrawal:
    ordinary = {"receipt": str(uuid4()), "source": "wire", "keys": keys or ("id:1",)}
    return Withdrawal(**(ordinary | changes))


def dead(raw: object = "not an article", **changes: Any) -> DeadLetter:
    ordinary = {
        "receipt": str(uuid4()),
        "reason": Reason.MALFORMED,
        "detail": "expected an object, got text",
        "stage": "admit",
        "source": "wire",
        "payload": Payload.of(raw),
    }
    return DeadLetter(**(ordinary | changes))
