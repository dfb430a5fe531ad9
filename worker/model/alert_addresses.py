"""Read the addresses to which alerts are sent: a webhook, a mail server, and people."""

from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from worker.errors import BadConfig
from worker.model.masking import STARS

_PORTS = {"smtp": 587, "smtps": 465}
_STARTTLS = ("required", "no")


class SmtpServer(NamedTuple):
    """The address of a mail server, and how to log in. `tls` says how the connection is encrypted:
    "smtps" from the first byte, "starttls" after a greeting, "" not at all."""

    host: str
    port: int
    user: str
    password: str
    tls: str


def smtp_server(url: str) -> SmtpServer:
    """Read an address such as `smtp://user:password@mail.example:587`.

    With `smtp://` the connection is encrypted by STARTTLS; only `?starttls=no` switches that off,
    and then no password may be given. With `smtps://` it is encrypted from the first byte. Raises
    BadConfig for any other address.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
        options = parse_qs(parts.query, strict_parsing=bool(parts.query))
    except (ValueError, KeyError) as e:
        raise BadConfig("WORKER_SMTP_URL: expected smtp://… or smtps://…") from e
    starttls = options.pop("starttls", ["required"])[-1]
    if not parts.hostname or options or parts.path.strip("/") or starttls not in _STARTTLS:
        raise BadConfig(
            "WORKER_SMTP_URL: expected smtp://user:password@host:port, and no option other than "
            "?starttls=no"
        )
    tls = "smtps" if parts.scheme == "smtps" else "starttls" if starttls == "required" else ""
    if parts.password and not tls:
        raise BadConfig("WORKER_SMTP_URL: the password would be sent without encryption")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return SmtpServer(host=parts.hostname, port=port, user=user, password=password, tls=tls)


def check_http_url(url: str, name: str) -> None:
    """Raise BadConfig unless `url` is a complete address of HTTP or HTTPS.

    The error names the setting, `name`, and not the address, which may contain a secret.
    """
    try:
        parts = urlsplit(url)
        is_complete = parts.scheme in ("http", "https") and bool(parts.hostname)
        is_complete = is_complete and parts.port != 0 and url.isascii() and url.isprintable()
    except ValueError:
        is_complete = False
    if not is_complete or " " in url:
        raise BadConfig(f"{name}: expected an address such as https://host/path")


def mail_addresses(text: str) -> tuple[str, ...]:
    """Read mail addresses with commas between them. Raises BadConfig if one of them is not
    valid."""
    addresses = tuple(part.strip() for part in text.split(",") if part.strip())
    for address in addresses:
        user, _, host = address.rpartition("@")
        is_plain = address.isprintable() and not any(c in address for c in ' <>()[]\\,;:"')
        if not user or not host or not is_plain or "@" in user:
            raise BadConfig(f"WORKER_ALERT_MAIL_TO: expected name@host, got {address!r}")
    return addresses


def masked_http_url(url: str) -> str:
    """Return an address with only its scheme and host: the rest of a webhook's address is often a
    secret."""
    try:
        parts = urlsplit(url)
        shown = f"{parts.scheme}://{parts.hostname}" if parts.hostname else ""
    except ValueError:
        shown = ""
    return f"{shown}/{STARS}" if shown else STARS
