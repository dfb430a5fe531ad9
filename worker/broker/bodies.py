"""Decode the body of a claimed message, in a pool child and under limits of size and depth.

Decompression stops at the maximum size of a message. An article that is nested too deep is removed
before JSON is parsed, so that the other articles of the message are still processed.
"""

import bz2
import json
import lzma
import zlib
from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any

from worker.broker.messages import LONGEST, ClaimedMessage, InvalidMessage, read
from worker.model.admission import LIMITS, Unopened
from worker.model.json_nesting import cut_deep_articles
from worker.model.receipts import delivered_receipt

MOST_ARTICLES = 5_000  # per message: 50 times the batch size in the contract
_MOST_IDS = 10_000
_LZMA_MEMORY = 100 * 1024 * 1024  # bytes; the highest preset of xz needs 65 MiB


def articles(message: ClaimedMessage) -> list[tuple[str, object]]:
    """The raw articles of a message, each with its receipt. Raises Unreadable."""
    args, kwargs, cut = _arguments(message)
    given, receipts = _named(lambda articles, receipts=None: (articles, receipts), args, kwargs)
    batch = given if isinstance(given, list) else [given]
    if len(batch) > MOST_ARTICLES:
        raise InvalidMessage("too-large", f"{len(batch):,} articles, limit {MOST_ARTICLES:,}")
    if cut and isinstance(receipts, list):
        receipts = [None if _stands_for_cut(each, cut) else each for each in receipts]
    return [
        (delivered_receipt(raw, place, message.message_id, receipts), _with_cut(raw, cut))
        for place, raw in enumerate(batch)
    ]


def redo_arguments(message: ClaimedMessage) -> tuple[str, list[str]]:
    """The kind of reprocessing, and the ids of the articles. Raises Unreadable."""
    args, kwargs, _ = _arguments(message)
    what, ids = _named(lambda what, article_ids: (what, article_ids), args, kwargs)
    named = isinstance(ids, list) and all(isinstance(each, str) for each in ids)
    if not isinstance(what, str) or not named or len(ids) > _MOST_IDS:
        raise InvalidMessage("arguments", "expected the kind of work and a list of article ids")
    return what, ids


def receipts_in(data: bytes) -> list[str]:
    """The receipts of the raw articles in a message; an empty list when it can't be read.

    Messages of unknown tasks are read too, because their producers may wait for the receipts.
    """
    try:
        return [receipt for receipt, _ in articles(read(data, any_task=True))]
    except InvalidMessage:
        return []


def _arguments(message: ClaimedMessage) -> tuple[list[Any], dict[str, Any], dict[str, bytes]]:
    """args, kwargs, and the removed articles by placeholder. The third part is ignored."""
    content = _content(message)
    try:
        data, cut = cut_deep_articles(content, LIMITS.depth)
        body = _parsed(data.decode("utf-8", "surrogatepass"))
    except ValueError as e:
        raise InvalidMessage("undecodable", str(e)) from e
    if not (isinstance(body, list) and len(body) == 3):
        raise InvalidMessage("undecodable", "the body is no list of args, kwargs and embed")
    args, kwargs, _ = body
    if not isinstance(args, list) or not isinstance(kwargs, dict):
        raise InvalidMessage("arguments", "expected a list of args and an object of kwargs")
    return args, kwargs, cut


def _content(message: ClaimedMessage) -> bytes:
    """The JSON text of the body, in UTF-8. Raises Unreadable."""
    try:
        if message.body_encoding != "base64":
            return message.body.encode("utf-8", "surrogatepass")
        data = b64decode(message.body)
        if message.compression:
            data = _decompressed(data, message.compression)
        charset = message.charset
        charset = json.detect_encoding(data) if charset == "utf-8" else charset
        return data if charset == "utf-8" else data.decode(charset).encode()
    except InvalidMessage:
        raise
    except (ValueError, EOFError, OSError, zlib.error, lzma.LZMAError) as e:
        raise InvalidMessage("undecodable", f"{type(e).__name__}: {e}") from e


def _decompressed(data: bytes, compression: str) -> bytes:
    """Raises Unreadable when the output reaches the maximum size of a message, ValueError when the
    input is truncated, and the library's own error when it is corrupt."""
    opener: Any
    if compression == "zlib":
        opener = zlib.decompressobj(wbits=47)  # 32 + 15: detects the header of zlib or of gzip
    elif compression == "bz2":
        opener = bz2.BZ2Decompressor()
    else:
        opener = lzma.LZMADecompressor(memlimit=_LZMA_MEMORY)
    opened: bytes = opener.decompress(data, LONGEST)
    if len(opened) == LONGEST:
        raise InvalidMessage("too-large", f"the decompressed body has {LONGEST:,} bytes or more")
    if not opener.eof:
        raise ValueError("the compressed body is truncated")
    return opened


def _parsed(text: str) -> Any:
    """Raises ValueError. Integers over Python's limit of digits stay strings."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except ValueError:
        return json.loads(
            text, parse_int=lambda digits: int(digits) if len(digits) < 4000 else digits
        )


def _named(signature: Callable[..., Any], args: list[Any], kwargs: dict[str, Any]) -> Any:
    """Bind args and kwargs to the signature. Raises Unreadable when they do not match."""
    try:
        return signature(*args, **kwargs)
    except TypeError as e:
        raise InvalidMessage("arguments", str(e).partition("() ")[2]) from e


def _stands_for_cut(value: object, cut: Mapping[str, bytes]) -> bool:
    return isinstance(value, str) and value in cut


def _with_cut(raw: object, cut: Mapping[str, bytes]) -> object:
    if not (isinstance(raw, str) and raw in cut):
        return raw
    return Unopened(
        text=cut[raw].decode("utf-8", "replace"),
        detail=f"nested more than {LIMITS.depth} levels deep",
    )
