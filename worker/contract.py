"""The contract with producers, `raw-article/1`: any JSON value comes in, a RawArticle goes out.

Producers and workers admit by the same function, so a producer learns early what the worker
would refuse. Dates and languages stay the text the feed gave: reading them is cleaning.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from worker.errors import Reason, Rejected

SCHEMA = "raw-article/1"
EXCERPT_SCHEMA = "raw-article-excerpt/1"
DEFAULT_SOURCE = "local"


class Frozen(BaseModel):
    """Parent of every value: immutable, unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Limits(Frozen):
    """How large a raw article may be. Sizes are bytes of UTF-8."""

    article_bytes: int = 5 * 1024 * 1024
    id_bytes: int = 1024
    link_bytes: int = 2048
    title_bytes: int = 1024
    summary_bytes: int = 64 * 1024
    authors: int = 50
    tags: int = 100
    media: int = 50
    batch_articles: int = 100
    batch_bytes: int = 1024 * 1024
    kept_bytes: int = 64 * 1024  # what a `too-large` dead letter keeps of the payload


LIMITS = Limits()


def _text(value: object) -> object:
    """Feed libraries give dates and numbers where the contract says text."""
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value


def _name(value: object) -> object:
    """Authors and tags come as text or as an object that names them."""
    if isinstance(value, Mapping):
        return value.get("name") or value.get("term") or value.get("label") or ""
    return _text(value)


def _listed(value: object) -> object:
    """One value where a list is asked for is a list of one."""
    return [value] if isinstance(value, str | Mapping) else value


Text = Annotated[str, BeforeValidator(_text)]
Name = Annotated[str, BeforeValidator(_name)]


class Part(Frozen):
    """Parent of everything inside a raw article: null means absent, unknown keys go to `extra`."""

    @model_validator(mode="before")
    @classmethod
    def _known_apart_from_extra(cls, value: object) -> object:
        if not isinstance(value, Mapping):
            return value
        names = {field.alias or name for name, field in cls.model_fields.items()}
        known = {k: v for k, v in value.items() if k in names and v is not None}
        unknown = {str(k): v for k, v in value.items() if k not in names}
        if unknown and "extra" in names:
            given = known.get("extra")
            known["extra"] = {**(given if isinstance(given, Mapping) else {}), **unknown}
        return known


class Content(Part):
    """One body of the article. `type` is a media type: text/html, text/plain …"""

    type: str = "text/html"
    value: str = ""
    language: str = ""


class Media(Part):
    url: Text = ""
    type: str = ""
    title: str = ""


class Source(Part):
    """Who published it: `id` is the name the source has everywhere in this system."""

    id: Text = ""
    title: str = ""
    url: str = ""


class Feed(Part):
    url: str = ""
    title: str = ""
    language: str = ""


class Fetch(Part):
    """How the poller got it."""

    at: Text = ""
    etag: str = ""
    last_modified: Text = ""
    status: int | None = None


def _as_content(value: object) -> object:
    """A body may be a string, one object, or a list of either."""
    if isinstance(value, str | Mapping):
        value = [value]
    if not isinstance(value, list | tuple):
        return value
    return [{"value": v} if isinstance(v, str) else v for v in value]


class RawArticle(Part):
    """What a producer enqueues. Every field is optional; an article needs a title or a text."""

    schema_: Literal["raw-article/1"] = Field(default="raw-article/1", alias="schema")
    id: Text = ""
    link: Text = ""
    title: Text = ""
    summary: Text = ""
    content: Annotated[tuple[Content, ...], BeforeValidator(_as_content)] = ()
    published: Text = ""
    updated: Text = ""
    authors: Annotated[tuple[Name, ...], BeforeValidator(_listed)] = ()
    tags: Annotated[tuple[Name, ...], BeforeValidator(_listed)] = ()
    media: Annotated[tuple[Media, ...], BeforeValidator(_listed)] = ()
    language: str = ""
    source: Source = Source()
    feed: Feed = Feed()
    fetch: Fetch = Fetch()
    status: Literal["published", "withdrawn"] = "published"
    receipt: Text = ""
    extra: dict[str, Any] = {}

    @property
    def source_id(self) -> str:
        """`source.id`, else the host of the feed, else the host of the link, else `local`."""
        return _source(self.source.id, self.feed.url, self.link)


