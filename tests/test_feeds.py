"""Entries as feedparser 6.0.14 and JSON Feed documents give them, mapped to raw articles."""

import json
from typing import Any

import pytest

from tests.make import NOW
from worker import from_feedparser, from_jsonfeed
from worker.clean import clean
from worker.config.loader import load_config
from worker.model.admission import LIMITS, Payload, RawArticle, admit
from worker.model.records import Article

RSS: dict[str, Any] = {
    "feed": {
        "language": "en-GB",
        "link": "https://wire.example/",
        "links": [
            {"href": "https://wire.example/", "rel": "alternate", "type": "text/html"},
            {"href": "https://wire.example/rss", "rel": "self", "type": "application/atom+xml"},
        ],
        "title": "Example Wire",
    },
    "href": "https://wire.example/rss?redirected",
    "etag": '"abc"',
    "modified": "Sun, 01 Nov 2026 08:05:00 GMT",
    "status": 200,
}
RSS_ENTRY: dict[str, Any] = {
    "author": "Ana Ruiz",
    "author_detail": {"name": "Ana Ruiz"},
    "authors": [{"name": "Ana Ruiz"}],
    "content": [
        {
            "base": "",
            "language": None,
            "type": "text/html",
            "value": "<p>Ships return on Monday.</p>",
        }
    ],
    "guidislink": False,
    "href": "",
    "id": "wire-4711",
    "link": "https://wire.example/4711?utm_source=rss",
    "links": [
        {
            "href": "https://wire.example/4711?utm_source=rss",
            "rel": "alternate",
            "type": "text/html",
        },
        {
            "href": "https://wire.example/a.mp3",
            "length": "12",
            "rel": "enclosure",
            "type": "audio/mpeg",
        },
    ],
    "media_content": [
        {"medium": "image", "type": "image/jpeg", "url": "https://wire.example/a.jpg"}
    ],
    "media_thumbnail": [{"url": "https://wire.example/t.jpg"}],
    "published": "Sun, 01 Nov 2026 08:00:00 GMT",
    "source": {"href": "https://origin.example/rss", "title": "Origin"},
    "summary": "Ships return.",
    "summary_detail": {"base": "", "language": None, "type": "text/html", "value": "Ships return."},
    "tags": [
        {"label": None, "scheme": None, "term": "Shipping"},
        {"label": None, "scheme": "x", "term": "Weather"},
        {"label": None, "scheme": "x", "term": "Shipping"},
    ],
    "title": "Harbour &amp; bridge reopen",
}
ATOM: dict[str, Any] = {
    "feed": {
        "id": "tag:blatt.example,2026:feed",
        "language": "de",
        "links": [{"href": "https://blatt.example/atom", "rel": "self"}],
        "title": "Blatt",
    },
}
ATOM_ENTRY: dict[str, Any] = {
    "author": "B. Kern (k@blatt.example)",
    "authors": [{"email": "k@blatt.example", "name": "B. Kern"}, {}],
    "content": [
        {
            "base": "",
            "language": "de",
            "type": "application/xhtml+xml",
            "value": "<p>Die Brücke ist offen.</p>",
        }
    ],
    "id": "tag:blatt.example,2026:1",
    "link": "https://blatt.example/1",
    "links": [
        {"href": "https://blatt.example/1", "rel": "alternate"},
        {
            "href": "https://blatt.example/1.mp3",
            "rel": "enclosure",
            "title": "Ton",
            "type": "audio/mpeg",
        },
    ],
    "published": "2026-11-01T09:00:00+01:00",
    "summary": "Kurz.",
    "tags": [{"label": "Lokales", "scheme": None, "term": "lokal"}],
    "title": "<b>Brücke</b> offen",
    "updated": "2026-11-02T09:00:00+01:00",
}
JSON_FEED: dict[str, Any] = {
    "version": "https://jsonfeed.org/version/1.1",
    "title": "Notes",
    "home_page_url": "https://notes.example/",
    "feed_url": "https://notes.example/feed.json",
    "language": "en",
    "authors": [{"name": "The Editors", "url": "https://notes.example/us"}],
}
JSON_ITEM: dict[str, Any] = {
    "id": 17,
    "url": "https://notes.example/17",
    "external_url": "https://elsewhere.example/",
    "title": "A note",
    "content_html": "<p>The harbour is <b>open</b>.</p>",
    "content_text": "The harbour is open.",
    "summary": "Open.",
    "image": "https://notes.example/i.png",
    "date_published": "2026-11-01T08:00:00-07:00",
    "date_modified": "2026-11-02T08:00:00-07:00",
    "tags": ["harbour", "ships"],
    "language": "en-US",
    "attachments": [
        {
            "url": "https://notes.example/a.mp3",
            "mime_type": "audio/mpeg",
            "title": "Read aloud",
            "size_in_bytes": 120,
        },
        {"url": "https://notes.example/i.png", "mime_type": "image/png"},
    ],
}


