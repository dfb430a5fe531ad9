"""The tables that running the system needs: progress of jobs, alerts, sizes, access and audit.

`worker.store.database.schema` has all tables, and says how they belong together.
"""

from sqlalchemy import BigInteger, Column, Integer, Table

from worker.store.database.columns import FreeText, JsonColumn, KeyText, SerialColumn, UtcDateTime
from worker.store.database.table_metadata import metadata

job_progress = Table(
    "job_progress",
    metadata,
    Column("job", KeyText, primary_key=True),
    Column("until", UtcDateTime, nullable=False),  # what was stored before this time is done
)

alert_turns = Table(
    "alert_turns",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # 1: there is one row
    Column("holder", KeyText, nullable=False),
    Column("until", UtcDateTime, nullable=False),  # no other worker judges before this time
    Column("at", UtcDateTime),  # when the system was last judged
    Column("state", FreeText, nullable=False),  # JSON
)

table_sizes = Table(
    "table_sizes",
    metadata,
    Column("day", KeyText, primary_key=True),  # UTC, such as 2026-11-22
    Column("name", KeyText, primary_key=True),
    Column("bytes", BigInteger, nullable=False),  # with its indexes
)

access_tokens = Table(
    "access_tokens",
    metadata,
    Column("name", KeyText, primary_key=True),
    Column("hash", KeyText, nullable=False, unique=True),  # SHA-256 of the token, hexadecimal
    Column("scopes", JsonColumn, nullable=False),
    Column("created", UtcDateTime, nullable=False),
    Column("revoked", UtcDateTime),
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("id", SerialColumn, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False),
    Column("who", KeyText, nullable=False),
    Column("action", KeyText, nullable=False),
    Column("about", FreeText, nullable=False),
    Column("details", JsonColumn, nullable=False),
    sqlite_autoincrement=True,
)
