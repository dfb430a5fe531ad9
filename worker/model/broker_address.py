"""The address of a Redis or Valkey as it stands in a setting: a URL, or several with ";" between.

    redis://:password@host:6379/0        rediss://host/0?ssl_ca_certs=ca.pem
    redis+socket:///run/valkey.sock
    sentinel://a:26379/0;sentinel://b:26379/0?master_name=news      the primary that these name

Options in the query: `master_name` of the primary, `sentinel_password` where the Sentinels have
one of their own, `global_keyprefix` that all keys begin with.

What is accepted is decided here, for producers, commands and workers alike. The libraries below
take some malformed addresses for localhost, and fail on others with a traceback.
"""

import re
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from worker.errors import BadConfig
from worker.model.masking import masked as masked

OPTIONS = ("master_name", "sentinel_password", "global_keyprefix")

_BROKERS = ("redis", "rediss", "redis+socket", "sentinel")
_SOCKETS = ("redis+socket", "socket", "unix")
_INDEXES = (*_BROKERS, "socket", "unix")  # redis-py's own names, for an index of its own
_EXPECTED = (
    "redis://HOST:PORT/DB, rediss://…, redis+socket:///PATH or sentinel://…?master_name=NAME"
)
_TLS_OPTIONS = (
    *("ssl_cert_reqs", "ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile"),
    *("ssl_check_hostname", "ssl_password", "ssl_ca_data", "ssl_ciphers"),
)
_VERIFY = ("none", "optional", "required", "CERT_NONE", "CERT_OPTIONAL", "CERT_REQUIRED")
# What redis-py takes besides; kombu, which speaks with the broker, does not.
_INDEX_OPTIONS = (
    *("db", "username", "password", "protocol", "client_name", "health_check_interval"),
    *("socket_timeout", "socket_connect_timeout", "socket_keepalive", "max_connections"),
)
_SQLITE_OPTIONS = {"timeout", "check_same_thread", "cached_statements", "isolation_level"}
# What stands in other tools' settings, and what to write here.
_ADVICE = (
    (r".*cluster.*", "a queue can't be spread over a cluster: give one server, or Sentinel"),
    (r"valkey", "Valkey speaks the protocol of Redis: write redis://"),
    (r"(valkeys|(redis|valkey)\+(ssl|tls))", "with TLS write rediss://"),
    (r".*(sock|unix).*", "for a unix socket write redis+socket:///PATH"),
    (r".*sentinel.*", "write sentinel://HOST:26379/0?master_name=NAME"),
)
_ESCAPES = (
    "special characters of a password must be percent-encoded "
    "(# / ? ; [ ] @ % as %23 %2F %3F %3B %5B %5D %40 %25)"
)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}")
_OPTION = re.compile(r"[a-z_]{2,40}")
_DATABASE = re.compile(r"[0-9]{1,9}")
_PLACE = r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s:@\[\]/?#]*)(?::(?P<port>[0-9]*))?"
_AUTHORITY = re.compile(r"(?:[^/?#\[\]]*@)?" + _PLACE)
# SQLAlchemy ends a password at the first "@", and lets it hold anything else.
_STORE = re.compile(r"(?:[^:/@]*(?::[^@]*)?@)?" + _PLACE + r"(?:[/?].*)?")


class Address(NamedTuple):
    url: str  # without the options
    master_name: str = ""
    sentinel_password: str = ""
    global_keyprefix: str = ""

    @property
    def parts(self) -> list[str]:
        return self.url.split(";")


def address(given: str) -> Address:
    """The options may stand in any of several URLs, and hold for all of them."""
    options: dict[str, str] = {}
    urls = []
    for part in given.split(";"):
        url, _, query = part.partition("?")
        kept = []
        for name, value in parse_qsl(query, keep_blank_values=True):
            if name in OPTIONS:
                options[name] = value
            else:
                kept.append((name, value))
        urls.append(f"{url}?{urlencode(kept)}" if kept else url)
    return Address(";".join(urls), **options)


def broker_address(given: str, name: str = "WORKER_BROKER_URL") -> Address:
    """A broker's address. Raises BadConfig with `name` and what to write, never a password."""
    return _checked(given, _Rules(name, masked(given), _BROKERS))


def index_address(given: str, name: str = "WORKER_INDEX_URL") -> Address:
    """An index's address, which may be written as redis-py writes it. Raises BadConfig."""
    return _checked(given, _Rules(name, masked(given), _INDEXES, _INDEX_OPTIONS))


def check_store(given: str, name: str = "WORKER_STORE_URL") -> None:
    """Raises BadConfig for what can't be the address of a store; opens nothing."""
    scheme, separator, rest = given.partition("://")
    kind, shown = scheme.partition("+")[0], masked(given)
    if not separator or kind not in ("sqlite", "postgresql", "postgres"):
        raise BadConfig(f"{name}: expected sqlite:///PATH or postgresql://…: {shown}")
    if kind == "sqlite":
        _check_sqlite(rest, name, shown)
        return
    place = _STORE.fullmatch(rest)
    if not place:
        what = "the port is not a number, or an @ in the password is not written as %40"
        raise BadConfig(f"{name}: {what}: {shown}")
    if not _is_port(place["port"]):
        raise BadConfig(f"{name}: there is no such port: {shown}")


