"""Version 1 of the form to which a link is simplified before an article is identified by it. It is
frozen: article ids are hashes of its results.

Its results must never change, not even to fix a fault, because an article whose link got another
form would be stored again as a new one. Therefore it imports nothing of this project.
"""

import re

_URI = re.compile(r"(?i:https?)://([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.S)  # RFC 3986 B
_SPACE = " \t\r\n\f\v\x00\u00a0"
_UNSAFE = re.compile(r"[^A-Za-z0-9._~%/:@!$&'()*+,;=?-]")
_ESCAPE = re.compile(r"%[0-9a-fA-F]{2}")
_TRACKING = frozenset(
    (
        "fbclid gclid gclsrc dclid gbraid wbraid msclkid yclid twclid ttclid igshid mc_cid mc_eid "
        "_ga _gl _hsenc _hsmi mkt_tok cmpid ocid ncid ref_src spm vero_id wickedid xtor "
        "at_medium at_campaign ns_mchannel ns_campaign ns_source ns_linkname ns_fee"
    ).split()
)
_TRACKING_PREFIX = ("utm_", "pk_", "mtm_", "hsa_")


def frozen_key(url: str) -> str:
    """Simplify a web link to the form `host/path?query`, by which an article is identified; return
    "" for anything but a web link. The result for a link must never change.

    Removed are the scheme, `www.`, usual ports, trailing slashes, tracking parameters, and
    fragments that are no path ("#top", but not "#/news/1"). The query is sorted.
    """
    match = _URI.match(url.strip(_SPACE))
    if not match:
        return ""
    authority, path, query, fragment = (part or "" for part in match.groups())
    host = _host(authority)
    if not host:
        return ""
    pairs = [_escape(pair.removeprefix("amp;")) for pair in query.split("&")]
    kept = sorted(pair for pair in pairs if not _tracks(pair))
    key = host + _escape(path).rstrip("/")
    if kept:
        key += "?" + "&".join(kept)
    if fragment.startswith(("!", "/")):
        key += "#" + _escape(fragment)
    return key


def _host(authority: str) -> str:
    host = authority.rpartition("@")[2].lower()
    host = host.removesuffix(":80").removesuffix(":443").rstrip(".:").removeprefix("www.")
    try:
        return _escape(host if host.isascii() else host.encode("idna").decode("ascii"))
    except UnicodeError:  # a label that is empty or too long
        return _escape(host)


def _tracks(pair: str) -> bool:
    name = pair.partition("=")[0].lower()
    return not name or name in _TRACKING or name.startswith(_TRACKING_PREFIX)


def _escape(text: str) -> str:
    escaped = _UNSAFE.sub(_as_bytes, text)
    return _ESCAPE.sub(lambda escape: escape[0].upper(), escaped) if "%" in escaped else escaped


def _as_bytes(character: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in character[0].encode("utf-8", "ignore"))
