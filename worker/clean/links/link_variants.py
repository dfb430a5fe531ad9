"""Convert the mobile, AMP and printing addresses of an article to the address of its usual version.

The result becomes an alias: a further address by which a stored article may be found. A wrong alias
does no harm, because the texts are compared before it is trusted.
"""

import re
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

_CACHE = re.compile(r"^/(?:[acv]|amp)/(?:s/)?([^/.]+\.[^/]+)(/.*)$")  # /c/s/host/path
_CACHES = ("cdn.ampproject.org", "ampproject.net", "google.com", "bing-amp.com")
_HOST = re.compile(r"^(?:www\.)?(?:m|mobile|amp|touch)\.(?=[^.]+\.)")
_PATH = re.compile(r"/amp/?$|\.amp(?=\.html?$|$)|^/(?:amp|mobile|m)(?=/)", re.I)
_HINT = re.compile(
    r"\b(?:amp|ampproject|mobile|touch|outputtype|m)\b", re.I
)  # each form has one of these
_QUERY = {"amp", "outputtype", "m", "mobile"}
# Other versions of one page: for printers, and the file that a server sends for a folder.
_PRINT_PATH = re.compile(
    r"/(?:print|printable|drucken|imprimer|imprimir|stampa)(?:\.html?|\.php|/)?$"
    r"|[-_.]print(?=\.html?$)|^/print(?=/)",
    re.I,
)
_INDEX_PATH = re.compile(r"/(?:index|default|home)\.(?:html?|php[0-9]?|aspx?|jsp|shtml|cfm)$", re.I)
_PRINT_QUERY = frozenset("print printable printer printview view_print output".split())
_PRINT_VALUES = frozenset("1 true yes print printable y pdf".split()) | {""}


def desktop(link: str) -> str:
    """Return the address of the desktop version of a page from that of its mobile or AMP version;
    the link itself if it is in no known form of these."""
    if not _HINT.search(link):
        return link
    try:
        parts = urlsplit(link.strip())
    except ValueError:  # "http://[broken" and the like
        return link
    host, path = (parts.netloc or "").lower(), parts.path
    cached = _CACHE.match(path)
    if cached and "." in cached[1][1:-1] and host.endswith(_CACHES):
        host, path = cached[1].lower(), cached[2]
    host = _HOST.sub("", host)
    path = _PATH.sub("", path) or "/"
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    kept = [(name, value) for name, value in pairs if name.lower() not in _QUERY]
    query = parts.query if len(kept) == len(pairs) else urlencode(kept)
    return urlunsplit((parts.scheme, host, path, query, parts.fragment))


def cached_page(link: str) -> str:
    """Return the address of the publisher's AMP page of which `link` is a copy in a cache such as
    ampproject.org; `link` itself if it is no address in such a cache."""
    if "/c/" not in link and "/v/" not in link and "/a/" not in link and "/amp/" not in link:
        return link
    try:
        parts = urlsplit(link.strip())
    except ValueError:
        return link
    cached = _CACHE.match(parts.path)
    of_google = parts.netloc.lower().endswith("google.com")  # its sites have such paths, too
    if not cached or not parts.netloc.lower().endswith(_CACHES):
        return link
    if of_google and not parts.path.startswith("/amp/"):
        return link
    return parts._replace(netloc=cached[1].lower(), path=cached[2]).geturl()


def is_variant(link: str) -> bool:
    """Whether a link is the address of the AMP or mobile version of a page, which has a standard
    version at another address."""
    return desktop(link) != link


def usual_version(link: str) -> str:
    """Return the address of the usual version of a page from that of its mobile, AMP or printing
    version, and without the file name of an index page (".../index.html"). Other links are returned
    as they are."""
    try:
        parts = urlsplit(desktop(link))
    except ValueError:
        return link
    path = _INDEX_PATH.sub("/", _PRINT_PATH.sub("", parts.path)) or "/"
    query = "&".join(pair for pair in parts.query.split("&") if not _prints(pair))
    return parts._replace(path=path, query=query).geturl()


def _prints(pair: str) -> bool:
    name, _, value = pair.lower().partition("=")
    return name in _PRINT_QUERY and value in _PRINT_VALUES