class AsFeedparserDoes(dict[str, Any]):
    """feedparser answers `updated` with `published`, and warns; warnings are errors here."""

    def get(self, key: str, default: Any = None) -> Any:
        assert key != "updated" or "updated" in self
        return super().get(key, default)


def article(raw: dict[str, Any]) -> Article:
    """What the worker makes of it."""
    assert json.loads(json.dumps(raw)) == raw
    admitted: RawArticle = admit(raw, Payload.of(raw).bytes)
    assert admitted.extra == {}
    return clean(admitted, load_config().cleaning, NOW)


def test_an_rss_entry_of_feedparser_becomes_a_raw_article() -> None:
    assert from_feedparser(AsFeedparserDoes(RSS_ENTRY), RSS) == {
        "id": "wire-4711",
        "link": "https://wire.example/4711?utm_source=rss",
        "title": "Harbour &amp; bridge reopen",
        "summary": "Ships return.",
        "content": [{"type": "text/html", "value": "<p>Ships return on Monday.</p>"}],
        "published": "Sun, 01 Nov 2026 08:00:00 GMT",
        "authors": ["Ana Ruiz"],
        "tags": ["Shipping", "Weather"],
        "media": [
            {"url": "https://wire.example/a.mp3", "type": "audio/mpeg"},
            {"url": "https://wire.example/a.jpg", "type": "image/jpeg"},
        ],
        "source": {"title": "Origin", "url": "https://origin.example/rss"},
        "feed": {"url": "https://wire.example/rss", "title": "Example Wire", "language": "en-GB"},
        "fetch": {
            "etag": '"abc"',
            "last_modified": "Sun, 01 Nov 2026 08:05:00 GMT",
            "status": 200,
        },
    }


def test_an_atom_entry_keeps_both_dates_its_language_and_the_labels_of_its_tags() -> None:
    raw = from_feedparser(ATOM_ENTRY, ATOM["feed"])
    assert (raw["published"], raw["updated"]) == (ATOM_ENTRY["published"], ATOM_ENTRY["updated"])
    assert raw["content"][0]["language"] == "de"
    assert (raw["tags"], raw["authors"]) == (["Lokales"], ["B. Kern"])
    assert raw["media"] == [
        {"url": "https://blatt.example/1.mp3", "type": "audio/mpeg", "title": "Ton"}
    ]
    assert raw["feed"]["url"] == "https://blatt.example/atom"
    assert "fetch" not in raw


CHANGED = "2026-11-01T10:00:00Z"


@pytest.mark.parametrize(
    ("entry", "dates"),
    [
        ({"updated": CHANGED}, (CHANGED, CHANGED)),  # Atom's updated, or dc:date
        ({"created": "2026-10-30", "updated": CHANGED}, ("2026-10-30", CHANGED)),
        ({"published": "2026-10-31", "updated": CHANGED}, ("2026-10-31", CHANGED)),
        ({"published": "", "updated": CHANGED}, (CHANGED, CHANGED)),
        ({}, (None, None)),
    ],
)
def test_an_entry_with_a_date_of_change_alone_was_published_by_then(
    entry: dict[str, str], dates: tuple[str | None, str | None]
) -> None:
    raw = from_feedparser(AsFeedparserDoes(entry | {"id": "1"}), {})
    assert (raw.get("published"), raw.get("updated")) == dates


def test_an_item_of_a_json_feed_with_a_date_of_change_alone_was_published_by_then() -> None:
    raw = from_jsonfeed({"id": "1", "date_modified": CHANGED}, {})
    assert (raw["published"], raw["updated"]) == (CHANGED, CHANGED)


def test_the_worker_makes_whole_articles_of_them() -> None:
    rss, atom = article(from_feedparser(RSS_ENTRY, RSS)), article(from_feedparser(ATOM_ENTRY, ATOM))
    assert (rss.title, rss.text) == ("Harbour & bridge reopen", "Ships return on Monday.")
    assert (rss.source, rss.key) == ("wire.example", "id:wire-4711")
    assert (atom.title, atom.text) == ("Brücke offen", "Die Brücke ist offen.")
    assert atom.updated
    assert (atom.language, atom.updated.hour) == ("de", 8)


def test_content_that_feedparser_copied_into_the_summary_is_sent_once() -> None:
    body = "<p>Only the body here.</p>"
    entry = {"title": "t", "summary": body, "content": [{"type": "text/html", "value": body}]}
    raw = from_feedparser(entry, {})
    assert raw == {"title": "t", "content": [{"type": "text/html", "value": body}]}


