"""Convert the mobile and AMP forms of an article's link to the desktop form.

The result is used only for aliases, so more forms can be added here without changing any article
id. A wrong result does no harm, because an alias is used only if the content confirms it.
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
    """Return the desktop form of a link; the link itself if it is no known mobile or AMP form."""
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
