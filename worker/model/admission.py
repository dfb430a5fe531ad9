"""Check whether a JSON value is a valid raw article, and parse it.

Valid is what the format `raw-article/1` allows, in which producers send articles. Producers and
workers call the same function, `admit`, so a producer learns before sending what a worker would
refuse. Other packages import the classes of raw_article.py from here.
"""

import builtins
import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError

from worker.errors import Reason, Rejected
from worker.model import zstd_frames
from worker.model.canonical_json import canonical_json
from worker.model.frozen_model import Frozen
from worker.model.json_problems import looks_like_json, text_problem
from worker.model.limits import LIMITS, Limits
from worker.model.raw_article import SCHEMA, Content, Feed, Fetch, Media, RawArticle, Source
from worker.model.source_names import DEFAULT_SOURCE, best_name, host

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
_MAX_DETAIL_CHARS = 500  # characters
_MAX_PAYLOAD_BYTES = 2**53  # bytes: integers up to this are exact in every language


def source_of(raw: object) -> str:
    """Return the name of the source of a raw article that may be invalid, `local` if it has none.

    `raw` may be any JSON value. This never raises, so that the dead letter of an invalid article
    can name its source.
    """
    if not isinstance(raw, Mapping):
        return DEFAULT_SOURCE
    source, feed = raw.get("source"), raw.get("feed")
    return best_name(
        source.get("id") if isinstance(source, Mapping) else "",
        feed.get("url") if isinstance(feed, Mapping) else "",
        raw.get("link"),
    )


class Unopened(Frozen):
    """A raw article that was not parsed, for example because its JSON is nested too deep.

    It takes the place of the article in its batch, so that this article becomes a dead letter and
    the others are processed. `text` is its JSON as received. `reason` and `detail` tell why it was
    not parsed; the dead letter shows both.
    """

    text: str
    detail: str
    reason: Reason = Reason.MALFORMED


class Payload(Frozen):
    """The JSON text of a raw article as it was received, stored with its article or dead letter.

    `bytes` and `sha256` are the size and a hash of the JSON. If it is over the size limit, `whole`
    is False and `text` is only its beginning. `frame` is the same JSON compressed to a Zstandard
    frame, to be stored in that form; b"" if it was not compressed. `frame` is left out when the
    payload is written into a message.
    """

    text: str
    sha256: str
    bytes: int
    whole: bool
    frame: Annotated[builtins.bytes, Field(exclude=True, repr=False)] = b""

    @classmethod
    def of(
        cls,
        raw: object,
        limits: Limits = LIMITS,
        *,
        frame: builtins.bytes = b"",
        unpacked: builtins.bytes = b"",
    ) -> Self:
        """Make the payload of a raw article, valid or not, to store it with its article or dead
        letter.

        Any value is accepted, and nothing is raised. A value that can't be written as JSON is
        reduced to the names of its keys or the name of its type. Of one over the size limit, only
        the beginning is stored. If the article came compressed, `frame` is what came, a Zstandard
        frame, and `unpacked` the JSON in it; the frame is stored as it is if that JSON is written
        as this package writes it.
        """
        data = (
            raw.text.encode("utf-8", "surrogatepass") if isinstance(raw, Unopened) else _json(raw)
        )
        digest = sha256(data).hexdigest()
        # The hash of the whole article can't be verified, so that of the excerpt itself is stored.
        if head := _excerpted(raw):
            return cls(text=head.text, sha256=digest, bytes=head.bytes, whole=False)
        complete = len(data) <= limits.article_bytes
        kept = data if complete else data[: limits.kept_bytes]
        stays = complete and data == unpacked and len(frame) <= len(data)
        return cls(
            text=kept.decode("utf-8", "replace"),
            sha256=digest,
            bytes=len(data),
            whole=complete,
            frame=frame if stays else b"",
        )

    def compressed(self) -> Self:
        """Return this payload with its JSON also as a Zstandard frame (`frame`), the form in which
        it is stored. A payload that has a frame already is returned as it is."""
        if self.frame:
            return self
        data = self.text.encode("utf-8", "surrogatepass")
        return type(self)(
            text=self.text,
            sha256=self.sha256,
            bytes=self.bytes,
            whole=self.whole,
            frame=zstd_frames.compress(data),
        )

    @property
    def digest(self) -> str:
        """The first 128 bits of the JSON's SHA-256 as hex, which suffice to tell two payloads
        apart."""
        return self.sha256[:32]


