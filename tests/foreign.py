"""Messages that nobody of ours wrote: malformed, hostile, or of another version.

Each says what becomes of it: the reason of its dead letter, or how many articles it brings in.
"""

import bz2
import json
import random
import zlib
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, NamedTuple

from worker.broker.bodies import MOST_ARTICLES
from worker.broker.messages import LONGEST
from worker.model.admission import LIMITS
from worker.model.zstd_frames import zstd

GOOD = {"title": "Harbour reopens after storm repairs", "content": "The harbour reopened. " * 12}


class Foreign(NamedTuple):
    name: str
    data: bytes
    queue: str = "articles"
    dead: str = ""  # how the detail of the undeliverable message begins, "" when it is none
    rejected: tuple[str, ...] = ()  # reasons of its articles' dead letters
    stored: int = 0  # articles of it that are stored


def article(name: str, **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "source": {"id": "foreign"},
        **GOOD,
        "title": f"{GOOD['title']}: {name}",
        **more,
    }


def envelope(
    name: str, body: object, headers: Mapping[str, Any] | None = None, **changes: Any
) -> dict[str, Any]:
    return {
        "headers": {"task": "articles.ingest", "id": f"id-{name}", **(headers or {})},
        "properties": {"delivery_info": {}, **changes.pop("properties", {})},
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "body": body,
        **changes,
    }


def table() -> dict[str, list[Foreign]]:
    """All of them, by what is odd; every call gives the same."""
    return {
        "headers": _headers(),
        "envelope": _envelopes(),
        "body": _bodies(),
        "articles": _articles(),
        "canvas": _canvas(),
        "lane": _lanes(),
        "noise": _noise(),
    }


def _good(name: str, **changes: Any) -> bytes:
    body = json.dumps([[[article(name)]], {}, {}])
    return json.dumps(envelope(name, body, **changes)).encode()


def _headers() -> list[Foreign]:
    """A good article under headers that Celery would act on, or that claim to be ours."""
    odd: dict[str, dict[str, Any]] = {
        "timelimit-text": {"timelimit": "abc"},
        "timelimit-list-of-text": {"timelimit": ["a", "b"]},
        "timelimit-tiny": {"timelimit": [0.001, 0.001]},
        "timelimit-negative": {"timelimit": [-1, -1]},
        "timelimit-three": {"timelimit": [1, 2, 3]},
        "eta-junk": {"eta": "tomorrow"},
        "eta-far": {"eta": "2999-01-01T00:00:00+00:00"},
        "eta-number": {"eta": 12},
        "expires-past": {"expires": "2001-01-01T00:00:00+00:00"},
        "expires-junk": {"expires": {}},
        "retries-text": {"retries": "many"},
        "shadow-list": {"shadow": [1]},
        "shadow-long": {"shadow": "x" * 100_000},
        "stamps": {"stamps": [1], "stamped_headers": 7},
        "group": {"group": {"a": 1}, "group_index": "x"},
        "chain": {"chain": [{"task": "articles.ingest"}], "chord": 5},
        "callbacks": {"callbacks": [{"x": 1}], "errbacks": "no"},
        "replaced": {"replaced_task_nesting": "deep"},
        "root-id-list": {"root_id": [[[]]], "parent_id": {"a": 1}},
        "origin-control-characters": {"origin": "a\x00b\x1b[31m\n"},
        "ignore-result-text": {"ignore_result": "no"},
        "argsrepr-huge": {"argsrepr": "x" * 300_000, "kwargsrepr": ["y"]},
        "delivery-count-text": {"x-delivery-count": "abc"},
        "delivery-count-negative": {"x-delivery-count": -5},
        "delivery-count-huge": {"x-delivery-count": 10**40},
        "quarantine-text": {"x-quarantine": "yes"},
        "last-error-list": {"x-last-error": ["a"]},
        "redelivered-text": {"redelivered": "no"},
        "unknown-headers": {f"x-{n}": {"deep": [n]} for n in range(500)},
        "unicode-header": {"ключ": "значение", "\x00": "\ud800"},
    }
    return [Foreign(name, _good(name, headers=headers), stored=1) for name, headers in odd.items()]


