"""Say who may reach the web server: only this machine, unless a password is set or the server can
change nothing (read-only mode)."""

import ipaddress

from worker.errors import BadConfig
from worker.settings import Settings


def password_of(settings: Settings) -> str:
    """Return the password of the web server, "" if none is set.

    It is WORKER_WEB_PASSWORD, else the first line of the file WORKER_WEB_PASSWORD_FILE. Raises
    BadConfig if that file can't be read or has none.
    """
    if settings.web_password.get_secret_value():
        return settings.web_password.get_secret_value()
    file = settings.web_password_file
    if file is None:
        return ""
    try:
        password = file.read_text("utf-8").partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError) as e:
        problem = e.strerror if isinstance(e, OSError) else "it is no UTF-8 text"
        raise BadConfig(f"WORKER_WEB_PASSWORD_FILE: {file}: {problem}") from e
    if not password:
        raise BadConfig(f"WORKER_WEB_PASSWORD_FILE: {file} has no password in its first line")
    return password


def password_is_set(settings: Settings) -> bool:
    """Whether somebody who wants to change something must log in with a password."""
    return bool(password_of(settings))


def refuse_open_address(settings: Settings, address: str) -> None:
    """Raise BadConfig if the web server would listen on an address that other machines reach, while
    nothing keeps them from changing something.

    `address` is an IP address. Any is allowed if a password is set, or if the server is read-only
    (WORKER_WEB_READ_ONLY=1); otherwise only one of the loopback interface, such as 127.0.0.1.
    """
    if settings.web_read_only or password_is_set(settings) or _is_loopback(address):
        return
    raise BadConfig(
        f"worker web: other machines reach {address}, and there is no password; set "
        "WORKER_WEB_PASSWORD, or WORKER_WEB_READ_ONLY=1 for a server that changes nothing"
    )


def _is_loopback(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])  # without the interface of fe80::1%eth0
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return (mapped or ip).is_loopback
