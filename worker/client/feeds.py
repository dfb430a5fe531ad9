"""Feed entries come in as feed libraries give them, raw articles go out as plain dicts.

    parsed = feedparser.parse(url)
    producer.enqueue(from_feedparser(entry, parsed) for entry in parsed.entries)

Pure, and without any feed library: entries are read as the mappings they are. Only what is there
is written; dates stay the text of the feed. The source is named by `source.id`, which only you
know: set it on what comes out, else the host of the feed's address names it. Lists longer than
the contract takes are cut, for a story with 101 keywords is still a story.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from worker.model.admission import LIMITS

Given = Mapping[str, Any]
_FIRST_ERROR = 400  # of HTTP statuses


def from_feedparser(entry: Given, feed: Given) -> dict[str, Any]:
    """The raw article of one entry; `feed` is what feedparser.parse gave, or its `.feed`.

    Given the former, `fetch` tells of the response too. A description that is the whole story
    becomes content.
    """
    result, feed = (feed, feed["feed"]) if "feed" in feed else ({}, feed)
    links = _listed(entry.get("links"))
    summary, content = _texts(entry)
    # Without it feedparser's .get answers with `published`, and warns that this will end.
    updated = entry["updated"] if "updated" in entry else ""  # noqa: SIM401
    return _present(
        id=entry.get("id"),
        link=entry.get("link") or _href(links, "alternate"),
        title=entry.get("title"),
        summary=summary,
        content=content,
        published=entry.get("published"),
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


def from_jsonfeed(item: Given, feed: Given) -> dict[str, Any]:
    """The raw article of one item of a JSON Feed, 1.0 or 1.1; `feed` is the whole document."""
    people = _people(item) or _people(feed)
    pictures = (item.get("image"), item.get("banner_image"))
    attached = [
        _present(url=each.get("url"), type=each.get("mime_type"), title=each.get("title"))
        for each in _listed(item.get("attachments"))
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
        published=item.get("date_published"),
        updated=item.get("date_modified"),
        authors=_unique(person.get("name") or "" for person in people)[: LIMITS.authors],
        tags=_tags(item)[: LIMITS.tags],
        media=_by_url([*({"url": url} for url in pictures if url), *attached])[: LIMITS.media],
        language=item.get("language"),
        feed=_present(
            url=feed.get("feed_url"), title=feed.get("title"), language=feed.get("language")
        ),
    )


def _status(status: Any) -> Any:
    """Of a feed that was served as an error and has entries all the same, it says nothing of them:
    an article with it would be taken for a failed fetch."""
    return None if isinstance(status, int) and status >= _FIRST_ERROR else status


def _texts(entry: Given) -> tuple[str, list[dict[str, str]]]:
    """Summary and content. Without a summary feedparser copies the content into it."""
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


def _names(entry: Given) -> list[str]:
    named = [author.get("name") or "" for author in _listed(entry.get("authors"))]
    return named if any(named) else [entry.get("author") or ""]


def _media(entry: Given, links: Iterable[Given]) -> list[dict[str, str]]:
    """Enclosures, then media:content; thumbnails only where there is nothing larger."""
    enclosed = [
        _present(url=link.get("href"), type=link.get("type"), title=link.get("title"))
        for link in links
        if link.get("rel") == "enclosure"
    ]
    contained = [
        _present(url=each.get("url"), type=each.get("type") or each.get("medium"))
        for each in _listed(entry.get("media_content"))
    ]
    thumbnails = [_present(url=each.get("url")) for each in _listed(entry.get("media_thumbnail"))]
    return _by_url(enclosed + contained) or _by_url(thumbnails)


def _origin(source: Given) -> dict[str, str]:
    """Whom an aggregator had it from, for people to see; never an id, which would make another
    article of the same story as soon as the aggregator spells the name otherwise."""
    url = source.get("href") or source.get("link") or _href(_listed(source.get("links")), "self")
    return _present(title=source.get("title"), url=url)


def _tags(item: Given) -> list[str]:
    tags = item.get("tags")
    return _unique(str(tag) for tag in tags) if isinstance(tags, list) else []


def _people(given: Given) -> list[Given]:
    """`authors` of version 1.1, or `author` of version 1.0."""
    return _listed(given.get("authors")) or _listed([given["author"]] if "author" in given else [])


def _href(links: Iterable[Given], rel: str) -> str:
    found = (link.get("href") for link in links if link.get("rel") == rel)
    return next(filter(None, found), "")


def _by_url(media: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    first: dict[str, dict[str, str]] = {}
    for medium in media:
        if "url" in medium:
            first.setdefault(medium["url"], medium)
    return list(first.values())


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(name for name in names if name))


def _listed(value: Any) -> list[Given]:
    """Feeds break their own formats: what is no list of objects is none."""
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _present(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}