def _envelopes() -> list[Foreign]:
    body = json.dumps([[[article("e")]], {}, {}])
    base64 = b64encode(body.encode()).decode()

    def made(**changes: Any) -> bytes:
        return json.dumps(envelope("e", changes.pop("body", body), **changes)).encode()

    odd = {
        "no-json": (b"{broken", "malformed"),
        "empty": (b"", "malformed"),
        "binary": (b"\xff\xfe\x00\x01" * 50, "malformed"),
        "number": (b"7", "malformed"),
        "list": (b"[]", "malformed"),
        "deep-envelope": (b'{"headers":' * 3000 + b"1" + b"}" * 3000, "malformed"),
        "deep-header": (
            made(headers={"x": "@"}).replace(b'"@"', b"[" * 5000 + b"]" * 5000),
            "malf",
        ),
        "no-headers": (json.dumps({"body": body}).encode(), "malformed"),
        "protocol-1": (
            json.dumps({"task": "articles.ingest", "args": [[]], "id": "1"}).encode(),
            "malf",
        ),
        "task-list": (made(headers={"task": ["articles.ingest"]}), "malformed"),
        "id-number": (made(headers={"id": 5}), "malformed"),
        "unknown-task": (made(headers={"task": "somebody.elses"}), "unknown-task"),
        "group-task": (made(headers={"task": "articles.ingest_group"}), "unknown-task"),
        "celery-task": (made(headers={"task": "celery.backend_cleanup"}), "unknown-task"),
        "body-object": (made(body={"a": 1}), "malformed"),
        "body-null": (made(body=None), "malformed"),
        "pickle": (made(**{"content-type": "application/x-python-serialize"}), "content-type"),
        "content-type-list": (made(**{"content-type": []}), "content-type"),
        "charset-zip": (made(**{"content-encoding": "zlib"}), "content-encoding"),
        "body-encoding-unknown": (made(properties={"body_encoding": "uu"}), "body-encoding"),
        "body-encoding-object": (made(properties={"body_encoding": {}}), "body-encoding"),
        "not-base64": (made(properties={"body_encoding": "base64"}), "undecodable"),
        "compression-unknown": (made(headers={"compression": "snappy"}), "compression"),
        "not-compressed": (
            made(
                headers={"compression": "gzip"}, body=base64, properties={"body_encoding": "base64"}
            ),
            "undecodable",
        ),
        "properties-list": (
            made(properties={}).replace(b'{"delivery_info": {}}', b"[1]"),
            "malformed",
        ),
    }
    return [
        *(Foreign(name, data, dead=dead) for name, (data, dead) in odd.items()),
        Foreign("priority-text", _good("priority-text", properties={"priority": "high"}), stored=1),
        Foreign("priority-inf", _good("priority-inf", properties={"priority": 1e400}), stored=1),
        Foreign("info-list", _good("info-list", properties={"delivery_info": [1]}), stored=1),
        Foreign(
            "info-missing", _good("info-missing").replace(b'"delivery_info": {}', b""), stored=1
        ),
        Foreign("id-unprintable", _good("id-unprintable", headers={"id": "a\x00" * 999}), stored=1),
        Foreign(
            "reply-to",
            _good("reply-to", properties={"reply_to": {}, "correlation_id": []}),
            stored=1,
        ),
    ]


def _bodies() -> list[Foreign]:
    def made(name: str, body: str, **changes: Any) -> bytes:
        return json.dumps(envelope(name, body, **changes)).encode()

    def packed(data: bytes, compression: str) -> bytes:
        headers, properties = {"compression": compression}, {"body_encoding": "base64"}
        return made("bomb", b64encode(data).decode(), headers=headers, properties=properties)

    one = json.dumps(article("embed"))
    odd = {
        "body-no-json": ("{", "undecodable"),
        "body-deep": ("[" * 100_000, "undecodable: the body is nested"),
        "body-number": ("7", "undecodable"),
        "body-two-parts": ("[[], {}]", "undecodable"),
        "args-text": ('["ab", {}, {}]', "arguments"),
        "kwargs-list": ("[[[]], [], {}]", "arguments"),
        "kwargs-self": (f'[[[{one}]], {{"self": 1}}, {{}}]', "arguments"),
        "kwargs-unknown": (f'[[[{one}]], {{"x": {{}}}}, {{}}]', "arguments"),
        "no-arguments": ("[[], {}, {}]", "arguments"),
        "too-many-arguments": ("[[[], [], []], {}, {}]", "arguments"),
        "too-many-articles": (f"[[{[0] * (MOST_ARTICLES + 1)}], {{}}, {{}}]", "too-large"),
        "invalid-utf8": ("[[[{}]], {}, {}]\udcff", "undecodable"),
    }
    embeds: list[Any] = [[1], None, "x", {"callbacks": [{"x": 1}]}, {"chain": [[[1]]], "chord": 3}]
    return [
        *(Foreign(name, made(name, body), dead=dead) for name, (body, dead) in odd.items()),
        *(
            Foreign(
                f"embed-{n}",
                made(f"embed-{n}", json.dumps([[[article(f"embed-{n}")]], {}, e])),
                stored=1,
            )
            for n, e in enumerate(embeds)
        ),
        Foreign("zip-bomb", packed(zlib.compress(b" " * (LONGEST + 1)), "gzip"), dead="too-large"),
        Foreign("bz2-bomb", packed(bz2.compress(b" " * (2 * LONGEST)), "bzip2"), dead="too-large"),
        Foreign(
            "zstd-bomb-body",
            packed(zstd.compress(b" " * (2 * LONGEST)), "zstd"),
            dead="too-large",
        ),
        Foreign("no-articles", made("no-articles", "[[[]], {}, {}]")),
    ]


