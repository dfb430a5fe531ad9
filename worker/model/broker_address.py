"""Parse and check addresses of Redis or Valkey: one URL, or several with ";" between them.

    redis://:password@host:6379/0        rediss://host/0?ssl_ca_certs=ca.pem
    redis+socket:///run/valkey.sock
    sentinel://a:26379/0;sentinel://b:26379/0?master_name=news      the primary of these Sentinels

Options in the query: `master_name` of the primary, `sentinel_password` if it differs from the
password of the server, and `global_keyprefix`, the prefix of all keys.

Producers, commands and workers use the same checks. Without them, the client libraries connect to
localhost for some malformed addresses, and fail with a traceback on others.
"""

import re
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from worker.errors import BadConfig
from worker.model.masking import masked as masked

OPTIONS = ("master_name", "sentinel_password", "global_keyprefix")

_BROKERS = ("redis", "rediss", "redis+socket", "sentinel")
_SOCKETS = ("redis+socket", "socket", "unix")
_INDEXES = (*_BROKERS, "socket", "unix")  # redis-py's names, for a separate index server
_EXPECTED = (
    "redis://HOST:PORT/DB, rediss://…, redis+socket:///PATH or sentinel://…?master_name=NAME"
)
_TLS_OPTIONS = (
    *("ssl_cert_reqs", "ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile"),
    *("ssl_check_hostname", "ssl_password", "ssl_ca_data", "ssl_ciphers"),
)
_NO_CHECK = ("none", "CERT_NONE")
_VERIFY = ("none", "optional", "required", "CERT_NONE", "CERT_OPTIONAL", "CERT_REQUIRED")
# Accepted by redis-py in addition. kombu, the client of the broker, does not accept them.
_INDEX_OPTIONS = (
    *("db", "username", "password", "protocol", "client_name", "health_check_interval"),
    *("socket_timeout", "socket_connect_timeout", "socket_keepalive", "max_connections"),
)
_SQLITE_OPTIONS = {"timeout", "check_same_thread", "cached_statements", "isolation_level"}
# Schemes of other tools, and the advice for each.
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
_HOST_PORT = r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s:@\[\]/?#]*)(?::(?P<port>[0-9]*))?"
_AUTHORITY = re.compile(r"(?:[^/?#\[\]]*@)?" + _HOST_PORT)
# In SQLAlchemy a password ends at the first "@" and may contain any other character.
_STORE = re.compile(r"(?:[^:/@]*(?::[^@]*)?@)?" + _HOST_PORT + r"(?:[/?].*)?")


class Address(NamedTuple):
    """A parsed address of Redis or Valkey.

    `url` is the address without the options in the other fields: `master_name` of the primary if
    the address is of Sentinels, their `sentinel_password`, and the prefix of all keys.
    """

    url: str  # without the options
    master_name: str = ""
    sentinel_password: str = ""
    global_keyprefix: str = ""

    @property
    def parts(self) -> list[str]:
        return self.url.split(";")


def parse_address(setting: str) -> Address:
    """Split an address into its options `master_name`, `sentinel_password` and `global_keyprefix`,
    and the rest.

    The address may be several URLs, and an option may be in any of them. It is not checked whether
    the address is valid; broker_address() does that.
    """
    options: dict[str, str] = {}
    urls = []
    for part in setting.split(";"):
        url, _, query = part.partition("?")
        other_options = []
        for name, value in parse_qsl(query, keep_blank_values=True):
            if name in OPTIONS:
                options[name] = value
            else:
                other_options.append((name, value))
        urls.append(f"{url}?{urlencode(other_options)}" if other_options else url)
    return Address(";".join(urls), **options)


def broker_address(setting: str, name: str = "WORKER_BROKER_URL") -> Address:
    """Check the address of a broker, and return it parsed.

    Raises BadConfig with the setting's `name` and advice. The message never shows a password.
    """
    return _checked(setting, _AddressRules(name, masked(setting), _BROKERS))


def verifying_url(address: Address) -> str:
    """Return the URL of an address, so that a TLS connection by it verifies the server's
    certificate.

    The option `ssl_cert_reqs=required` is added for this, because kombu verifies nothing without
    it. If the address has the option already, that value stays.
    """
    return ";".join(map(_verifying, address.parts))


def _verifying(url: str) -> str:
    scheme, _, query = url.partition("://")[0], *url.partition("?")[1:]
    options = dict(parse_qsl(query, keep_blank_values=True))
    uses_tls = scheme == "rediss" or any(option in _TLS_OPTIONS for option in options)
    if not uses_tls or "ssl_cert_reqs" in options:
        return url
    return f"{url}{'&' if query else '?'}ssl_cert_reqs=required"


def is_unverified(setting: str) -> bool:
    """Whether an address says that the certificate of its server is not to be verified."""
    queries = (part.partition("?")[2] for part in setting.split(";"))
    return any(dict(parse_qsl(query)).get("ssl_cert_reqs") in _NO_CHECK for query in queries)


def index_address(setting: str, name: str = "WORKER_INDEX_URL") -> Address:
    """Check the address of a similarity index, and return it parsed.

    All addresses of brokers are valid here. As the index is read by the library redis-py, so are
    its URL schemes `unix` and `socket` and its query options. Raises BadConfig, with the setting's
    `name`, if the address is not valid.
    """
    return _checked(setting, _AddressRules(name, masked(setting), _INDEXES, _INDEX_OPTIONS))


