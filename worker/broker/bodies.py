"""Decode the body of a claimed message into raw articles, within limits of size and depth.

This runs in a pool process, so that a hostile body can't harm the main process. Decompression stops
at the maximum size of a message. An article whose JSON is nested too deep is replaced by a
placeholder before the body is parsed, so that the other articles of the message are processed.
"""

import bz2
import json
import lzma
import zlib
from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from worker.broker.canvas import TaskCall, embedded_calls, has_error_calls, mapped_calls
from worker.broker.messages import LONGEST, ClaimedMessage, InvalidMessage, read
from worker.model import zstd_frames
from worker.model.admission import LIMITS, Unopened
from worker.model.canonical_json import parse_shallow, parse_with_long_numbers
from worker.model.compressed_article import OpenedArticle, is_compressed, open_compressed
from worker.model.json_nesting import ENVELOPE, cut_deep_articles
from worker.model.receipts import delivered_receipt

MOST_ARTICLES = 5_000  # per message: 50 times the batch size in the contract
_MOST_IDS = 10_000
_LZMA_MEMORY = 100 * 1024 * 1024  # bytes; the highest preset of xz needs 65 MiB


def articles(
    message: ClaimedMessage, *, on_error_calls: Callable[[], None] = lambda: None
) -> list[tuple[str, object]]:
    """Decode the raw articles of a message. Returns each as a pair (receipt, article).

    The receipt is the id under which the store records what became of the article. An article that
    came compressed is returned as OpenedArticle, or as Unopened if it can't be decompressed. Raises
    InvalidMessage when the body can't be decoded, does not fit the parameters of the task that
    ingests articles, or has more than 5,000 articles.

    A Celery message may name tasks to run after an error. This worker never runs them, but it calls
    `on_error_calls` for such a message, so that the caller can report it.
    """
    args, kwargs, embed, cut = _arguments(message)
    if has_error_calls(embed):
        on_error_calls()
    decoded: list[tuple[str, object]] = []
    counts: Counter[str] = Counter()  # message id -> its articles so far
    room = LONGEST  # bytes to which the compressed articles of this message may still expand
    for call in _calls(message, args, kwargs, embed, cut):
        message_id = call.message_id or message.message_id
        batch, receipts = _articles_of(call, cut)
        for index, raw in enumerate(batch):
            article = _restored(raw, cut)
            if is_compressed(article):
                article = open_compressed(article, room)
            if isinstance(article, OpenedArticle):
                room -= article.payload.bytes
                raw = article.raw
            receipt = delivered_receipt(raw, index, message_id, receipts, counts[message_id])
            decoded.append((receipt, article))
        counts[message_id] += len(batch)
        if len(decoded) > MOST_ARTICLES:
            raise InvalidMessage("too-large", f"{len(decoded):,} articles, limit {MOST_ARTICLES:,}")
    return decoded


def redo_arguments(message: ClaimedMessage) -> tuple[str, list[str]]:
    """Read from a message which stored articles are to be processed again, and how.

    Returns the word for how, such as `retag`, which is not checked here, and the ids of the
    articles. Raises InvalidMessage when the body can't be decoded, or does not hold one text and a
    list of at most 10,000 ids.
    """
    args, kwargs, _, _ = _arguments(message)
    what, ids = _bind(lambda what, article_ids: (what, article_ids), args, kwargs)
    are_ids = isinstance(ids, list) and all(isinstance(article_id, str) for article_id in ids)
    if not isinstance(what, str) or not are_ids or len(ids) > _MOST_IDS:
        raise InvalidMessage("arguments", "expected the kind of work and a list of article ids")
    return what, ids


def receipts_in(data: bytes) -> list[str]:
    """List the receipts of the raw articles in the bytes of a message, as it stands in the broker.

    A receipt is the id by which a producer asks what became of an article that it enqueued.
    Receipts are also read from a message whose task this worker does not know. Returns an empty
    list for a message that can't be read.
    """
    try:
        return [receipt for receipt, _ in articles(read(data, any_task=True))]
    except InvalidMessage:
        return []


def _calls(
    message: ClaimedMessage,
    args: list[Any],
    kwargs: dict[str, Any],
    embed: object,
    cut: Mapping[str, bytes],
) -> Iterator[TaskCall]:
    """Each call of the ingest task in a message: usually one, with the arguments of the message.

    Raises InvalidMessage when these are not the arguments of the task.
    """
    if message.mapped_by:
        calls = mapped_calls(message.mapped_by, args, kwargs)
        if calls is None:
            raise InvalidMessage("unknown-task", f"{message.mapped_by} of no list or another task")
        yield from calls
    else:
        _bind(_ingest_arguments, args, kwargs)
        yield TaskCall(args, kwargs)
    yield from embedded_calls(embed, cut)


