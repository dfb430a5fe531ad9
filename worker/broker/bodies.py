"""The body of a claimed message is opened: in a pool child, under limits of size and depth.

A compressed body is opened as far as the longest message may be, and an article that is nested too
deep is taken out before the parser sees it, so that its neighbours go on without it.
"""

import bz2
import json
import lzma
import zlib
from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any

from worker.broker.messages import LONGEST, Claimed, Unreadable, read
from worker.contract import LIMITS, Unopened, receipt_of
from worker.nesting import cut_deep_articles

MOST_ARTICLES = 5_000  # of one message: 50 times what the contract promises to take
_MOST_IDS = 10_000
_LZMA_MEMORY = 100 * 1024 * 1024  # bytes: the strongest usual preset needs 65 MiB


def articles(message: Claimed) -> list[tuple[str, object]]:
    """The raw articles of a message, each with its receipt. Raises Unreadable."""
    args, kwargs, cut = _arguments(message)
    given, receipts = _named(lambda articles, receipts=None: (articles, receipts), args, kwargs)
    batch = given if isinstance(given, list) else [given]
    if len(batch) > MOST_ARTICLES:
        raise Unreadable("too-large", f"{len(batch):,} articles, limit {MOST_ARTICLES:,}")
    if cut and isinstance(receipts, list):
        receipts = [None if _stands_for_cut(each, cut) else each for each in receipts]
    return [
        (receipt_of(raw, place, message.message_id, receipts), _with_cut(raw, cut))
        for place, raw in enumerate(batch)
    ]


def redo_arguments(message: Claimed) -> tuple[str, list[str]]:
    """What is to be done over, and the ids of the articles. Raises Unreadable."""
    args, kwargs, _ = _arguments(message)
    what, ids = _named(lambda what, article_ids: (what, article_ids), args, kwargs)
    named = isinstance(ids, list) and all(isinstance(each, str) for each in ids)
    if not isinstance(what, str) or not named or len(ids) > _MOST_IDS:
        raise Unreadable("arguments", "expected the kind of work and a list of article ids")
    return what, ids


def receipts_in(data: bytes) -> list[str]:
    """The receipts of the raw articles in a message, as the worker will name them; none of one
    that can't be read. Also of a task that this worker does not know: somebody waits for them."""
    try:
        return [receipt for receipt, _ in articles(read(data, any_task=True))]
    except Unreadable:
        return []


def _arguments(message: Claimed) -> tuple[list[Any], dict[str, Any], dict[str, bytes]]:
    """args, kwargs, and what was cut out of them. Celery's third part is not looked at."""
    content = _content(message)
    try:
        data, cut = cut_deep_articles(content, LIMITS.depth)
        body = _parsed(data.decode("utf-8", "surrogatepass"))
    except ValueError as e:
        raise Unreadable("undecodable", str(e)) from e
    if not (isinstance(body, list) and len(body) == 3):
        raise Unreadable("undecodable", "the body is no list of args, kwargs and embed")
    args, kwargs, _ = body
    if not isinstance(args, list) or not isinstance(kwargs, dict):
        raise Unreadable("arguments", "expected a list of args and an object of kwargs")
    return args, kwargs, cut


def _content(message: Claimed) -> bytes:
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
    except Unreadable:
        raise
    except (ValueError, EOFError, OSError, zlib.error, lzma.LZMAError) as e:
        raise Unreadable("undecodable", f"{type(e).__name__}: {e}") from e


def _decompressed(data: bytes, compression: str) -> bytes:
    """Raises ValueError and what the libraries raise; stops at the size of the longest message."""
    opener: Any
    if compression == "zlib":
        opener = zlib.decompressobj(wbits=47)  # 32 + 15: with the head of zlib or of gzip
    elif compression == "bz2":
        opener = bz2.BZ2Decompressor()
    else:
        opener = lzma.LZMADecompressor(memlimit=_LZMA_MEMORY)
    opened: bytes = opener.decompress(data, LONGEST)
    if len(opened) == LONGEST:
        raise Unreadable("too-large", f"opened it has {LONGEST:,} bytes or more")
    if not opener.eof:
        raise ValueError("the compressed body is cut off")
    return opened


def _parsed(text: str) -> Any:
    """Numbers that are too long to compute with stay the text they are. Raises ValueError."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except ValueError:
        return json.loads(
            text, parse_int=lambda digits: int(digits) if len(digits) < 4000 else digits
        )


def _named(signature: Callable[..., Any], args: list[Any], kwargs: dict[str, Any]) -> Any:
    """The arguments as a task of this signature takes them, by place or by name."""
    try:
        return signature(*args, **kwargs)
    except TypeError as e:
        raise Unreadable("arguments", str(e).partition("() ")[2]) from e


def _stands_for_cut(value: object, cut: Mapping[str, bytes]) -> bool:
    return isinstance(value, str) and value in cut


def _with_cut(raw: object, cut: Mapping[str, bytes]) -> object:
    if not (isinstance(raw, str) and raw in cut):
        return raw
    return Unopened(
        text=cut[raw].decode("utf-8", "replace"),
        detail=f"nested more than {LIMITS.depth} levels deep",
    )
