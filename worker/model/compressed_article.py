"""Compress a raw article for its message, and open one that came compressed.

In its batch the JSON object `{"schema": "raw-article-zstd/1", "zstd": "KLUv/S…"}` stands for the
article: its JSON as one Zstandard frame, in base64. Each article is compressed by itself, so the
frame can be stored as it came, and one that can't be read becomes a dead letter alone.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any, NamedTuple

from worker.errors import Reason
from worker.model import zstd_frames
from worker.model.admission import LIMITS, Payload, Unopened
from worker.model.canonical_json import parse_shallow, parse_with_long_numbers
from worker.model.json_nesting import too_deep
from worker.model.json_problems import problem

COMPRESSED_SCHEMA = "raw-article-zstd/1"


class OpenedArticle(NamedTuple):
    """A raw article that came compressed: its JSON value, and its payload, the JSON to be stored.

    The payload has the frame in which the article came, if that can be stored unchanged.
    """

    raw: object
    payload: Payload


def compress_article(data: bytes) -> dict[str, str]:
    """Make the JSON object that stands for an article in a message. `data` is its JSON in UTF-8."""
    frame = b64encode(zstd_frames.compress(data)).decode()
    return {"schema": COMPRESSED_SCHEMA, "zstd": frame}


def is_compressed(raw: object) -> bool:
    """Whether a JSON value of a message says of itself that it is a compressed article."""
    return isinstance(raw, Mapping) and raw.get("schema") == COMPRESSED_SCHEMA


def open_compressed(raw: Any, room: int) -> OpenedArticle | Unopened:
    """Decompress the article for which `raw` stands, and parse it. Nothing is raised.

    `room` is the number of bytes to which the other articles of its message leave it to expand. An
    article that is over that or over the limit of the contract, or whose frame or JSON is damaged,
    is returned as Unopened: it becomes a dead letter with `raw` as its payload.
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


class _TooDeep(Exception):
    """Raised for an article whose JSON is nested too deep."""


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
    text = json.dumps(raw, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return Unopened(text=text, detail=detail, reason=reason)
