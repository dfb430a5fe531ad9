"""Access tokens of the web server's API: how they look, and the hash by which they are stored.

The store keeps only a SHA-256 hash of each. A token has 256 random bits, so nobody can find it by
trying tokens until one has this hash.
"""

import hashlib
import re
import secrets
from typing import NamedTuple

PREFIX = "worker_"  # by it, scanners for leaked secrets find a token in code
NAMES = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


class NewToken(NamedTuple):
    """A new access token: the text that its holder sends, and the hash that the store keeps."""

    text: str
    hash: str


def new_token() -> NewToken:
    """Make a random access token. Nobody can find out its text from the hash."""
    text = PREFIX + secrets.token_urlsafe(32)
    return NewToken(text, token_hash(text))


def token_hash(text: str) -> str:
    """The SHA-256 hash of an access token, in hexadecimal, by which the store finds it."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
