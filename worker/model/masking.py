"""Passwords in addresses become three stars, in malformed addresses too.

Whoever forgot to percent-encode a password wrote an address that can be read in several ways. What
belongs to a password in any of them is hidden, so that at times more is hidden than need be.
"""

import re

STARS = "***"

# Several addresses in one setting: each begins with a scheme, else the ";" may be in a password.
_NEXT = re.compile(r";(?=[A-Za-z][A-Za-z0-9+.-]*://)")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_USER = re.compile(r"[\w.+-]*")
_PLACE = re.compile(r"((?:\[[0-9A-Fa-f:.]+\]|[\w.%-])*)(?::\d*)?")  # host and port
_NO_ADDRESS = re.compile(r"[\w./~-]*(?::\d+(?:/\d*)?)?")  # a path, or a host and port alone
_LOCAL = ("sqlite", "unix", "socket", "redis+socket")  # schemes that a path may follow at once
_SECRET = re.compile(r"[?&][^=&]*(?:pass|pwd|secret|token|key(?!prefix|file))[^=&]*=", re.I)
_NAME = re.compile(r"[A-Za-z_]{2,40}")
# Options whose values are shown. All other values are hidden: who knows what they are.
_SHOWN = frozenset(
    "master_name global_keyprefix virtual_host db protocol client_name health_check_interval "
    "socket_timeout socket_connect_timeout socket_keepalive ssl_cert_reqs ssl_ca_certs "
    "ssl_ca_path ssl_certfile ssl_keyfile ssl_check_hostname host port dbname user sslmode "
    "sslrootcert application_name connect_timeout target_session_attrs timeout mode cache uri "
    "nolock immutable".split()
)


def masked(given: str) -> str:
    """An address, or several with ";" between, fit for a terminal or a log."""
    return ";".join(_masked(part) for part in _NEXT.split(given))


def _masked(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    if not separator or not _SCHEME.fullmatch(scheme):
        return url if _NO_ADDRESS.fullmatch(url) else STARS
    start = f"{scheme}://"
    local = scheme in _LOCAL or scheme.startswith("sqlite+")
    if local and rest.startswith("/"):  # no credentials in front, so "@" is part of the path
        path, _, query = rest.partition("?")
        return start + path + _options(query)
    secret = _SECRET.search(rest)
    end = secret.start() if secret else len(rest)
    before, at, after = rest[:end].rpartition("@")
    if at:
        start += f"{_credentials(before)}@"
    place = _PLACE.match(after)
    tail = after[place.end() :] if place else after
    hostless = place and place[0] and not place[1] and not at  # as in redis://:password
    if not place or hostless or tail[:1] not in ("", "/", "?"):
        return start + _credentials(after)  # a password without its host, or with a "/" in it
    path, _, query = tail.partition("?")
    return start + place[0] + path + _options("&".join(filter(None, (query, rest[end + 1 :]))))


def _credentials(given: str) -> str:
    """`user:***`, or less where the user can't be told from the password."""
    user, colon, _ = given.partition(":")
    if not _USER.fullmatch(user):
        return STARS
    return f"{user}:{STARS}" if colon else user


def _options(query: str) -> str:
    shown = []
    secret = False  # seen: what follows unnamed may belong to it, with a "&" inside
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
