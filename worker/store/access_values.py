"""Who may use the web server: access tokens, and the log of who did what."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class Scope(StrEnum):
    """What the holder of an access token may do: `read` pages and data, and `act` on them, such as
    to replay a dead letter."""

    READ = "read"
    ACT = "act"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """A token by which a program or a person uses the API of the web server, without its secret.

    `revoked` is when it became invalid, None for a valid one.
    """

    name: str
    scopes: tuple[Scope, ...]
    created: datetime
    revoked: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One entry of the audit log: `who` did what, at which time.

    `who` is the name that a person gave when signing in, or `token:NAME`. `action` is a word such
    as `letters.dropped`, `about` says on what, and `details` has numbers and parameters.
    `number` grows from each entry to the next; it is 0 in an entry that is not stored yet.
    """

    at: datetime
    who: str
    action: str
    about: str
    details: Mapping[str, Any]
    number: int = 0
