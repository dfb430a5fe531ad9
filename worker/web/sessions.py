"""The session cookie of somebody who has signed in with the password of the web server.

It holds a name and the time until which it is valid, signed with a key that is derived from the
password. So sessions survive a restart and are valid for all servers with the same password, and
a new password ends them all. The key is slow to derive, so that nobody who steals a cookie can
try passwords fast.
"""

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime, timedelta
from functools import cached_property

COOKIE = "worker_session"
LASTS = timedelta(hours=12)
_MOST_NAME = 64  # characters
_SALT = b"article-worker console session v1"


class SessionCookies:
    """Makes and checks session cookies for one password. Checking one costs microseconds."""

    def __init__(self, password: str) -> None:
        self._password = password

    def is_password(self, password: str) -> bool:
        """Whether this is the password, in a time that does not tell how much of it is right."""
        known, given = (
            hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
            for text in (self._password, password)
        )
        return bool(self._password) and hmac.compare_digest(known, given)

    def make(self, name: str, now: datetime) -> str:
        """Return the cookie of somebody who has given this name and the right password."""
        expires = int((now + LASTS).timestamp())
        claims = json.dumps([name.strip()[:_MOST_NAME], expires]).encode()
        return f"{_encoded(claims)}.{_encoded(self._signature(claims))}"

    def name_in(self, cookie: str, now: datetime) -> str | None:
        """Return the name in a session cookie; None if it is forged, or has expired."""
        if not self._password:
            return None
        claims, _, signature = cookie.partition(".")
        try:
            decoded, signed = urlsafe_b64decode(claims), urlsafe_b64decode(signature)
        except ValueError:
            return None
        if not hmac.compare_digest(signed, self._signature(decoded)):
            return None
        name, expires = json.loads(decoded)
        return str(name) if now.timestamp() < expires else None

    def _signature(self, claims: bytes) -> bytes:
        return hmac.digest(self._key, claims, "sha256")

    @cached_property
    def _key(self) -> bytes:
        password = self._password.encode("utf-8", "surrogatepass")
        return hashlib.scrypt(password, salt=_SALT, n=2**14, r=8, p=1, maxmem=2**26)


def _encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).decode()