def _check_sqlite(rest: str, name: str, shown: str) -> None:
    path, _, query = rest.partition("?")
    if not path.startswith("/") or path in ("/", "/:memory:"):
        slashes = "with a fourth slash where the path begins at the root"
        raise BadConfig(f"{name}: expected sqlite:///PATH, {slashes}: {shown}")
    options = [option for option, _ in parse_qsl(query, keep_blank_values=True)]
    if "uri" not in options and (unknown := set(options) - _SQLITE_OPTIONS):
        raise BadConfig(f"{name}: unknown option {min(unknown)}: {shown}")


class _Rules(NamedTuple):
    """What one setting accepts, and what its errors say."""

    name: str
    shown: str  # the whole setting, masked
    schemes: tuple[str, ...]
    options: tuple[str, ...] = ()

    def refusal(self, what: str) -> BadConfig:
        return BadConfig(f"{self.name}: {what}: {self.shown}")


def _checked(given: str, rules: _Rules) -> Address:
    for part in given.split(";"):
        _check(part, rules, several=";" in given)
    where = address(given)
    sentinels = {part.startswith("sentinel:") for part in where.parts}
    if len(sentinels) > 1:
        raise rules.refusal("either all addresses are sentinel:// or none")
    if sentinels == {True} and not where.master_name:
        raise rules.refusal("sentinel:// needs ?master_name=NAME")
    return where


def _check(part: str, rules: _Rules, *, several: bool) -> None:
    scheme, separator, rest = part.partition("://")
    if not separator:
        raise rules.refusal(_ESCAPES if several else f"expected {_EXPECTED}")
    if scheme not in rules.schemes:
        raise BadConfig(f"{rules.name}: {_unsupported(scheme)}")
    head, _, query = rest.partition("?")
    authority, _, path = head.partition("/")
    place = _AUTHORITY.fullmatch(authority)
    if not place or "#" in rest or _is_ambiguous(authority, path, query) or not _parses(part):
        raise rules.refusal(_unreadable(authority, rest))
    if scheme in _SOCKETS:
        if place["host"] or not path:
            raise rules.refusal(f"expected {scheme}:///PATH")
    elif not place["host"]:
        raise rules.refusal("the host is missing" if place["port"] is None else _ESCAPES)
    elif path and not _DATABASE.fullmatch(path):
        raise rules.refusal("expected the number of a database, as in /0")
    if not _is_port(place["port"]):
        raise rules.refusal("there is no such port")
    _check_options(scheme, query, rules)


def _unsupported(scheme: str) -> str:
    if not _SCHEME.fullmatch(scheme):
        return f"expected {_EXPECTED}"
    fitting = (text for pattern, text in _ADVICE if re.fullmatch(pattern, scheme.lower()))
    advice = next(fitting, f"a Redis or Valkey is needed, {_EXPECTED}")
    return f"{scheme}:// is not supported: {advice}"


def _unreadable(authority: str, rest: str) -> str:
    host, colon, port = authority.rpartition(":")
    if "@" not in rest and colon and host and not port.isdigit():
        return "the port is not a number"
    return _ESCAPES


def _is_ambiguous(authority: str, path: str, query: str) -> bool:
    """An "@" behind the authority: the password may have begun before, and hold a "/" or "?"."""
    names = [pair.partition("=")[0] for pair in query.split("&") if "@" in pair]
    if any(name not in OPTIONS and name not in _TLS_OPTIONS for name in names):
        return True
    return "@" in path and bool(authority) and not authority.endswith("@")


def _parses(part: str) -> bool:
    """Whether the libraries' parser takes it: it refuses some characters of other alphabets."""
    try:
        urlsplit(part)
    except ValueError:
        return False
    return True


def _is_port(port: str | None) -> bool:
    return not port or 0 < int(port) < 65536


def _check_options(scheme: str, query: str, rules: _Rules) -> None:
    known = [*OPTIONS, *rules.options]
    known += _TLS_OPTIONS if scheme in ("rediss", "sentinel") else ()
    known += ["virtual_host"] if scheme in _SOCKETS else ()
    for option, value in parse_qsl(query, keep_blank_values=True):
        if option not in known:
            named = option if _OPTION.fullmatch(option) else "behind the ?"
            hint = "with TLS write rediss://; " if option in _TLS_OPTIONS else ""
            known_ones = ", ".join(known)
            raise BadConfig(f"{rules.name}: unknown option {named}; {hint}known are {known_ones}")
        if option == "ssl_cert_reqs" and value not in _VERIFY:
            raise BadConfig(f"{rules.name}: ssl_cert_reqs is one of {', '.join(_VERIFY)}")
        if option in ("virtual_host", "db") and not _DATABASE.fullmatch(value):
            raise BadConfig(f"{rules.name}: {option} is the number of a database")
