"""Who may reach the web server: from this machine only, unless a password or read-only mode says
otherwise."""

import ipaddress

from worker.errors import BadConfig
from worker.settings import Settings


def password_is_set(settings: Settings) -> bool:
    """Whether somebody who wants to change something must log in with a password."""
    return bool(settings.web_password.get_secret_value())


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