def check_store(setting: str, name: str = "WORKER_STORE_URL") -> None:
    """Raise BadConfig if `setting` is no valid address of an SQLite or PostgreSQL store.

    Only the text is checked; no connection is opened.
    """
    scheme, separator, rest = setting.partition("://")
    kind, shown = scheme.partition("+")[0], masked(setting)
    if not separator or kind not in ("sqlite", "postgresql", "postgres"):
        raise BadConfig(f"{name}: expected sqlite:///PATH or postgresql://…: {shown}")
    if kind == "sqlite":
        _check_sqlite(rest, name, shown)
        return
    host_port = _STORE.fullmatch(rest)
    if not host_port:
        problem = "the port is not a number, or an @ in the password is not written as %40"
        raise BadConfig(f"{name}: {problem}: {shown}")
    if not _is_port(host_port["port"]):
        raise BadConfig(f"{name}: there is no such port: {shown}")


def _check_sqlite(rest: str, name: str, shown: str) -> None:
    path, _, query = rest.partition("?")
    if not path.startswith("/") or path in ("/", "/:memory:"):
        slashes = "with a fourth slash where the path begins at the root"
        raise BadConfig(f"{name}: expected sqlite:///PATH, {slashes}: {shown}")
    options = [option for option, _ in parse_qsl(query, keep_blank_values=True)]
    if "uri" not in options and (unknown := set(options) - _SQLITE_OPTIONS):
        raise BadConfig(f"{name}: unknown option {min(unknown)}: {shown}")


class _AddressRules(NamedTuple):
    """Which URL schemes (`redis`, `sentinel` …) and query options an address may have, to check it.

    `name` is the name of the setting with the address, and `shown` its value with passwords masked;
    both are for error messages.
    """

    name: str
    shown: str  # the complete setting, masked
    schemes: tuple[str, ...]
    options: tuple[str, ...] = ()

    def refusal(self, problem: str) -> BadConfig:
        return BadConfig(f"{self.name}: {problem}: {self.shown}")


def _checked(setting: str, rules: _AddressRules) -> Address:
    for part in setting.split(";"):
        _check(part, rules, several=";" in setting)
    parsed = parse_address(setting)
    sentinels = {part.startswith("sentinel:") for part in parsed.parts}
    if len(sentinels) > 1:
        raise rules.refusal("either all addresses are sentinel:// or none")
    if sentinels == {True} and not parsed.master_name:
        raise rules.refusal("sentinel:// needs ?master_name=NAME")
    return parsed


def _check(part: str, rules: _AddressRules, *, several: bool) -> None:
    scheme, separator, rest = part.partition("://")
    if not separator:
        raise rules.refusal(_ESCAPES if several else f"expected {_EXPECTED}")
    if scheme not in rules.schemes:
        raise BadConfig(f"{rules.name}: {_unsupported(scheme)}")
    head, _, query = rest.partition("?")
    authority, _, path = head.partition("/")
    host_port = _AUTHORITY.fullmatch(authority)
    if not host_port or "#" in rest or _is_ambiguous(authority, path, query) or not _parses(part):
        raise rules.refusal(_unreadable(authority, rest))
    if scheme in _SOCKETS:
        if host_port["host"] or not path:
            raise rules.refusal(f"expected {scheme}:///PATH")
    elif not host_port["host"]:
        raise rules.refusal("the host is missing" if host_port["port"] is None else _ESCAPES)
    elif path and not _DATABASE.fullmatch(path):
        raise rules.refusal("expected the number of a database, as in /0")
    if not _is_port(host_port["port"]):
        raise rules.refusal("there is no such port")
    _check_options(scheme, query, rules)


def _unsupported(scheme: str) -> str:
    if not _SCHEME.fullmatch(scheme):
        return f"expected {_EXPECTED}"
    matching = (text for pattern, text in _ADVICE if re.fullmatch(pattern, scheme.lower()))
    advice = next(matching, f"a Redis or Valkey is needed, {_EXPECTED}")
    return f"{scheme}:// is not supported: {advice}"


def _unreadable(authority: str, rest: str) -> str:
    host, colon, port = authority.rpartition(":")
    if "@" not in rest and colon and host and not port.isdigit():
        return "the port is not a number"
    return _ESCAPES


def _is_ambiguous(authority: str, path: str, query: str) -> bool:
    """Return whether an "@" appears in the path or the query, where none is expected.

    Then the password probably contains a "/" or "?" that was not percent-encoded.
    """
    names = [pair.partition("=")[0] for pair in query.split("&") if "@" in pair]
    if any(name not in OPTIONS and name not in _TLS_OPTIONS for name in names):
        return True
    return "@" in path and bool(authority) and not authority.endswith("@")


def _parses(part: str) -> bool:
    """Return whether `urlsplit` accepts the address. It raises for some non-ASCII characters."""
    try:
        urlsplit(part)
    except ValueError:
        return False
    return True


def _is_port(port: str | None) -> bool:
    return not port or 0 < int(port) < 65536


def _check_options(scheme: str, query: str, rules: _AddressRules) -> None:
    allowed = [*OPTIONS, *rules.options]
    allowed += _TLS_OPTIONS if scheme in ("rediss", "sentinel") else ()
    allowed += ["virtual_host"] if scheme in _SOCKETS else ()
    for option, value in parse_qsl(query, keep_blank_values=True):
        if option not in allowed:
            shown_name = option if _OPTION.fullmatch(option) else "behind the ?"
            hint = "with TLS write rediss://; " if option in _TLS_OPTIONS else ""
            allowed_list = ", ".join(allowed)
            raise BadConfig(
                f"{rules.name}: unknown option {shown_name}; {hint}known are {allowed_list}"
            )
        if option == "ssl_cert_reqs" and value not in _VERIFY:
            raise BadConfig(f"{rules.name}: ssl_cert_reqs is one of {', '.join(_VERIFY)}")
        if option in ("virtual_host", "db") and not _DATABASE.fullmatch(value):
            raise BadConfig(f"{rules.name}: {option} is the number of a database")
