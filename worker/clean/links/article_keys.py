"""Make the keys that identify an article within its source.

Article ids are hashes of keys, so the key of an article must never change. A key "id:…" is made of
the id that the source gives, "url:…" of the link, and "text:…" of title and first words, for
articles that have neither id nor link.
"""

from hashlib import blake2b
from urllib.parse import quote

from worker.clean.links.fragments import meaningful_fragment
from worker.clean.links.link_key_v1 import frozen_key
from worker.clean.links.link_variants import desktop, usual_version
from worker.clean.text.plain_text import bare, storable
from worker.errors import Reason, Rejected
from worker.model.admission import RawArticle

MAX_KEY_BYTES = 512  # frozen with the keys: a longer one is hashed
_OPENING_CHARS = 200
_NO_HOST = "host.invalid"  # no host has this name (RFC 2606)
_SAFE_IN_FRAGMENT = "%/:@!$&'()*+,;=-._~?"


def keys_of(
    raw: RawArticle, title: str, text: str, page_url: str, url: str = ""
) -> tuple[str, tuple[str, ...]]:
    """Return the key by which the store identifies an article, and a tuple of its aliases: further
    keys by which the same article may be found, such as that of its desktop address.

    The key is made of the article's id, else of its link, else of `title` and cleaned `text`. Two
    addresses make only aliases, because they may change: `url`, the normalised link, and
    `page_url`, the address that the web page declares for itself ("" for none).
    """
    own_keys = _own_keys(raw)
    desk = desktop(raw.link)
    further = (
        _anchored_key(raw.link),
        _link_key(desk) if desk != raw.link else "",
        _link_key(url),
        _link_key(usual_version(url)) if url else "",
        _link_key(page_url) if page_url else "",
        "" if url else _relative_key(raw.link),
    )
    keys = [key for key in dict.fromkeys((*own_keys, *further)) if key]
    # The address declared by a page is only an alias: it may change, and the key must not.
    if not any(own_keys):
        keys.insert(0, opening_key(title, text))
    return keys[0], tuple(keys[1:])


def own_key(external_id: str, link: str) -> str:
    """Return the key by which an article with this id and this link is recognised: it is made of
    the id, or of the link if the id is empty.

    Returns "" if there is neither an id nor a usable link; the link of a home page is not usable,
    because it is the same for many articles. The key of such an article is made of its text, by
    another function.
    """
    external = storable(external_id).strip()
    return _bounded("id", external) if external else _link_key(link)


def opening_key(title: str, text: str) -> str:
    """Return the key that identifies an article without id and link: "text:~" and a hash of the
    title with the first 200 characters of the text."""
    return _bounded("text", bare(f"{title} {text[:_OPENING_CHARS]}"), hashed=True)


def withdrawn_keys(raw: RawArticle) -> tuple[str, ...]:
    """Return the keys by which to find the article that a withdrawal (a request to delete an
    article) names: the key made of its id, then those made of its link. One of both may be missing.

    Raises Rejected if the withdrawal has neither an id nor a link.
    """
    external, link = _own_keys(raw)
    keys = tuple(key for key in (external, _anchored_key(raw.link), link) if key)
    if not keys:
        raise Rejected(Reason.NO_IDENTITY, "a withdrawal names an id or the link of an article")
    return keys


def _own_keys(raw: RawArticle) -> tuple[str, str]:
    external = storable(raw.id).strip()
    return _bounded("id", external) if external else "", _link_key(raw.link)


def _link_key(link: str) -> str:
    """Return the key of a link; "" for a home page, because some feeds link all articles to it."""
    key = frozen_key(link)
    is_home = "/" not in key and "?" not in key and "#" not in key
    return "" if is_home else _bounded("url", key)


def _relative_key(link: str) -> str:
    """Return the key of a link without host, such as "/posts/1"; "" for any other link.

    It is only an alias: in another feed of the source the same link may lead elsewhere.
    """
    link = link.strip()
    if not link.startswith("/") or link.startswith("//"):
        return ""
    path = frozen_key(f"https://{_NO_HOST}{link}").removeprefix(_NO_HOST)
    return _bounded("url", path) if path else ""


def _anchored_key(link: str) -> str:
    """Return the key of a link to a part of a page, such as "#item-2"; "" for any other link.

    The key of the link itself has no such fragment. Without this one, the items of a page whose
    links differ in nothing else could not be distinguished.
    """
    start, _, fragment = link.strip().partition("#")
    fragment = meaningful_fragment(fragment, ())
    if not fragment or fragment.startswith(("!", "/")) or not (key := frozen_key(start)):
        return ""
    return _bounded("url", f"{key}#{quote(storable(fragment), safe=_SAFE_IN_FRAGMENT)}")


def _bounded(kind: str, value: str, *, hashed: bool = False) -> str:
    data = value.encode()
    if hashed or len(data) > MAX_KEY_BYTES:
        return f"{kind}:~{blake2b(data, digest_size=16).hexdigest()}"
    return f"{kind}:{value}"
