"""Convert feed entries, in the form of feed libraries, to raw articles as plain dicts.

    parsed = feedparser.parse(url)
    producer.enqueue(from_feedparser(entry, parsed) for entry in parsed.entries)

The functions read entries as mappings and import no feed library. Fields that are absent or empty
are left out; dates keep the text of the feed. Set `source.id` on the result, because only the
caller knows it; without it the host of the feed's address becomes the source. Lists longer than a
raw article may have, such as 101 keywords, are cut, so that the article is not refused for them.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from worker.model.admission import LIMITS

FeedMapping = Mapping[str, Any]
_PICTURE_ENDINGS = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif")
_FIRST_ERROR = 400  # the lowest HTTP status that is an error


def from_feedparser(entry: FeedMapping, feed: FeedMapping) -> dict[str, Any]:
    """Convert one feed entry, as the library feedparser returns it, to a raw article.

    `feed` is the result of feedparser.parse or its part `.feed`. Only the whole result has the HTTP
    response, from which the field `fetch` is filled. A summary longer than a raw article may have
    is taken for the full text of the entry, and becomes its content. If an entry only has a date of
    change, such as Atom's `updated` or `dc:date`, this is its date of publication, too.
    """
    result, feed = (feed, feed["feed"]) if "feed" in feed else ({}, feed)
    links = _listed(entry.get("links"))
    summary, content = _texts(entry)
    # .get would return `published` instead, with a warning that feedparser will stop doing so.
    updated = entry["updated"] if "updated" in entry else ""  # noqa: SIM401
    return _present(
        id=entry.get("id"),
        link=entry.get("link") or _href(links, "alternate"),
        title=entry.get("title"),
        summary=summary,
        content=content,
        published=entry.get("published") or entry.get("created") or updated,
        updated=updated,
        authors=_unique(_names(entry))[: LIMITS.authors],
        tags=_unique(
            tag.get("label") or tag.get("term") or "" for tag in _listed(entry.get("tags"))
        )[: LIMITS.tags],
        media=_media(entry, links)[: LIMITS.media],
        language=entry.get("language"),
        source=_origin(entry.get("source") or {}),
        feed=_present(
            url=_href(_listed(feed.get("links")), "self") or result.get("href"),
            title=feed.get("title"),
            language=feed.get("language"),
        ),
        fetch=_present(
            etag=result.get("etag"),
            last_modified=result.get("modified"),
            status=_status(result.get("status")),
        ),
    )


def from_jsonfeed(item: FeedMapping, feed: FeedMapping) -> dict[str, Any]:
    """Convert one item of a JSON Feed, version 1.0 or 1.1, to a raw article.

    `feed` is the complete document of the feed, for its title, address, language and authors. If an
    item only has a date of change, this is its date of publication, too.
    """
    people = _people(item) or _people(feed)
    images = (item.get("image"), item.get("banner_image"))
    attachments = [
        _present(url=file.get("url"), type=file.get("mime_type"), title=file.get("title"))
        for file in _listed(item.get("attachments"))
    ]
    return _present(
        id=item.get("id"),
        link=item.get("url") or item.get("external_url"),
        title=item.get("title"),
        summary=item.get("summary"),
        content=[
            {"type": media_type, "value": item[key]}
            for key, media_type in (("content_html", "text/html"), ("content_text", "text/plain"))
            if item.get(key)
        ],
        published=item.get("date_published") or item.get("date_modified"),
        updated=item.get("date_modified"),
        authors=_unique(person.get("name") or "" for person in people)[: LIMITS.authors],
        tags=_tags(item)[: LIMITS.tags],
        media=_by_url([*({"url": url, "type": "image"} for url in images if url), *attachments])[
            : LIMITS.media
        ],
        language=item.get("language"),
        feed=_present(
            url=feed.get("feed_url"), title=feed.get("title"), language=feed.get("language")
        ),
    )


def _status(status: Any) -> Any:
    """The HTTP status of the feed, or None if it is an error.

    A feed with entries may be served with an error status. Its entries would be taken for failed
    fetches.
    """
    return None if isinstance(status, int) and status >= _FIRST_ERROR else status


def _texts(entry: FeedMapping) -> tuple[str, list[dict[str, str]]]:
    """The summary and the list of contents of an entry.

    The summary is "" if it only repeats a content, because feedparser copies the content into a
    missing summary.
    """
    content = [
        _present(
            type=body.get("type"), value=body.get("value"), language=body.get("language") or ""
        )
        for body in _listed(entry.get("content"))
        if body.get("value")
    ]
    summary = entry.get("summary") or ""
    if any(summary == body["value"] for body in content):
        return "", content
    if len(summary.encode("utf-8", "surrogatepass")) > LIMITS.summary_bytes:
        detail = entry.get("summary_detail") or {}
        return "", [*content, {"type": detail.get("type") or "text/html", "value": summary}]
    return summary, content


def _names(entry: FeedMapping) -> list[str]:
    """The names of an entry's authors. The parser may cut a mail address inside of its last label
    (".example"), and leave the rest in the name; then the text of the feed is used."""
    text = entry.get("author") or ""
    names = [
        text if _is_cut(author.get("email"), text) else author.get("name") or ""
        for author in _listed(entry.get("authors"))
    ]
    return names if any(names) else [text]


def _is_cut(address: Any, text: str) -> bool:
    """Whether a mail address is only the beginning of the one in a text."""
    if not isinstance(address, str) or not address or address not in text:
        return False
    after = text[text.index(address) + len(address) :][:1]
    return after.isalnum() or after in ("-", ".")


def _media(entry: FeedMapping, links: Iterable[FeedMapping]) -> list[dict[str, str]]:
    """The media of an entry: enclosures, then media:content. Thumbnails are added if none of these
    is a picture, and the picture of a podcast if there is no thumbnail."""
    enclosures = [
        _present(url=link.get("href"), type=link.get("type"), title=link.get("title"))
        for link in links
        if link.get("rel") == "enclosure"
    ]
    contents = [
        _present(url=medium.get("url"), type=medium.get("type") or medium.get("medium"))
        for medium in _listed(entry.get("media_content"))
    ]
    media = _by_url(enclosures + contents)
    if any(map(_is_picture, media)):
        return media
    thumbnails = [
        _present(url=image.get("url"), type="image")
        for image in _listed(entry.get("media_thumbnail"))
        if image.get("url")
    ]
    image = entry.get("image")
    if not thumbnails and isinstance(image, Mapping) and image.get("href"):
        thumbnails = [_present(url=image["href"], type="image")]
    return _by_url(media + thumbnails)


def _is_picture(medium: dict[str, str]) -> bool:
    path = str(medium["url"]).partition("?")[0].lower()
    return str(medium.get("type", "")).startswith("image") or path.endswith(_PICTURE_ENDINGS)


def _origin(source: FeedMapping) -> dict[str, str]:
    """The publisher that an aggregator names as the source of an entry, for people to read.

    It gets no id, because another spelling of the name would then make another article.
    """
    url = source.get("href") or source.get("link") or _href(_listed(source.get("links")), "self")
    return _present(title=source.get("title"), url=url)


def _tags(item: FeedMapping) -> list[str]:
    tags = item.get("tags")
    return _unique(str(tag) for tag in tags) if isinstance(tags, list) else []


def _people(item: FeedMapping) -> list[FeedMapping]:
    """The authors of an item or feed: `authors` in JSON Feed 1.1, or `author` in 1.0."""
    return _listed(item.get("authors")) or _listed([item["author"]] if "author" in item else [])


def _href(links: Iterable[FeedMapping], rel: str) -> str:
    hrefs = (link.get("href") for link in links if link.get("rel") == rel)
    return next(filter(None, hrefs), "")


def _by_url(media: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    first: dict[str, dict[str, str]] = {}
    for medium in media:
        if "url" in medium:
            first.setdefault(medium["url"], medium)
    return list(first.values())


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(name for name in names if name))


def _listed(value: Any) -> list[FeedMapping]:
    """The objects in a list; [] for any other value, because feeds break their own formats."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _present(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}
