"""The contract with producers, `raw-article/1`: any JSON value comes in, a RawArticle goes out.

Producers and workers admit by the same function, so a producer learns early what the worker
would refuse. The shapes stand in raw_article.py, and are taken from here.
"""

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Literal, Self

from pydantic import Field, ValidationError

from worker.errors import Reason, Rejected
from worker.model.raw_article import (
    DEFAULT_SOURCE,
    LIMITS,
    SCHEMA,
    Content,
    Feed,
    Fetch,
    Frozen,
    Limits,
    Media,
    RawArticle,
    Source,
    best_name,
    host,
)

__all__ = [
    "EXCERPT_SCHEMA",
    "LIMITS",
    "SCHEMA",
    "Content",
    "Excerpt",
    "Feed",
    "Fetch",
    "Frozen",
    "Limits",
    "Media",
    "Payload",
    "RawArticle",
    "Source",
    "Unopened",
    "admit",
    "host",
    "sizes",
    "source_of",
]

EXCERPT_SCHEMA = "raw-article-excerpt/1"
_LONGEST_DETAIL = 500  # characters
_LARGEST_PAYLOAD = 2**53  # bytes: integers up to this are exact in every language


def source_of(raw: object) -> str:
    """The source of any JSON value, for what could not be admitted."""
    if not isinstance(raw, Mapping):
        return DEFAULT_SOURCE
    source, feed = raw.get("source"), raw.get("feed")
    return best_name(
        source.get("id") if isinstance(source, Mapping) else "",
        feed.get("url") if isinstance(feed, Mapping) else "",
        raw.get("link"),
    )


class Unopened(Frozen):
    """Placeholder for a raw article that is not parsed: its JSON text, and the reason."""

    text: str
    detail: str


class Payload(Frozen):
    """A raw article as it was received: its JSON, whole or (over the size limit) its head."""

    text: str
    sha256: str
    bytes: int
    whole: bool

    @classmethod
    def of(cls, raw: object, limits: Limits = LIMITS) -> Self:
        """The payload of any JSON value. Never raises.

        The hash covers canonical JSON, keys sorted; of an article that is not parsed, its text.
        An excerpt keeps its head, and the hash covers the excerpt, because nobody can verify the
        claimed hash of the whole article. A value that can't be written as JSON is reduced to the
        names of its keys, or of its type.
        """
        body = raw.text if isinstance(raw, Unopened) else _json(raw)
        data = body.encode("utf-8", "surrogatepass")
        digest = sha256(data).hexdigest()
        if head := _excerpted(raw):
            return cls(text=head.text, sha256=digest, bytes=head.bytes, whole=False)
        whole = len(data) <= limits.article_bytes
        kept = data if whole else data[: limits.kept_bytes]
        return cls(
            text=kept.decode("utf-8", "replace"), sha256=digest, bytes=len(data), whole=whole
        )


class Excerpt(Frozen):
    """Travels in a batch instead of a raw article over the size limit: head, hash, and why."""

    schema_: Literal["raw-article-excerpt/1"] = Field(
        default="raw-article-excerpt/1", alias="schema"
    )
    excerpt: Payload
    detail: str


def _excerpted(raw: object) -> Payload | None:
    """The payload inside an excerpt, or None when `raw` is not a valid excerpt."""
    if not isinstance(raw, Mapping) or raw.get("schema") != EXCERPT_SCHEMA:
        return None
    try:
        head = Excerpt.model_validate(raw).excerpt
    except ValidationError:
        return None
    possible = len(head.text) <= LIMITS.kept_bytes < head.bytes <= _LARGEST_PAYLOAD
    return head if possible and not head.whole else None


def _json(raw: object) -> str:
    try:
        return json.dumps(raw, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    except (RecursionError, TypeError, ValueError):
        return json.dumps(sorted(map(str, raw)) if isinstance(raw, Mapping) else _kind(raw))


def admit(raw: object, size: int, limits: Limits = LIMITS) -> RawArticle:
    """Validate one JSON value of `size` bytes against the contract.

    Raises Rejected with `malformed`, `unknown-schema` or `too-large`; the detail names the key.
    """
    if isinstance(raw, Unopened):
        raise Rejected(Reason.MALFORMED, raw.detail)
    if not isinstance(raw, Mapping):
        raise Rejected(Reason.MALFORMED, f"expected an object, got {_kind(raw)}")
    schema = raw.get("schema")
    if schema == EXCERPT_SCHEMA and _excerpted(raw):
        raise Rejected(Reason.TOO_LARGE, raw["detail"][:_LONGEST_DETAIL])
    if schema not in (None, SCHEMA):
        raise Rejected(Reason.UNKNOWN_SCHEMA, f"schema {schema!r}, this worker reads {SCHEMA}")
    if size > limits.article_bytes:
        raise Rejected(Reason.TOO_LARGE, _over("article bytes", size, limits.article_bytes))
    try:
        article = RawArticle.model_validate(raw)
    except ValidationError as e:
        raise Rejected(Reason.MALFORMED, _first_problem(e)) from e
    for what, found, limit in sizes(article, limits):
        if found > limit:
            raise Rejected(Reason.TOO_LARGE, _over(what, found, limit))
    return article


def sizes(article: RawArticle, limits: Limits = LIMITS) -> Iterable[tuple[str, int, int]]:
    """What is limited: its name, how much there is of it, how much there may be."""
    yield "id bytes", _bytes(article.id), limits.id_bytes
    yield "link bytes", _bytes(article.link), limits.link_bytes
    yield "title bytes", _bytes(article.title), limits.title_bytes
    yield "summary bytes", _bytes(article.summary), limits.summary_bytes
    yield "authors", len(article.authors), limits.authors
    yield "tags", len(article.tags), limits.tags
    yield "media", len(article.media), limits.media


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _over(what: str, found: int, limit: int) -> str:
    return f"{what}: {found:,} over the limit of {limit:,}"


def _kind(value: object) -> str:
    names = {str: "text", list: "a list", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number" if isinstance(value, int | float) else "something")


def _first_problem(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "article"
    said = first["msg"].replace("valid tuple", "list").replace("Input should", "should")
    more = error.error_count() - 1
    return f"{where}: {said}" + (f" (and {more} more)" if more else "")