def _articles_of(call: TaskCall, cut: Mapping[str, bytes]) -> tuple[list[object], object]:
    """The raw articles and the receipts of one call of the ingest task.

    Arguments that the task does not take are returned as one raw article, which becomes a dead
    letter.
    """
    try:
        value, receipts = _bind(_ingest_arguments, call.args, call.kwargs)
    except InvalidMessage:
        return [call.args or call.kwargs], None
    if cut and isinstance(receipts, list):
        receipts = [None if _is_placeholder(receipt, cut) else receipt for receipt in receipts]
    return value if isinstance(value, list) else [value], receipts


def _ingest_arguments(articles: object, receipts: object = None) -> tuple[object, object]:
    return articles, receipts


def _arguments(
    message: ClaimedMessage,
) -> tuple[list[Any], dict[str, Any], object, dict[str, bytes]]:
    """Decode the three parts of a message's body, without articles nested too deep.

    Returns args, kwargs, embed, and the JSON text of each article that was removed, by the
    placeholder that stands in its position. Raises InvalidMessage.
    """
    content = _content(message)
    try:
        body, cut = _parsed(content)
    except ValueError as e:
        raise InvalidMessage("undecodable", str(e)) from e
    if not (isinstance(body, list) and len(body) == 3):
        raise InvalidMessage("undecodable", "the body is no list of args, kwargs and embed")
    args, kwargs, embed = body
    if not isinstance(args, list) or not isinstance(kwargs, dict):
        raise InvalidMessage("arguments", "expected a list of args and an object of kwargs")
    return args, kwargs, embed, cut


def _content(message: ClaimedMessage) -> bytes:
    """Decode base64, compression and charset of a message's body. Returns its JSON text in UTF-8.

    Raises InvalidMessage when one of them does not fit the body.
    """
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
    """Decompress a body without exceeding the maximum size of a message or of the decoder's memory.

    Raises InvalidMessage when the output reaches the maximum size of a message, ValueError when the
    input is truncated, and the library's own error when it is corrupt.
    """
    decompressor: Any
    if compression == "zstd":
        try:
            return zstd_frames.decompress(data, LONGEST)
        except zstd_frames.FrameTooLong as e:
            raise InvalidMessage("too-large", f"the decompressed body has {e}") from e
    if compression == "zlib":
        # 32 + 15: detects the header of zlib or of gzip
        decompressor = zlib.decompressobj(wbits=47)
    elif compression == "bz2":
        decompressor = bz2.BZ2Decompressor()
    else:
        decompressor = lzma.LZMADecompressor(memlimit=_LZMA_MEMORY)
    output: bytes = decompressor.decompress(data, LONGEST)
    if len(output) == LONGEST:
        raise InvalidMessage("too-large", f"the decompressed body has {LONGEST:,} bytes or more")
    if not decompressor.eof:
        raise ValueError("the compressed body is truncated")
    return output


def _parsed(content: bytes) -> tuple[Any, dict[str, bytes]]:
    """Parse the JSON of a body, without articles nested too deep; these are returned as text, by
    the placeholder that stands in the position of each. Raises ValueError."""
    try:
        return parse_shallow(content, LIMITS.depth + ENVELOPE - 1), {}
    except ValueError:
        pass  # too deep, or not for the fast parser
    data, cut = cut_deep_articles(content, LIMITS.depth)
    return parse_with_long_numbers(data), cut


def _bind(signature: Callable[..., Any], args: list[Any], kwargs: dict[str, Any]) -> Any:
    """Match a message's arguments with the parameters of `signature`, and return what it returns.

    Raises InvalidMessage when an argument is missing or unexpected.
    """
    try:
        return signature(*args, **kwargs)
    except TypeError as e:
        raise InvalidMessage("arguments", str(e).partition("() ")[2]) from e


def _is_placeholder(value: object, cut: Mapping[str, bytes]) -> bool:
    return isinstance(value, str) and value in cut


def _restored(raw: object, cut: Mapping[str, bytes]) -> object:
    """The raw article itself, or for a placeholder the unparsed article that it replaced."""
    if not (isinstance(raw, str) and raw in cut):
        return raw
    return Unopened(
        text=cut[raw].decode("utf-8", "replace"),
        detail=f"nested more than {LIMITS.depth} levels deep",
    )