def test_a_description_that_is_the_whole_story_becomes_content() -> None:
    story = "<p>" + "word " * LIMITS.summary_bytes + "</p>"
    entry = {"summary": story, "summary_detail": {"type": "text/html"}}
    raw = from_feedparser(entry, {})
    assert raw == {"content": [{"type": "text/html", "value": story}]}
    admit(raw, Payload.of(raw).bytes)


def test_lists_longer_than_the_contract_takes_are_cut() -> None:
    entry = {
        "title": "t",
        "tags": [{"term": f"tag {n}"} for n in range(500)],
        "authors": [{"name": f"author {n}"} for n in range(500)],
        "media_content": [{"url": f"https://a.example/{n}"} for n in range(500)],
    }
    raw = from_feedparser(entry, {})
    admit(raw, Payload.of(raw).bytes)
    assert (raw["tags"][-1], len(raw["media"])) == ("tag 99", LIMITS.media)


@pytest.mark.parametrize(
    ("entry", "raw"),
    [
        ({}, {}),
        ({"title": "t", "author": "Desk", "authors": [{}]}, {"title": "t", "authors": ["Desk"]}),
        (
            {"media_thumbnail": [{"url": "u"}, {"url": "u"}]},
            {"media": [{"url": "u", "type": "image"}]},
        ),
        ({"links": [{"rel": "alternate", "href": "l"}]}, {"link": "l"}),
        ({"tags": [{"term": None, "label": None}], "links": None, "content": None}, {}),
    ],
)
def test_what_an_entry_lacks_is_left_out(entry: dict[str, Any], raw: dict[str, Any]) -> None:
    assert from_feedparser(entry, {}) == raw


def test_an_item_of_a_json_feed_becomes_a_raw_article() -> None:
    raw = from_jsonfeed(JSON_ITEM, JSON_FEED)
    assert raw == {
        "id": 17,
        "link": "https://notes.example/17",
        "title": "A note",
        "summary": "Open.",
        "content": [
            {"type": "text/html", "value": "<p>The harbour is <b>open</b>.</p>"},
            {"type": "text/plain", "value": "The harbour is open."},
        ],
        "published": "2026-11-01T08:00:00-07:00",
        "updated": "2026-11-02T08:00:00-07:00",
        "authors": ["The Editors"],
        "tags": ["harbour", "ships"],
        "media": [
            {"url": "https://notes.example/i.png", "type": "image"},
            {"url": "https://notes.example/a.mp3", "type": "audio/mpeg", "title": "Read aloud"},
        ],
        "language": "en-US",
        "feed": {"url": "https://notes.example/feed.json", "title": "Notes", "language": "en"},
    }
    assert article(raw).text == "The harbour is open."
    assert article(raw).key == "id:17"


@pytest.mark.parametrize(
    ("item", "raw"),
    [
        ({"id": "1", "author": {"name": "Bo"}}, {"id": "1", "authors": ["Bo"]}),
        ({"id": 0, "external_url": "https://b.example/"}, {"id": 0, "link": "https://b.example/"}),
        ({"id": "1", "tags": "not a list", "authors": "nor this"}, {"id": "1"}),
    ],
)
def test_older_and_careless_json_feeds_are_read_too(
    item: dict[str, Any], raw: dict[str, Any]
) -> None:
    assert from_jsonfeed(item, {}) == raw


def feed_of(item: str) -> dict[str, Any]:
    """The raw article of a feed with one item, as feedparser reads it."""
    feedparser = pytest.importorskip("feedparser")
    namespace = 'xmlns:media="http://search.yahoo.com/mrss/"'
    parsed = feedparser.parse(
        f'<rss version="2.0" {namespace}><channel><title>Post</title><item><title>Harbour</title>'
        f"<description>Text of the article.</description>{item}</item></channel></rss>"
    )
    return from_feedparser(parsed.entries[0], parsed)


@pytest.mark.parametrize(
    "author",
    [
        "Ann Lee &lt;ann@np.example&gt;",
        "ann@np.example (Ann Lee)",
        "Ann Lee (ann@np.museum)",
        "ann@np.org (Ann Lee)",
    ],
)
def test_a_mail_address_leaves_nothing_in_the_name(author: str) -> None:
    assert article(feed_of(f"<author>{author}</author>")).authors == ("Ann Lee",)


@pytest.mark.parametrize(
    ("media", "image"),
    [
        ('<enclosure url="https://np.example/e.jpg" type="" length="0"/>', "e.jpg"),
        ('<media:thumbnail url="https://np.example/t"/>', "t"),
        (
            '<enclosure url="https://np.example/a.mp3" type="audio/mpeg" length="1"/>'
            '<media:thumbnail url="https://np.example/t"/>',
            "t",
        ),
    ],
)
def test_a_thumbnail_is_the_image_of_an_entry_without_pictures(media: str, image: str) -> None:
    assert article(feed_of(media)).image == f"https://np.example/{image}"
