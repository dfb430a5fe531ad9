"""Column types that store any Python value without an error, on both PostgreSQL and SQLite.

What is read back is the same on both databases. Characters that PostgreSQL refuses, NUL and half
surrogate pairs, are replaced before they are stored.
"""

import json
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

import orjson
from sqlalchemy import ARRAY, JSON, BigInteger, DateTime, Dialect, Integer, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

# A PostgreSQL index row holds 2,704 bytes; the widest key here is two names.
NAME_BYTES = 1000


def storable(text: str) -> str:
    """Return the text with what PostgreSQL refuses (NUL, half surrogate pairs) replaced by
    U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def stored_name(text: str) -> str:
    """Return the form in which the database stores a key, id or other name: at most 1,000 bytes.

    Most names stay as they are. One that is longer, or has characters that PostgreSQL refuses,
    becomes its first 200 characters and a hash of the whole name. So it fits into a database index,
    and different names stay different.
    """
    if text.isascii() and len(text) <= NAME_BYTES and "\0" not in text:
        return text  # nearly all names, and several for each row
    clean = storable(text)
    if clean == text and (len(text) * 4 <= NAME_BYTES or len(text.encode()) <= NAME_BYTES):
        return clean
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return f"{clean[:200]}…{digest}"


def dumps(value: object) -> str:
    """Write a value as JSON text that PostgreSQL and SQLite accept.

    NUL characters and lone surrogates are replaced by U+FFFD, and NaN and infinities become null.
    """
    try:
        text = orjson.dumps(value).decode()  # NaN and infinities are null
    except TypeError:  # lone surrogates, keys that are no strings, numbers of over 64 bits
        text = "\\u0000"
    if "\\u0000" in text:
        text = json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"))
    return text


def _plain(value: object) -> object:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {storable(str(k)): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, float) and value - value != 0:  # NaN and the infinities
        return None
    return value


class FreeText(TypeDecorator[str]):
    """A column for text of any length that no query looks up as a whole, such as the text of an
    article.

    Before it is stored, characters that PostgreSQL refuses (NUL, lone surrogates) are replaced.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else storable(value)


class KeyText(TypeDecorator[str]):
    """A text column for ids and other names that queries look up as a whole, so that it can be
    indexed.

    A name of over 1,000 bytes, or with characters that PostgreSQL refuses, is stored cut and with a
    hash of the whole name (`stored_name`).
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else stored_name(value)


class UtcDateTime(TypeDecorator[datetime]):
    """A time column that takes and returns timezone-aware times; those that it returns are in UTC.

    A time without time zone is refused with ValueError. In SQLite, which has no time zones, times
    are stored in UTC without a zone.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without time zone: {value}")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


JsonColumn = JSON().with_variant(JSONB(), "postgresql")
NumbersColumn = JSON().with_variant(ARRAY(BigInteger), "postgresql")
SerialColumn = BigInteger().with_variant(Integer(), "sqlite")