def source_of(raw: object) -> str:
    """The source of any JSON value, for what could not be admitted."""
    if not isinstance(raw, Mapping):
        return DEFAULT_SOURCE
    source, feed = raw.get("source"), raw.get("feed")
    return _source(
        source.get("id") if isinstance(source, Mapping) else "",
        feed.get("url") if isinstance(feed, Mapping) else "",
        raw.get("link"),
    )


def _source(given: object, feed_url: object, link: object) -> str:
    name = " ".join(given.split())[:200] if isinstance(given, str) else ""
    name = "".join(letter for letter in name if letter.isprintable())  # no NUL, no lone surrogate
    hosts = (host(url) for url in (feed_url, link) if isinstance(url, str))
    return name or next(filter(None, hosts), DEFAULT_SOURCE)


def host(url: str) -> str:
    """The host of a URL without `www.`, or "" when there is none."""
    try:
        name = urlsplit(url.strip()).hostname or ""
    except ValueError:  # "http://[broken" and the like
        return ""
    return name.lower().removeprefix("www.")


class Payload(Frozen):
    """A raw article as it was received: its JSON, whole or (over the size limit) its head."""

    text: str
    sha256: str
    bytes: int
    whole: bool

    @classmethod
    def of(cls, raw: object, limits: Limits = LIMITS) -> Self:
        """The payload of any JSON value; the hash is over canonical JSON, keys sorted.

        Never raises: an excerpt answers with the payload it stands for, and what is nested
        deeper than JSON can be written is kept as the names of its keys.
        """
        if (excerpt := _excerpted(raw)) is not None:
            return cls.model_validate(excerpt.model_dump())
        body = _json(raw)
        data = body.encode("utf-8", "surrogatepass")
        whole = len(data) <= limits.article_bytes
        kept = data if whole else data[: limits.kept_bytes]
        return cls(
            text=kept.decode("utf-8", "replace"),
            sha256=sha256(data).hexdigest(),
            bytes=len(data),
            whole=whole,
        )


class Excerpt(Frozen):
    """Travels in a batch instead of a raw article over the size limit: head, hash, and why."""

    schema_: Literal["raw-article-excerpt/1"] = Field(
        default="raw-article-excerpt/1", alias="schema"
    )
    excerpt: Payload
    detail: str


def _excerpted(raw: object) -> Payload | None:
    if not isinstance(raw, Mapping) or raw.get("schema") != EXCERPT_SCHEMA:
        return None
    try:
        return Excerpt.model_validate(raw).excerpt
    except ValidationError:  # a foreign object that only looks like one
        return None


def _json(raw: object) -> str:
    try:
        return json.dumps(raw, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    except (RecursionError, TypeError, ValueError):
        return json.dumps(sorted(map(str, raw)) if isinstance(raw, Mapping) else _kind(raw))


def admit(raw: object, size: int, limits: Limits = LIMITS) -> RawArticle:
    """Validate one JSON value of `size` bytes against the contract.

    Raises Rejected with `malformed`, `unknown-schema` or `too-large`; the detail names the key.
    """
    if not isinstance(raw, Mapping):
        raise Rejected(Reason.MALFORMED, f"expected an object, got {_kind(raw)}")
    schema = raw.get("schema")
    if schema == EXCERPT_SCHEMA:
        raise Rejected(Reason.TOO_LARGE, str(raw.get("detail", "")))
    if schema not in (None, SCHEMA):
        raise Rejected(Reason.UNKNOWN_SCHEMA, f"schema {schema!r}, this worker reads {SCHEMA}")
    if size > limits.article_bytes:
        raise Rejected(Reason.TOO_LARGE, _over("article bytes", size, limits.article_bytes))
    try:
        article = RawArticle.model_validate(raw)
    except ValidationError as e:
        raise Rejected(Reason.MALFORMED, _first_problem(e)) from e
    for what, found, limit in _sizes(article, limits):
        if found > limit:
            raise Rejected(Reason.TOO_LARGE, _over(what, found, limit))
    return article


def _sizes(article: RawArticle, limits: Limits) -> Iterable[tuple[str, int, int]]:
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
    more = error.error_count() - 1
    return f"{where}: {first['msg']}" + (f" (and {more} more)" if more else "")
