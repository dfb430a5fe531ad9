"""Normalise the links of articles, so that different spellings of one address become equal."""

import re
from urllib.parse import SplitResult, quote, unquote, urlsplit

from worker.clean.cleaning_rules import UrlRules
from worker.clean.links.absolute_link import with_scheme
from worker.clean.links.fragments import meaningful_fragment
from worker.clean.text.plain_text import storable

# The form of most links: only their query and fragment need work.
_PLAIN = re.compile(
    r"(https?://)([a-z0-9][a-z0-9-]*\.(?:[a-z0-9-]+\.)*[a-z0-9-]*[a-z0-9])"
    r"(/[\w/:@!$&'()*+,=.~-]*)"
    r"(?:\?([!-\"$-~]*))?(?:#([!-~]*))?",
    re.A,
)
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\]")
_DEFAULT_PORT = {"http": 80, "https": 443}
_KEPT = "%/:@!$&'()*+,;=-._~"  # RFC 3986 pchar and "%": an escape is never escaped again
_ESCAPE = re.compile(r"%[0-9a-fA-F]{2}")
_ESCAPED_AMP = re.compile(r"(?:amp;)+")
# Identifiers of a visit: as a parameter of the path, and as values of a parameter of the query.
_PATH_SESSION = re.compile(r";(?:jsessionid|phpsessid|sid|cfid|cftoken)=[^/;]*", re.I)
_SESSION_VALUE = re.compile(r"[0-9a-f]{16,}|[0-9A-Za-z]{26,}")
_SESSION_NAMES = frozenset(("sid", "s", "session", "sess", "zenid", "oscsid"))
# Parameters that name the way to the article, if their value names a feed.
_ORIGIN_NAMES = frozenset("source src ref from via medium referrer referer origin".split())
_FEED = re.compile(r"rss(?:[-_.].*)?|feeds?|atom|rdf")


def canonical(url: str, rules: UrlRules) -> str:
    """Normalise a link, so that spellings of one address become equal: the host is written in lower
    case; the default port, credentials, tracking parameters, identifiers of a visit and fragments
    that select nothing are removed.

    Returns "" for anything but a web link. A host without scheme gets "https". Paths keep their
    case, because servers may distinguish it. To normalise a result again changes nothing.
    """
    if "/." not in url and (plain := _PLAIN.fullmatch(url)):
        start, host, path, query, fragment = plain.groups("")
        return _joined(f"{start}{host}{path}", _query(query, host, rules), fragment, rules)
    try:
        parts = urlsplit(with_scheme(storable(url).strip()))
        port = parts.port
    except ValueError:  # "http://[broken", a port that is no number
        return ""
    host = _host(parts)
    if parts.scheme not in _DEFAULT_PORT or not host:
        return ""
    authority = host if port in (None, _DEFAULT_PORT[parts.scheme]) else f"{host}:{port}"
    path = _PATH_SESSION.sub("", _without_dots(parts.path))
    start = f"{parts.scheme}://{authority}{_escape(path, _KEPT) or '/'}"
    return _joined(start, _query(parts.query, host, rules), parts.fragment, rules)


def _joined(start: str, query: list[str], fragment: str, rules: UrlRules) -> str:
    if query:
        start = f"{start}?{'&'.join(query)}"
    if fragment:
        fragment = meaningful_fragment(_escape(fragment, _KEPT + "?"), rules.tracking)
    return f"{start}#{fragment}" if fragment else start


def _host(parts: SplitResult) -> str:
    host = (parts.hostname or "").rstrip(".")
    if ":" in host:
        host = f"[{host}]"
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii").lower()
        except UnicodeError:
            return ""
    return host if ".." not in host and _HOST.fullmatch(host) else ""


def _query(query: str, host: str, rules: UrlRules) -> list[str]:
    if not query:
        return []
    kept = []
    own = rules.tracking_of(host)
    for pair in query.split("&"):
        pair = _ESCAPED_AMP.sub("", pair, count=1) if pair.startswith("amp;") else pair
        name, _, value = pair.partition("=")
        name = unquote(name).lower()
        if name in own or _is_of_visit(name, value):
            continue
        if pair and name not in rules.tracking and not name.startswith(rules.tracking_prefixes):
            kept.append(_escape(pair, _KEPT + "?"))
    return kept


def _is_of_visit(name: str, value: str) -> bool:
    """Whether a parameter only identifies a visit, or names the feed that led to the article."""
    if name in _SESSION_NAMES:
        return _SESSION_VALUE.fullmatch(value) is not None
    return name in _ORIGIN_NAMES and _FEED.fullmatch(value.lower()) is not None


def _escape(text: str, kept: str) -> str:
    """Percent-encode all characters except `kept`; write existing escapes in upper case.

    See RFC 3986, 6.2.2.1.
    """
    return _ESCAPE.sub(lambda escape: escape[0].upper(), quote(text, safe=kept))


def _without_dots(path: str) -> str:
    """Remove the segments "." and ".." from an absolute path (RFC 3986, 5.2.4)."""
    if "/." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)
