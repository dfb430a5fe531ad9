"""Recognise addresses that a browser would run as a program, such as `javascript:…`."""

import html
import re

# The schemes of pictures, recordings and films. An address without a scheme is relative.
_SCHEMES = frozenset("http https ftp ftps rtmp rtmps rtsp mms magnet ipfs".split())
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):")
_IGNORED = " \ufffd"  # the escape of a NUL becomes U+FFFD
_MAX_ESCAPES = 3  # times that an address may be escaped as HTML
_SEARCHED_CHARS = 2048


def is_safe_address(url: str) -> bool:
    """Whether an address can be shown as a link without danger: it has no scheme, or a harmless one
    such as "https", and not one that a browser would run as a program, such as "javascript".

    Control characters, white space, invisible characters and escapes of HTML can't hide the scheme:
    they are ignored here, as browsers and templates may do.
    """
    url = url[:_SEARCHED_CHARS]
    for _ in range(_MAX_ESCAPES):
        scheme = _SCHEME.match(_visible_part(url))
        # A host and port, such as example.com:8080, looks like a scheme that has a dot.
        if scheme and scheme[1] not in _SCHEMES and "." not in scheme[1]:
            return False
        if "&" not in url:
            return True
        url = html.unescape(url)
    return True


def _visible_part(url: str) -> str:
    return "".join(c for c in url if c.isprintable() and c not in _IGNORED).lower()
