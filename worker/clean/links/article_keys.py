"""By which keys an article is known within its source. Ids are hashes of keys: keys never change.

"id:…" is the external id as given; "url:…" a link normalised by the frozen version 1; "text:…" a
hash of the words of title and opening, for articles that have neither.
"""

from hashlib import blake2b

from worker.clean.links.link_key_v1 import frozen_key
from worker.clean.links.link_variants import desktop
from worker.clean.text.plain_text import bare, storable
from worker.errors import Reason, Rejected
from worker.model.admission import RawArticle

MAX_KEY_BYTES = 512  # frozen with the keys: a longer one is hashed
_OPENING_CHARS = 200


def keys_of(raw: RawArticle, title: str, text: str, page_url: str) -> tuple[str, tuple[str, ...]]:
    """The key of an article and the further keys that lead to it."""
    own_keys = _own_keys(raw)
    desk = desktop(raw.link)
    further = (
        _link_key(desk) if desk != raw.link else "",
        _link_key(page_url) if page_url else "",
    )
    keys = [key for key in dict.fromkeys((*own_keys, *further)) if key]
    # A page's own address only adds an alias: it changes with the page, the key may not.
    if not any(own_keys):
        keys.insert(0, opening_key(title, text))
    return keys[0], tuple(keys[1:])


def opening_key(title: str, text: str) -> str:
    """What names an article by its words, where nothing better does."""
    return _bounded("text", bare(f"{title} {text[:_OPENING_CHARS]}"), hashed=True)


def withdrawn_keys(raw: RawArticle) -> tuple[str, ...]:
    """The keys that a withdrawal names, by id first. Raises Rejected when there is none."""
    keys = tuple(key for key in _own_keys(raw) if key)
    if not keys:
        raise Rejected(Reason.NO_IDENTITY, "a withdrawal names an id or the link of an article")
    return keys


def _own_keys(raw: RawArticle) -> tuple[str, str]:
    external = storable(raw.id).strip()
    return _bounded("id", external) if external else "", _link_key(raw.link)


def _link_key(link: str) -> str:
    """Feeds that link every article to the home page would make one article of them all."""
    key = frozen_key(link)
    is_home = "/" not in key and "?" not in key and "#" not in key
    return "" if is_home else _bounded("url", key)


def _bounded(kind: str, value: str, *, hashed: bool = False) -> str:
    data = value.encode()
    if hashed or len(data) > MAX_KEY_BYTES:
        return f"{kind}:~{blake2b(data, digest_size=16).hexdigest()}"
    return f"{kind}:{value}"
