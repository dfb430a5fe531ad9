"""`explain_cleaning`: where each field of an article comes from, and which candidates it beat."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from worker.clean import examine
from worker.clean.explain_cleaning import CleaningDecision, explain_cleaning
from worker.clean.metadata.page_metadata import read_metadata
from worker.cli.file_reading import read_file
from worker.cli.folders import files_below
from worker.config.loader import load_config
from worker.errors import Rejected
from worker.model.admission import Payload, admit

RULES = load_config(None).cleaning
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PROSE = (
    "<p>The harbour reopened on Monday after two weeks of repairs to its eastern wall, and "
    "fishermen were the first to leave it.</p><p>Ferries will run every hour until the end of "
    "March, the operator announced on its site.</p>"
)
PERSON = '{"@type": "Person", "name": "Ann Lee"}'


def page(head: str = "", body: str = "<h1>Harbour reopens</h1>", lang: str = "en") -> str:
    return (
        f'<!doctype html><html lang="{lang}"><head>{head}</head>'
        f"<body><article>{body}{PROSE}</article></body></html>"
    )


def article(json_ld: str) -> str:
    return f'<script type="application/ld+json">{{"@type": "NewsArticle", {json_ld}}}</script>'


def explained(raw: dict[str, Any]) -> list[CleaningDecision]:
    admitted = admit(raw, Payload.of(raw).bytes)
    return [*explain_cleaning(examine(admitted, RULES, NOW), RULES)]


def decision(about: str, **raw: Any) -> CleaningDecision:
    [found] = [d for d in explained(raw) if d.about == about][:1]
    return found


def meta(name: str, content: str) -> str:
    return f'<meta name="{name}" content="{content}">'


TIME = meta("article:published_time", "2026-11-03T08:00:00Z")
LINK = "https://a.example/harbour"


@pytest.mark.parametrize(
    ("about", "raw", "source", "value"),
    [
        ("title", {"title": "Harbour", "content": page()}, "feed:title", "Harbour"),
        ("title", {"content": page()}, "heading h1", "Harbour reopens"),
        (
            "title",
            {"content": page(meta("og:title", "Harbour opens"), "")},
            "meta:og:title",
            "Harbour opens",
        ),
        ("title", {"content": "<p>The harbour reopened.</p>"}, "fallback", "The harbour reopened."),
        (
            "published",
            {"published": "2026-11-01T08:00:00Z", "content": page(TIME)},
            "feed:published",
            "2026-11-01T08",
        ),
        ("published", {"content": page(TIME)}, "meta:article:published_time", "2026-11-03T08"),
        (
            "published",
            {"published": "soon", "content": page(TIME)},
            "meta:article:published_time",
            "2026-11-03T08",
        ),
        (
            "published",
            {"link": "https://a.example/2026/11/02/harbour", "content": page()},
            "address",
            "2026-11-02",
        ),
        (
            "published",
            {"content": page(body="<h1>Harbour reopens</h1><p>2 November 2026</p>")},
            "visible text",
            "2026-11-02",
        ),
        (
            "published",
            {"content": page(article('"datePublished": "2026-11-04"'))},
            "json-ld:datePublished",
            "2026-11-04",
        ),
        ("authors", {"authors": ["Bo Chen"], "content": page()}, "feed:authors", "Bo Chen"),
        (
            "authors",
            {"content": page(article(f'"author": {PERSON}'))},
            "json-ld:author",
            "Ann Lee",
        ),
        ("authors", {"content": page(meta("byl", "By Ann Lee"))}, "meta:byl", "Ann Lee"),
        (
            "authors",
            {"content": page(body="<h1>Harbour</h1><p class=byline>By Ann Lee</p>")},
            "visible byline",
            "Ann Lee",
        ),
        ("language", {"language": "de", "title": "Hafen", "content": "ok"}, "feed:language", "de"),
        (
            "language",
            {"language": "de", "title": "Harbour", "content": page()},
            "words of the text",
            "en",
        ),
        ("url", {"link": f"{LINK}?utm_source=rss", "content": page()}, "feed:link", LINK),
        (
            "url",
            {"content": page(f'<link rel=canonical href="{LINK}">')},
            "link rel=canonical",
            LINK,
        ),
        (
            "image",
            {"content": page(meta("og:image", "https://a.example/x.jpg"))},
            "meta:og:image",
            "https://a.example/x.jpg",
        ),
        (
            "image",
            {
                "content": page(meta("og:image", "https://a.example/x.jpg")),
                "media": [{"url": "https://a.example/y.jpg"}],
            },
            "feed:media",
            "https://a.example/y.jpg",
        ),
        ("text", {"title": "Harbour", "summary": "It is open."}, "feed:summary", "11 characters"),
        ("flag", {"title": "Harbour", "summary": "It is open."}, "the contents", "summary-only"),
        ("flag", {"content": PROSE}, "neither feed nor page", "no-title"),
        (
            "flag",
            {"title": "Harbour", "content": PROSE, "published": "2027-01-01T08:00:00Z"},
            "the date of field published",
            "future-date",
        ),
    ],
)
def test_each_field_names_the_source_that_its_value_has(
    about: str, raw: dict[str, Any], source: str, value: str
) -> None:
    found = decision(about, **raw)
    assert found.source.startswith(source)
    assert found.value.startswith(value)


@pytest.mark.parametrize(
    ("about", "raw", "source", "value", "why"),
    [
        (
            "title",
            {"title": "Harbour opens", "content": page()},
            "heading h1",
            "Harbour reopens",
            "feed:title outranks the page",
        ),
        (
            "title",
            {"content": page(f"<title>Harbour reopens | A</title>{meta('og:site_name', 'A')}")},
            "title element",
            "Harbour reopens | A",
            "a heading that a declared title agrees with is preferred",
        ),
        (
            "title",
            {
                "content": page(
                    f"<title>Harbour reopens - Post</title>{meta('og:site_name', 'Post')}",
                    "<h1>Post</h1><h2>Harbour reopens</h2>",
                )
            },
            "heading h1",
            "Post",
            "the name of the site, or too long for a title",
        ),
        (
            "title",
            {"title": "a.example", "link": LINK, "content": page()},
            "feed:title",
            "a.example",
            "it only names the site, or has no words",
        ),
        (
            "published",
            {"published": "soon", "content": page(TIME)},
            "feed:published",
            "soon",
            "it can't be read as a date",
        ),
        (
            "published",
            {"published": "2026-11-01T08:00:00Z", "content": page(TIME)},
            "meta:article:published_time",
            "2026-11-03T08:00:00Z",
            "feed:published outranks the page",
        ),
        (
            "published",
            {"content": page(TIME + meta("date", "2026"))},
            "meta:date",
            "2026",
            "it names no day",
        ),
        (
            "published",
            {"content": page(TIME + meta("pubdate", "2027-02-03"))},
            "meta:pubdate",
            "2027-02-03",
            "it is in the future",
        ),
        (
            "published",
            {"content": page(TIME, "<h1>Harbour</h1><p>Updated: 5 November 2026</p>")},
            "visible text",
            "Updated: 5 November 2026",
            "labelled as the date of a change",
        ),
        (
            "published",
            {"content": page(TIME, "<h1>Harbour</h1><p>Event date: 1 November 2026</p>")},
            "visible text",
            "Event date: 1 November 2026",
            "labelled as the date of something else",
        ),
        (
            "published",
            {"content": page(TIME, "<h1>Harbour</h1><p>1 October 2026</p>")},
            "meta:article:published_time",
            "2026-11-03T08:00:00Z",
            "it is older: the declared date may be that of a change",
        ),
        (
            "authors",
            {
                "content": page(
                    article(f'"author": {PERSON}'),
                    "<h1>Harbour</h1><p class=byline>By Bo Chen</p>",
                )
            },
            "visible byline",
            "Bo Chen",
            "ranks after json-ld:author",
        ),
        (
            "language",
            {"language": "de", "title": "Harbour", "content": page()},
            "feed:language",
            "de",
            "the words of the text prove another language",
        ),
        (
            "language",
            {"language": "en", "title": "Harbour", "content": page()},
            "feed:language",
            "en",
            "the same language",
        ),
        (
            "image",
            {
                "content": page(meta("og:image", "https://a.example/x.jpg")),
                "media": [{"url": "https://a.example/y.jpg"}],
            },
            "meta:og:image",
            "https://a.example/x.jpg",
            "feed:media outranks the page",
        ),
        (
            "text",
            {"title": "Harbour", "content": [page(), {"type": "text/plain", "value": "Open."}]},
            "feed:content[1]",
            "5 characters",
            "it has less text",
        ),
    ],
)
def test_each_lost_candidate_says_where_it_stands_and_why_it_lost(
    about: str, raw: dict[str, Any], source: str, value: str, why: str
) -> None:
    lost = {(each.source, each.value): each.why for each in decision(about, **raw).lost}
    assert lost[source, value] == why


def test_a_refused_canonical_link_says_so() -> None:
    found = decision(
        "canonical", link=LINK, content=page('<link rel=canonical href="https://b.example/x">')
    )
    assert "refused" in found.because


def test_a_field_without_a_value_still_shows_what_could_not_be_used() -> None:
    found = decision("published", title="Harbour", content=PROSE, published="soon")
    assert (found.value, found.source) == ("", "")
    assert [each.why for each in found.lost] == ["it can't be read as a date"]


def test_a_field_of_which_nothing_is_known_has_no_line() -> None:
    abouts = [each.about for each in explained({"title": "Harbour", "content": "It is open."})]
    assert {"published", "updated", "authors", "image", "canonical"}.isdisjoint(abouts)


def test_the_winner_of_a_field_is_never_among_those_it_beat() -> None:
    cleaned = 0
    for file in files_below(Path(__file__).parents[2] / "seeds", ["expected.jsonl"]):
        for _, raw in read_file(file):
            try:
                examined = examine(admit(raw, Payload.of(raw).bytes), RULES, NOW)
            except Rejected:
                continue
            cleaned += 1
            for each in explain_cleaning(examined, RULES):
                assert not each.value or each.source, each
                assert all(lost.why and lost.value for lost in each.lost), each
                assert (each.source, each.value) not in {(e.source, e.value) for e in each.lost}
    assert cleaned > 30


def test_the_metadata_of_a_page_keep_no_tree_in_memory_and_can_still_be_explained() -> None:
    markup = (
        "<!doctype html><html><head><title>Harbour reopens</title></head><body><article>"
        "<h1>Harbour reopens</h1><p class=byline>By Ann Lee</p><img src=/a.jpg></article>"
    )
    tree = LexborHTMLParser(markup)
    holders = sys.getrefcount(tree)
    page = read_metadata(tree, markup=markup)
    assert sys.getrefcount(tree) == holders
    assert page.authors == ("Ann Lee",)
    assert ("Ann Lee",) in [read() for _, read in page.candidates["authors"]]
    kept = read_metadata(tree)
    assert [read() for _, read in kept.candidates["authors"]] == [
        read() for _, read in page.candidates["authors"]
    ]
    assert sys.getrefcount(tree) > holders
