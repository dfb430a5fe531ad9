"""Convert the mobile and AMP addresses of an article to the address of its desktop version.

The result is used only for aliases, which are further addresses by which a stored article may be
found. A wrong one does no harm, because the texts are compared before an alias is trusted.
"""

import re
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

_CACHE = re.compile(r"^/(?:[acv]|amp)/(?:s/)?([^/]+)(/.*)$")  # /c/s/host/path
_CACHES = ("cdn.ampproject.org", "ampproject.net", "google.com")
_HOST = re.compile(r"^(?:www\.)?(?:m|mobile|amp|touch)\.(?=[^.]+\.)")
_PATH = re.compile(r"/amp/?$|\.amp(?=\.html?$|$)|^/(?:amp|mobile|m)(?=/)", re.I)
_HINT = re.compile(
    r"\b(?:amp|ampproject|mobile|touch|outputtype|m)\b", re.I
)  # each form has one of these
_QUERY = {"amp", "outputtype", "m", "mobile"}


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