def _articles() -> list[Foreign]:
    """One bad article between two good ones."""

    def batch(
        name: str, bad: str, *reasons: str, receipts: str = "null", stored: int = 2
    ) -> Foreign:
        pair = [json.dumps(article(f"{name}-{n}")) for n in (1, 2)]
        body = f'[[[{pair[0]}, {bad}, {pair[1]}]], {{"receipts": {receipts}}}, {{}}]'
        return Foreign(
            name, json.dumps(envelope(name, body)).encode(), rejected=reasons, stored=stored
        )

    def excerpt(**changes: Any) -> str:
        head = {"text": "head", "sha256": "0" * 64, "bytes": 6_000_000, "whole": False, **changes}
        return json.dumps(
            {"schema": "raw-article-excerpt/1", "excerpt": head, "detail": "too large"}
        )

    def frame(data: bytes) -> str:
        return json.dumps({"schema": "raw-article-zstd/1", "zstd": b64encode(data).decode()})

    deep = json.dumps(article("deep", extra={"n": "@"}))
    shallow = "[" * 640 + "]" * 640
    return [
        batch("nested-640", deep.replace('"@"', shallow), "malformed"),
        batch("nested-100000", deep.replace('"@"', "[" * 100_000 + "]" * 100_000), "malformed"),
        batch("null-article", "null", "malformed"),
        batch("text-article", '"text"', "malformed"),
        batch("list-article", "[[1]]", "malformed"),
        batch("empty-article", '{"n": 1}', "empty"),
        batch("schema-number", '{"schema": 5, "title": "x"}', "unknown-schema"),
        batch("schema-deep", '{"schema": {"a": [1]}, "title": "x"}', "unknown-schema"),
        batch("long-number", f'{{"title": {"9" * 6000}}}', "too-large"),
        batch("nan", '{"title": NaN, "content": Infinity}', "malformed"),
        batch("excerpt-bytes-huge", excerpt(bytes=2**80), "unknown-schema"),
        batch("excerpt-bytes-negative", excerpt(bytes=-1), "unknown-schema"),
        batch("excerpt-bytes-text", excerpt(bytes="many"), "unknown-schema"),
        batch("excerpt-whole", excerpt(whole=True), "unknown-schema"),
        batch("excerpt-forged-hash", excerpt(sha256="\x00\ud800"), "too-large"),
        batch("excerpt-nul", excerpt(text="\x00\ud800" * 9), "too-large"),
        batch("receipts-junk", '{"n": 2}', "empty", receipts='[1, {"a": []}, "\\u0000"]'),
        batch("receipts-equal", '{"n": 4}', "empty", receipts='["equal", "equal", "equal"]'),
        batch("receipts-deep", '{"n": 3}', "empty", receipts="[" * 300 + "]" * 300),
        batch("nul-title", '{"title": "\\u0000\\ud800", "id": "\\ud800"}', "empty"),
        batch("zstd-bomb", frame(zstd.compress(b" " * 60_000_000)), "too-large"),
        batch("zstd-truncated", frame(zstd.compress(b'{"title":"x"}')[:-1]), "malformed"),
        batch("zstd-two-frames", frame(2 * zstd.compress(b'{"title":"x"}')), "malformed"),
        batch("zstd-no-article", frame(zstd.compress(b"7")), "malformed"),
        batch("zstd-in-zstd", frame(zstd.compress(frame(b"").encode())), "unknown-schema"),
        batch("zstd-good", frame(zstd.compress(json.dumps(article("z")).encode())), stored=3),
        batch("source-junk", '{"source": {"id": {"a": 1}}, "feed": 5, "title": "x"}', "malformed"),
    ]


