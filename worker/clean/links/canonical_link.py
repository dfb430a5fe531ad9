"""Normalise the links of articles, so that different spellings of one address become equal."""

import re
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

from worker.clean.cleaning_rules import UrlRules
from worker.clean.text.plain_text import storable

# The form of most links: only their query needs work.
_PLAIN = re.compile(
    r"(https?://)([a-z0-9][a-z0-9-]*\.(?:[a-z0-9-]+\.)*[a-z0-9-]*[a-z0-9])"
    r"(/[\w/:@!$&'()*+,;=.~-]*)"
    r"(?:\?([!-\"$-~]*))?(?:#[!-~]*)?",
    re.A,
)
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\]")
_DEFAULT_PORT = {"http": 80, "https": 443}
_KEPT = "%/:@!$&'()*+,;=-._~"  # RFC 3986 pchar and "%": an escape is never escaped again
_ESCAPE = re.compile(r"%[0-9a-fA-F]{2}")
_VARIANT = re.compile(
    r"https?://(?:amp|m|mobile)\.|[^?]*/amp/?(?:\?|$)|[^?]*\.amp(?:\.html)?(?:\?|$)"
)
_ESCAPED_AMP = re.compile(r"(?:amp;)+")
_SECOND_LEVEL_CHARS = 3  # of "co" in example.co.uk, "com" in example.com.au


def canonical(url: str, rules: UrlRules) -> str:
    """Normalise a link, so that spellings of one address become equal: the host is written in lower
    case; the default port, the fragment, credentials and tracking parameters are removed.

    Returns "" for anything but a web link. Paths keep their case, because servers may distinguish
    it. To normalise a result again changes nothing.
    """
    if "/." not in url and (plain := _PLAIN.fullmatch(url)):
        start, host, path, query = plain.groups("")
        return _joined(f"{start}{host}{path}", _query(query, host, rules))
    try:
        parts = urlsplit(storable(url).strip())
        port = parts.port
    except ValueError:  # "http://[broken", a port that is no number
        return ""
    host = _host(parts)
    if parts.scheme not in _DEFAULT_PORT or not host:
        return ""
    authority = host if port in (None, _DEFAULT_PORT[parts.scheme]) else f"{host}:{port}"
    path = _escape(_without_dots(parts.path), _KEPT) or "/"
    return _joined(f"{parts.scheme}://{authority}{path}", _query(parts.query, host, rules))


def is_variant(url: str) -> bool:
    """Whether a link is the address of the AMP or mobile version of a page, which has a standard
    version at another address."""
    return _VARIANT.match(url) is not None


def page_canonical(href: str, link: str, rules: UrlRules) -> str:
    """Normalise the address `href` that the page at `link` declares as its own (<link
    rel=canonical>).

    Returns "" if this address can't be that of the article: it is a home page, belongs to another
    site, or is no web address.
    """
    try:
        url = canonical(urljoin(link, href.strip()), rules)
    except ValueError:
        return ""
    parts = urlsplit(url)
    if parts.path in ("", "/") and not parts.query:
        return ""
    return url if not link or _site(url) == _site(link) else ""


def _joined(start: str, query: list[str]) -> str:
    return f"{start}?{'&'.join(query)}" if query else start


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
        name = unquote(pair.partition("=")[0]).lower()
        if name in own:
            continue
        if pair and name not in rules.tracking and not name.startswith(rules.tracking_prefixes):
            kept.append(_escape(pair, _KEPT + "?"))
    return kept


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


def _site(url: str) -> str:
    """Return the approximate registered domain of a URL: the last two labels of its host, or three
    as in example.co.uk."""
    try:
        labels = (urlsplit(url).hostname or "").split(".")
    except ValueError:
        return ""
    short = len(labels) > 2 and len(labels[-2]) <= _SECOND_LEVEL_CHARS and len(labels[-1]) == 2
    return ".".join(labels[-3 if short else -2 :])
