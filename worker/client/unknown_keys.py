"""Find keys of a raw article that the worker does not know, and guess which key was meant.

A raw article is the input of the worker, a JSON object. The worker stores unknown keys, but does
not use their values. So an article whose text is under the unknown key `text` has no text.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple

from worker.model.admission import Content, Feed, Fetch, Media, RawArticle, Source
from worker.model.raw_article import Part

# Names of our fields in other formats.
_SYNONYMS = {
    "url": "link",
    "href": "link",
    "permalink": "link",
    "guid": "id",
    "uid": "id",
    "headline": "title",
    "name": "title",
    "description": "summary",
    "teaser": "summary",
    "body": "content",
    "text": "content",
    "html": "content",
    "content_html": "content",
    "content_text": "content",
    "date": "published",
    "pubdate": "published",
    "date_published": "published",
    "published_at": "published",
    "date_modified": "updated",
    "modified": "updated",
    "updated_at": "updated",
    "creator": "authors",
    "byline": "authors",
    "keywords": "tags",
    "categories": "tags",
    "image": "media",
    "enclosures": "media",
    "attachments": "media",
    "lang": "language",
    "publisher": "source",
}
_PARTS: dict[str, type[Part]] = {
    "source": Source,
    "feed": Feed,
    "fetch": Fetch,
    "content": Content,
    "media": Media,
}


class UnknownKey(NamedTuple):
    """A key of a raw article that the worker does not know.

    `path` says where the key is, such as `feed.uri` for the key `uri` in the object `feed`.
    `advice` says what to do, for example which known key was probably meant.
    """

    path: str
    advice: str


def unknown_keys(raw: Mapping[str, Any]) -> Iterator[UnknownKey]:
    """Yield the keys of a raw article, and of the objects in it, that the worker does not know.

    The advice for each names the known key that was probably meant. If there is none, or the
    article already has a value under it, the advice says that the unknown key is not read.
    """
    yield from _unknown(raw, RawArticle, "")
    for name, part in _PARTS.items():
        value = raw.get(name)
        for item in value if isinstance(value, list) else (value,):
            if isinstance(item, Mapping):
                yield from _unknown(item, part, f"{name}.")


def _unknown(values: Mapping[str, Any], part: type[Part], path: str) -> Iterator[UnknownKey]:
    known = part.known_keys()
    if values.keys() <= known:
        return
    for key in map(str, values):
        if key not in known:
            yield UnknownKey(f"{path}{key}", _advice(key, values, known, at_top=not path))


def _advice(key: str, values: Mapping[str, Any], known: frozenset[str], *, at_top: bool) -> str:
    similar = _SYNONYMS.get(key.lower()) if at_top else None
    similar = similar or next(iter(get_close_matches(key.lower(), sorted(known), n=1)), None)
    if similar and values.get(similar) is None:
        return f'did you mean "{similar}"?'
    return 'it is kept, not read; own keys go in "extra"'
