"""Replace passwords in addresses by three stars, for logs and error messages.

Malformed addresses are masked too. If it is not clear where a password ends, more than the password
is hidden.
"""

import re

STARS = "***"

# Separates several addresses: a ";" without a scheme after it may be part of a password.
_NEXT = re.compile(r";(?=[A-Za-z][A-Za-z0-9+.-]*://)")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_USER = re.compile(r"[\w.+-]*")
_HOST_PORT = re.compile(r"((?:\[[0-9A-Fa-f:.]+\]|[\w.%-])*)(?::\d*)?")  # host and port
_NO_ADDRESS = re.compile(r"[\w./~-]*(?::\d+(?:/\d*)?)?")  # a path, or a host and port alone
_FILE_SCHEMES = (
    "sqlite",
    "unix",
    "socket",
    "redis+socket",
)  # a path may follow these schemes directly
_SECRET = re.compile(r"[?&][^=&]*(?:pass|pwd|secret|token|key(?!prefix|file))[^=&]*=", re.I)
_NAME = re.compile(r"[A-Za-z_]{2,40}")
# Options whose values are shown. All other values are hidden, because they may be secrets.
_SHOWN = frozenset(
    "master_name global_keyprefix virtual_host db protocol client_name health_check_interval "
    "socket_timeout socket_connect_timeout socket_keepalive ssl_cert_reqs ssl_ca_certs "
    "ssl_ca_path ssl_certfile ssl_keyfile ssl_check_hostname host port dbname user sslmode "
    "sslrootcert application_name connect_timeout target_session_attrs timeout mode cache uri "
    "nolock immutable".split()
)


def masked(text: str) -> str:
    """Return an address, or several with ";" between them, with each password replaced by `***`."""
    return ";".join(_masked(part) for part in _NEXT.split(text))


def _masked(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    if not separator or not _SCHEME.fullmatch(scheme):
        return url if _NO_ADDRESS.fullmatch(url) else STARS
    start = f"{scheme}://"
    local = scheme in _FILE_SCHEMES or scheme.startswith("sqlite+")
    if local and rest.startswith("/"):  # no credentials in front, so "@" is part of the path
        path, _, query = rest.partition("?")
        return start + path + _options(query)
    secret = _SECRET.search(rest)
    end = secret.start() if secret else len(rest)
    before, at, after = rest[:end].rpartition("@")
    if at:
        start += f"{_credentials(before)}@"
    host_port = _HOST_PORT.match(after)
    tail = after[host_port.end() :] if host_port else after
    hostless = host_port and host_port[0] and not host_port[1] and not at  # as in redis://:password
    if not host_port or hostless or tail[:1] not in ("", "/", "?"):
        return start + _credentials(after)  # a password without its host, or with a "/" in it
    path, _, query = tail.partition("?")
    return start + host_port[0] + path + _options("&".join(filter(None, (query, rest[end + 1 :]))))


def _credentials(text: str) -> str:
    """Mask the part of an address before the "@": return `user:***`, or a user without password.

    Return `***` alone when the user can't be told from the password.
    """
    user, colon, _ = text.partition(":")
    if not _USER.fullmatch(user):
        return STARS
    return f"{user}:{STARS}" if colon else user


def _options(query: str) -> str:
    shown = []
    secret = (
        False  # True after a secret: following text without a name may belong to it, with a "&"
    )
    for pair in filter(None, query.split("&")):
        name, equals, _ = pair.partition("=")
        if equals and name in _SHOWN:
            shown.append(pair)
        elif equals and _NAME.fullmatch(name) and not secret:
            shown.append(f"{name}={STARS}")
            secret = True
        else:
            shown.append(STARS)
    return f"?{'&'.join(shown)}" if shown else ""
