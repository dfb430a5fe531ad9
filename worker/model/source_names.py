"""Find the name of an article's source: the id that its producer gave it, else a host of a URL."""

import re
from urllib.parse import urlsplit

from worker.model.limits import LIMITS

# Matches the host of nearly all URLs. A URL parser takes as long as all cleaning of a title.
_PLAIN_HOST = re.compile(r"https?://([a-z0-9-]+(?:\.[a-z0-9-]+)+)/")
DEFAULT_SOURCE = "local"
_MAX_HOST_CHARS = 253  # RFC 1035; a longer one can't be the name of a source


def best_name(source_id: object, feed_url: object, link: object) -> str:
    """Return the name of an article's source: the id that its producer gave to the source.

    Without an id it is the host of the feed's URL, else that of the article's link, else `local`.
    The values may be of any type, because they may come from an article that was not validated.
    """
    name = source_name(source_id) if isinstance(source_id, str) else ""
    hosts = (host(url) for url in (feed_url, link) if isinstance(url, str))
    return name or next(filter(None, hosts), DEFAULT_SOURCE)


def source_name(source_id: str) -> str:
    """Return the name of a source by its id: at most 200 printable characters on one line.

    It is "" if the id has none.
    """
    name = " ".join(source_id.split())[:200]
    if not name.isprintable():  # no NUL, no lone surrogate
        name = "".join(letter for letter in name if letter.isprintable())
    return name


def host(url: str) -> str:
    """Return the host of a URL without `www.`, or "" if it has none that is printable.

    Of a longer URL only the first 2,048 characters are read.
    """
    url = url[: LIMITS.link_bytes]
    if plain := _PLAIN_HOST.match(url):
        name = plain[1]
    else:
        try:
            name = (urlsplit(url.strip()).hostname or "").lower()
        except ValueError:  # "http://[broken" and the like
            return ""
    possible = name.isprintable() and len(name) <= _MAX_HOST_CHARS
    return name.removeprefix("www.") if possible else ""
