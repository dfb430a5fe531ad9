"""Tell which site an address belongs to: its registered domain according to the public suffix list,
such as "vg.no" for "m.vg.no", or "alice.blogspot.com" for a blog of that platform."""

import re
from functools import cache
from urllib.parse import urlsplit

from tld import get_fld

# Platforms that are not on the public suffix list, whose customers have a subdomain each.
_PLATFORMS = frozenset(
    "wordpress.com substack.com medium.com tumblr.com livejournal.com typepad.com ghost.io "
    "over-blog.com canalblog.com hatenablog.com jimdofree.com squarespace.com beehiiv.com".split()
)
_OWN_NAMES = frozenset(("www", "m", "amp", "mobile"))  # subdomains of the platform itself
_SECOND_LEVEL_CHARS = 3  # of "co" in example.co.uk, "com" in example.com.au
_NUMERIC = re.compile(r"[0-9.]+|\[.*")
_MAX_HOSTS = 4096  # remembered


def site_of(url: str) -> str:
    """Return the registered domain of the host of a URL, such as "vg.no"; "" for a text that is no
    URL. Two hosts with the same domain belong to one publisher."""
    try:
        return site_of_host(urlsplit(url).hostname or "")
    except ValueError:  # "http://[broken"
        return ""


@cache
def _domain(host: str) -> str:
    return get_fld(f"https://{host}/", fail_silently=True, search_private=True) or ""


def site_of_host(host: str) -> str:
    """Return the registered domain of a host, such as "vg.no" for "m.vg.no".

    For a suffix that is not on the public suffix list, the last two labels of the host are
    returned, or the last three if these look like "example.co.uk". An IP address is returned
    unchanged.
    """
    if not host or _NUMERIC.fullmatch(host):
        return host
    if _domain.cache_info().currsize > _MAX_HOSTS:
        _domain.cache_clear()
    labels = host.split(".")
    domain = _domain(host) if len(labels) > 1 else ""
    if not domain:
        short = len(labels) > 2 and len(labels[-2]) <= _SECOND_LEVEL_CHARS and len(labels[-1]) == 2
        return ".".join(labels[-3 if short else -2 :])
    if domain in _PLATFORMS:
        own = labels[-domain.count(".") - 2 : -domain.count(".") - 1]
        return ".".join((*own, domain)) if own and own[0] not in _OWN_NAMES else domain
    return domain


def load_public_suffixes() -> None:
    """Load the public suffix list now, so that the first address for which it is needed does not
    have to wait the 80 ms that this takes."""
    _domain("example.com")
