"""Compress a raw article for the message in which it is sent, and open one that came compressed.

The message has the object `{"schema": "raw-article-zstd/1", "zstd": "KLUv/S…"}` in place of the
article. Its `zstd` is the article's JSON, compressed to a Zstandard frame and written in base64.
Each article is compressed by itself, so its frame can be stored as it came, and a damaged frame
makes only its own article a dead letter.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any, NamedTuple

from worker.errors import Reason
from worker.model import zstd_frames
from worker.model.admission import LIMITS, Payload, Unopened
from worker.model.canonical_json import canonical_json, parse_shallow, parse_with_long_numbers
from worker.model.json_nesting import too_deep
from worker.model.json_problems import problem

COMPRESSED_SCHEMA = "raw-article-zstd/1"


class OpenedArticle(NamedTuple):
    """A raw article that came compressed and was opened: its JSON value (`raw`), and the JSON text
    to be stored (`payload`). The payload keeps the compressed form in which the article came, if
    that can be stored as it is."""

    raw: object
    payload: Payload


def compress_article(data: bytes) -> dict[str, str]:
    """Compress an article, and return the JSON object that takes its place in a message. `data` is
    the article's JSON in UTF-8."""
    frame = b64encode(zstd_frames.compress(data)).decode()
    return {"schema": COMPRESSED_SCHEMA, "zstd": frame}


def is_compressed(raw: object) -> bool:
    """Return whether a value in a message is meant to be a compressed article, because its key
    `schema` says so. It may still be damaged."""
    return isinstance(raw, Mapping) and raw.get("schema") == COMPRESSED_SCHEMA


def open_compressed(raw: Any, room: int) -> OpenedArticle | Unopened:
    """Decompress and parse an article that came compressed. Nothing is raised.

    `raw` is the JSON object that came in place of the article, and `room` the number of bytes that
    the article may have, so that all articles of the message together stay below the limit. If the
    article is larger than that or than one article may be, or is damaged, the result is an
    Unopened, which becomes a dead letter.
    """
    try:
        frame = _frame(raw.get("zstd"))
        data = zstd_frames.decompress(frame, min(room, LIMITS.article_bytes))
        article = _parsed(data)
    except _TooDeep:
        return _unopened(raw, f"nested more than {LIMITS.depth} levels deep")
    except zstd_frames.FrameTooLong as e:
        limited = "its message" if room < LIMITS.article_bytes else "an article"
        return _unopened(raw, f"zstd: expands to {e}, the limit of {limited}", Reason.TOO_LARGE)
    except (zstd_frames.InvalidFrame, UnicodeDecodeError) as e:
        return _unopened(raw, f"zstd: {e}")
    except (ValueError, RecursionError) as e:
        return _unopened(raw, f"zstd: the article is no JSON: {problem(e)}")
    return OpenedArticle(article, Payload.of(article, frame=frame, unpacked=data))


def opened(raw: object) -> object:
    """Return the raw article that came compressed as `raw`. A raw article that is not compressed is
    returned unchanged.

    For a damaged one the result is an Unopened, which `admit` refuses with the reason.
    """
    if not is_compressed(raw):
        return raw
    article = open_compressed(raw, LIMITS.article_bytes)
    return article.raw if isinstance(article, OpenedArticle) else article


class _TooDeep(Exception):
    """Raised inside this module for an article whose JSON has lists and objects nested deeper than
    the contract allows."""


def _parsed(data: bytes) -> Any:
    try:
        return parse_shallow(data, LIMITS.depth)
    except ValueError:
        pass  # too deep, or not for the fast parser
    if too_deep(data, LIMITS.depth):
        raise _TooDeep
    return parse_with_long_numbers(data)


def _frame(text: object) -> bytes:
    """Decode the base64 of a frame, which may be wrapped into lines. Raises InvalidFrame."""
    if not isinstance(text, str):
        raise zstd_frames.InvalidFrame("the key zstd has no text")
    try:
        return b64decode(text, validate=True)
    except ValueError:
        pass  # perhaps because of line breaks
    try:
        return b64decode("".join(text.split()), validate=True)
    except ValueError as e:
        raise zstd_frames.InvalidFrame("no base64") from e


def _unopened(raw: object, detail: str, reason: Reason = Reason.MALFORMED) -> Unopened:
    text = canonical_json(raw).decode("utf-8", "surrogatepass")
    return Unopened(text=text, detail=detail, reason=reason)
