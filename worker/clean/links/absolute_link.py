"""Complete the links that feeds write without scheme or host: "np.example/a/1", "/a/1"."""

import re
from urllib.parse import urljoin

_ABSOLUTE = re.compile(r"https?://[^/]", re.I)
# "https://http://np.example", "feed:https://np.example", "feed://np.example", "http:/np.example".
_DOUBLED = re.compile(r"(?:feed:(?=https?:|//)|https?:/{0,3}(?=https?:/))", re.I)
_ONE_SLASH = re.compile(r"(https?):/{0,5}([^/])", re.I)
_OTHER_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{0,30}:(?![0-9]{1,5}(?:[/?#]|$))", re.I)
_HOST = re.compile(
    r"(?:(?:[a-z0-9-]{1,63}\.){1,8}([a-z]{2,24})(?::[0-9]{1,5})?[/?]|www\.[a-z0-9.-]{3,250}$)",
    re.I,
)
# Endings of file names, which look like the last label of a host.
_FILE_TYPES = frozenset(
    "html htm xhtml shtml php php3 php5 phtml asp aspx jsp jspx do cgi cfm pl py rb xml rss rdf "
    "json txt pdf jpg jpeg png gif webp svg mp3 mp4 doc docx action".split()
)


def with_scheme(link: str) -> str:
    """Return a link with a scheme if it begins with a host ("np.example/a/1", "//np.example/a");
    mend a doubled scheme and one with too few slashes. Other links are returned unchanged."""
    if _ABSOLUTE.match(link) and not _DOUBLED.match(link):
        return link.replace("&#038;", "&").replace("&#38;", "&") if "&#" in link else link
    if doubled := _DOUBLED.match(link):
        link = link[doubled.end() :]
    if link.startswith("//"):
        return f"https:{link}" if link[2:3] not in ("", "/") else link
    if _ONE_SLASH.match(link):
        return _ONE_SLASH.sub(r"\1://\2", link, count=1)
    host = _HOST.match(link)
    return f"https://{link}" if host and (host[1] or "").lower() not in _FILE_TYPES else link


def absolute_link(link: str, base: str) -> str:
    """Complete a relative link, such as "/a/1", by `base`, the address of the feed or page in which
    the link stands. A link that begins with a host, such as "np.example/a/1", gets only a scheme.
    """
    link = link.strip()
    completed = with_scheme(link)
    if completed != link or not base or not link or _OTHER_SCHEME.match(link):
        return completed
    if link.startswith("#"):
        return link
    try:
        return urljoin(with_scheme(base.strip()), link)
    except ValueError:  # "http://[broken"
        return link