class Excerpt(Frozen):
    """What a producer puts into a batch in place of a raw article that is over the size limit.

    `excerpt` has the beginning of the article's JSON and the hash and size of all of it; `detail`
    says which limit was exceeded. The worker stores it as a dead letter with the reason
    `too-large`.
    """

    schema_: Literal["raw-article-excerpt/1"] = Field(
        default="raw-article-excerpt/1", alias="schema"
    )
    excerpt: Payload
    detail: str


def _excerpted(raw: object) -> Payload | None:
    """Return the payload inside an Excerpt in JSON form, or None when `raw` is no valid excerpt."""
    if not isinstance(raw, Mapping) or raw.get("schema") != EXCERPT_SCHEMA:
        return None
    try:
        head = Excerpt.model_validate(raw).excerpt
    except ValidationError:
        return None
    possible = len(head.text) <= LIMITS.kept_bytes < head.bytes <= _MAX_PAYLOAD_BYTES
    return head if possible and not head.whole else None


def _json(raw: object) -> bytes:
    try:
        return canonical_json(raw)
    except (RecursionError, TypeError, ValueError):
        reduced = sorted(map(str, raw)) if isinstance(raw, Mapping) else _kind(raw)
        return json.dumps(reduced).encode()


def admit(raw: object, size: int, limits: Limits = LIMITS) -> RawArticle:
    """Check whether a JSON value is a valid raw article, and return it parsed.

    `size` is its size in bytes as received. Raises Rejected with the reason `malformed`,
    `unknown-schema` or `too-large`, and a detail that says what is wrong, with the key at fault.
    """
    if isinstance(raw, Unopened):
        raise Rejected(raw.reason, raw.detail)
    if not isinstance(raw, Mapping):
        raise Rejected(Reason.MALFORMED, _no_object(raw))
    schema = raw.get("schema")
    if schema == EXCERPT_SCHEMA and _excerpted(raw):
        raise Rejected(Reason.TOO_LARGE, raw["detail"][:_MAX_DETAIL_CHARS])
    if schema not in (None, SCHEMA):
        raise Rejected(Reason.UNKNOWN_SCHEMA, f"schema {schema!r}, this worker reads {SCHEMA}")
    if size > limits.article_bytes:
        raise Rejected(Reason.TOO_LARGE, _over_limit("article bytes", size, limits.article_bytes))
    try:
        article = RawArticle.model_validate(raw)
    except ValidationError as e:
        raise Rejected(Reason.MALFORMED, _first_problem(e)) from e
    for quantity, amount, limit in sizes(article, limits):
        if amount > limit:
            raise Rejected(Reason.TOO_LARGE, _over_limit(quantity, amount, limit))
    return article


def _no_object(raw: object) -> str:
    """Why a value is no raw article; of a text that is not JSON, why it can't be parsed."""
    if isinstance(raw, str) and raw.strip() and (why := text_problem(raw)):
        what = "not a JSON object" if looks_like_json(raw) else "not JSON"
        return f"{what}: {why}"
    return f"expected an object, got {_kind(raw)}"


def sizes(article: RawArticle, limits: Limits = LIMITS) -> Iterable[tuple[str, int, int]]:
    """Yield (name, size, limit) for each part of an article that may be too large, to find which
    one is.

    An example is ("title bytes", 31, 1024). The titles and addresses of source and feed are cut
    when an article is parsed, so they are never too large.
    """
    yield "id bytes", _bytes(article.id), limits.id_bytes
    yield "link bytes", _bytes(article.link), limits.link_bytes
    yield "title bytes", _bytes(article.title), limits.title_bytes
    yield "summary bytes", _bytes(article.summary), limits.summary_bytes
    yield "source.title bytes", _bytes(article.source.title), limits.name_bytes
    yield "source.url bytes", _bytes(article.source.url), limits.link_bytes
    yield "feed.title bytes", _bytes(article.feed.title), limits.name_bytes
    yield "feed.url bytes", _bytes(article.feed.url), limits.link_bytes
    yield "authors", len(article.authors), limits.authors
    yield "tags", len(article.tags), limits.tags
    yield "media", len(article.media), limits.media


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _over_limit(quantity: str, amount: int, limit: int) -> str:
    return f"{quantity}: {amount:,} over the limit of {limit:,}"


def _kind(value: object) -> str:
    names = {str: "text", list: "a list", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number" if isinstance(value, int | float) else "something")


def _first_problem(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(str(part) for part in first["loc"]) or "article"
    message = first["msg"].replace("valid tuple", "list").replace("Input should", "should")
    more = error.error_count() - 1
    return f"{field}: {message}" + (f" (and {more} more)" if more else "")
