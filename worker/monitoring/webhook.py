"""Send a report about incidents to a webhook: an HTTP POST with JSON, signed by a secret.

The signature is that of the specification Standard Webhooks (standardwebhooks.com), for which there
are libraries in most languages.
"""

import base64
import binascii
import hmac
import http.client
import re
import ssl
import time
from contextlib import closing, suppress
from datetime import datetime
from hashlib import sha256
from urllib.parse import urlsplit

from worker.errors import Unavailable
from worker.monitoring.alert_messages import AlertMessage, encoded

TIMEOUT_S = 10.0  # for connecting, sending and the first line of the answer together
_PREFIX = "whsec_"
_STATUS = re.compile(rb"HTTP/\d\.\d (\d{3})")
_LONGEST_LINE = 1024  # bytes


def post(url: str, secret: str, message: AlertMessage, now: datetime) -> None:
    """Send a report to the webhook at `url`, signed with `secret` unless that is empty.

    Raises Unavailable unless the server answers within 10 s with a status from 200 to 299. A
    redirection is an error too, because the report must not go to another server.
    """
    body = encoded(message)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "article-worker",
        "Connection": "close",
        **signature_headers(message.id, body, secret, now),
    }
    try:
        status = _request(url, body, headers)
    except (OSError, http.client.HTTPException, ValueError) as e:
        raise Unavailable(
            "webhook", type(e).__name__ if isinstance(e, ValueError) else str(e)
        ) from e
    if not 200 <= status < 300:
        raise Unavailable("webhook", f"the server answered with status {status}")


def signature_headers(message_id: str, body: bytes, secret: str, now: datetime) -> dict[str, str]:
    """Return the HTTP headers that identify a report and prove that it is from someone who knows
    the secret.

    `webhook-signature` is an HMAC-SHA256 of id, time and body. As the time is signed, a receiver
    can also refuse an old report that an attacker has recorded and sends again. Without a secret
    this header is left out.
    """
    at = str(int(now.timestamp()))
    headers = {"webhook-id": message_id, "webhook-timestamp": at}
    if secret:
        signed = b".".join((message_id.encode(), at.encode(), body))
        digest = hmac.digest(_key(secret), signed, sha256)
        headers["webhook-signature"] = f"v1,{base64.b64encode(digest).decode()}"
    return headers


def _key(secret: str) -> bytes:
    """The bytes of a secret: after the prefix `whsec_` it is base64, otherwise the text itself."""
    if secret.startswith(_PREFIX):
        with suppress(binascii.Error, ValueError):
            return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    return secret.encode()


def _request(url: str, body: bytes, headers: dict[str, str]) -> int:
    """Send the request and return the status of the answer.

    Only the first line of the answer is read. The rest is of no use, and a server could send it
    byte by byte for ever.
    """
    deadline = time.monotonic() + TIMEOUT_S
    parts = urlsplit(url)
    host, path = parts.hostname or "", parts.path or "/"
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context()
        connection = http.client.HTTPSConnection(
            host, parts.port, timeout=TIMEOUT_S, context=context
        )
    else:
        connection = http.client.HTTPConnection(host, parts.port, timeout=TIMEOUT_S)
    with closing(connection):
        connection.request("POST", f"{path}?{parts.query}" if parts.query else path, body, headers)
        line = b""
        while b"\n" not in line and len(line) < _LONGEST_LINE:
            connection.sock.settimeout(max(0.01, deadline - time.monotonic()))
            received = connection.sock.recv(_LONGEST_LINE)
            if not received:
                break
            line += received
    match = _STATUS.match(line)
    if not match:
        raise http.client.BadStatusLine("the answer is not HTTP")
    return int(match[1])