def _canvas() -> list[Foreign]:
    """What Celery's canvas sends, made up or damaged; one id for several messages."""

    def sent(name: str, body: object, task: str = "articles.ingest", **how: Any) -> Foreign:
        data = json.dumps(envelope(name, json.dumps(body), {"task": task})).encode()
        return Foreign(name, data, **how)

    def mapped(name: str, kwargs: object, task: str = "celery.map", **how: Any) -> Foreign:
        return sent(name, [[], kwargs, {}], task, **how)

    def embedding(name: str, embed: object, stored: int = 1) -> Foreign:
        return sent(name, [[[article(name)]], {}, embed], stored=stored)

    def signature(*args: object, **more: Any) -> dict[str, Any]:
        return {"task": "articles.ingest", "args": list(args), "kwargs": {}, **more}

    ours, other = signature(), {"task": "somebody.elses", "args": [article("other")]}
    linked = signature(article("linked"), options={"link": [signature([article("last")])]})
    return [
        mapped("map-other", {"task": other, "it": [article("map-other")]}, dead="unknown-task"),
        mapped("map-text", {"task": "articles.ingest", "it": []}, dead="unknown-task"),
        mapped("map-no-list", {"task": ours, "it": {"a": 1}}, dead="unknown-task"),
        mapped("map-nothing", {}, dead="unknown-task"),
        mapped("map-list", [1], dead="arguments"),
        mapped("map-empty", {"task": ours, "it": []}),
        mapped("map-junk", {"task": ours, "it": ["a", 171, [["b"]]]}, rejected=("malformed",) * 3),
        mapped(
            "chunks-whole",
            {"task": ours, "it": [[[article("chunk-1")]], [article("chunk-2")]], "n": 1},
            "celery.chunks",
            stored=2,
        ),
        mapped(
            "map-too-many",
            {"task": ours, "it": [[0] * 2_000 for _ in range(3)]},
            dead="too-large",
        ),
        embedding(
            "embed-junk",
            {"chain": [{**ours, "args": 7}, 5, {"task": [1]}], "chord": [], "callbacks": {}},
        ),
        embedding("embed-other", {"callbacks": [other], "chain": [other], "chord": other}),
        embedding("embed-linked", {"callbacks": [linked]}, stored=3),
        embedding("embed-on-error", {"errbacks": [signature(article("on-error"))]}),
        *(
            Foreign(f"reused-id-{n}", _good(f"reused-id-{n}", headers={"id": "reused"}), stored=1)
            for n in range(3)
        ),
    ]


def _lanes() -> list[Foreign]:
    """Work on stored articles that names nothing, and messages that are tried in a sandbox."""

    def redo(name: str, body: Any, queue: str = "articles.replay", dead: str = "") -> Foreign:
        headers = {"task": "articles.redo"}
        data = json.dumps(envelope(name, json.dumps(body), headers)).encode()
        return Foreign(name, data, queue, dead)

    def tried(name: str, batch: str, *rejected: str, stored: int) -> Foreign:
        data = json.dumps(
            envelope(name, f"[[[{batch}]], {{}}, {{}}]", {"x-quarantine": 1})
        ).encode()
        return Foreign(name, data, "articles.quarantine", rejected=rejected, stored=stored)

    def nested(name: str, levels: int) -> str:
        whole = json.dumps(article(name, extra={"deep": "@"}))
        return whole.replace('"@"', "[" * (levels - 2) + "]" * (levels - 2))

    odd = json.dumps(article("odd", content=f"{GOOD['content']} \ud800\0", extra={"nan": 1e999}))
    return [
        redo("redo-nothing", [[], {}, {}], dead="arguments"),
        redo("redo-numbers", [["retag", [1]], {}, {}], dead="arguments"),
        redo("redo-unknown", [["refry", ["a"]], {}, {}], dead="arguments"),
        redo("redo-strangers", [["reclean", ["\x00", "x" * 9]], {}, {}]),
        redo("redo-in-live-lane", [["retag", ["a"]], {}, {}], "articles"),
        tried("tried-alone", json.dumps(article("tried-alone")), stored=1),
        tried("tried-surrogates", odd, stored=1),
        tried(
            "tried-one-receipt",
            ", ".join(json.dumps(article(f"tried-{n}", receipt="tried")) for n in range(3)),
            stored=3,
        ),
        tried("tried-deepest", nested("tried-deepest", LIMITS.depth), stored=1),
        tried(
            "tried-too-deep",
            ", ".join(nested(f"tried-{levels}", levels) for levels in (3, 640, 4)),
            "malformed",
            stored=2,
        ),
        Foreign(
            "deepest",
            json.dumps(
                envelope("deepest", f"[[[{nested('deepest', LIMITS.depth)}]], {{}}, {{}}]")
            ).encode(),
            stored=1,
        ),
    ]


def _noise() -> list[Foreign]:
    """Random bytes."""
    seeded = random.Random(13)
    return [
        Foreign(f"random-{n}", seeded.randbytes(seeded.randrange(1, 400)), dead="malformed")
        for n in range(10)
    ]
