"""Store access tokens and the audit log of the web server in SQLite and PostgreSQL databases."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from worker.store.access_values import AccessToken, AuditEntry, Scope
from worker.store.database.engine import Transaction
from worker.store.database.schema import access_tokens, audit_log

_SHOWN = ("name", "scopes", "created", "revoked")


class SqlAccess:
    """Stores access tokens and the audit log in an SQL database.

    It implements the protocol AccessStore, whose docstrings describe the methods. `reading` and
    `writing` are functions that open a transaction of the database.
    """

    def __init__(
        self,
        reading: Transaction,
        writing: Transaction,
    ) -> None:
        self._reading = reading
        self._writing = writing

    def add_token(self, token: AccessToken, token_hash: str) -> bool:
        name = access_tokens.c.name
        values = {
            "name": token.name,
            "hash": token_hash,
            "scopes": [scope.value for scope in token.scopes],
            "created": token.created,
        }
        with self._writing() as connection:
            if connection.scalar(sa.select(name).where(name == token.name)) is not None:
                return False
            connection.execute(sa.insert(access_tokens).values(values))
            return True

    def tokens(self) -> list[AccessToken]:
        statement = sa.select(*(access_tokens.c[column] for column in _SHOWN))
        statement = statement.order_by(access_tokens.c.name)
        with self._reading() as connection:
            return [_token_of(row) for row in connection.execute(statement).mappings()]

    def token_by_hash(self, token_hash: str) -> AccessToken | None:
        statement = sa.select(*(access_tokens.c[column] for column in _SHOWN))
        statement = statement.where(access_tokens.c.hash == token_hash)
        with self._reading() as connection:
            row = connection.execute(statement).mappings().first()
        return _token_of(row) if row else None

    def revoke_token(self, name: str, *, now: datetime) -> bool:
        c = access_tokens.c
        statement = sa.update(access_tokens).where(c.name == name, c.revoked.is_(None))
        with self._writing() as connection:
            return connection.execute(statement.values(revoked=now)).rowcount > 0

    def add_audit_entry(self, entry: AuditEntry) -> None:
        values = {
            "at": entry.at,
            "who": entry.who,
            "action": entry.action,
            "about": entry.about,
            "details": dict(entry.details),
        }
        with self._writing() as connection:
            connection.execute(sa.insert(audit_log).values(values))

    def audit_entries(self, before: int | None, limit: int) -> Sequence[AuditEntry]:
        c = audit_log.c
        statement = sa.select(audit_log).order_by(c.id.desc()).limit(limit)
        if before is not None:
            statement = statement.where(c.id < before)
        with self._reading() as connection:
            return [
                AuditEntry(
                    number=row.id,
                    at=row.at,
                    who=row.who,
                    action=row.action,
                    about=row.about,
                    details=row.details,
                )
                for row in connection.execute(statement)
            ]


def _token_of(row: sa.RowMapping) -> AccessToken:
    return AccessToken(
        name=row["name"],
        scopes=tuple(Scope(scope) for scope in row["scopes"]),
        created=row["created"],
        revoked=row["revoked"],
    )
