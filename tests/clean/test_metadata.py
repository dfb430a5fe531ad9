import json
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from tests.clean.ordinary import PARAGRAPHS, cleaned, markup
from tests.support.cleaning_tables import AUTHORS, TITLES
from worker.clean.metadata.page_metadata import PageMetadata, read_metadata

ARTICLE = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS * 3)


def read(head: str, body: str = "") -> PageMetadata:
    return read_metadata(LexborHTMLParser(f"<html><head>{head}</head><body>{body}</body></html>"))


def linked(*nodes: object) -> str:
    return f'<script type="application/ld+json">{json.dumps({"@graph": nodes})}</script>'


@pytest.mark.parametrize(
    "byline",
    [
        '<span class="byline">By Ann Lee and Bo Chen</span>',
        '<div class="article-author">Ann Lee<span>|</span>and Bo Chen</div>'.replace(
            "<span>|</span>and", ", "
        ),
        '<p>Written by <!-- --><a href="/staff/1">Ann Lee and Bo Chen</a></p>',
        '<a rel="author" href="/ann">Ann Lee, Bo Chen</a>',
        '<p class="byline">By Ann Lee and Bo Chen, staff writers<time>May 3</time></p>',
        '<div class="autor">Von <a href="/1">Ann Lee</a> und <a href="/2">Bo Chen</a></div>',
        "<p>Ein Beitrag von Ann Lee und Bo Chen</p>",
        "<p>Écrit par Ann Lee et Bo Chen</p>",
        "<p>Texto: Ann Lee y Bo Chen</p>",
        "<p><b>By</b></p><p>Ann Lee and Bo Chen</p>",
        '<a href="/autor/12">Ann Lee, Bo Chen</a>',
    ],
)
def test_authors_are_read_from_what_readers_see(byline: str) -> None:
    assert read("", byline).authors == ("Ann Lee", "Bo Chen")


@pytest.mark.parametrize(
    "byline",
    [
        '<div class="author-comments">Ann Lee</div>',
        '<div class="author">About the author</div>',
        "<p>By the harbour he stood.</p>",
        "<p>Von Hafen zu Hafen fuhr er.</p>",
        '<a href="/oauth/authorize" class="authorize">Sign in</a>',
        '<div class="author-login"><a href="/author/login">Login</a></div>',
    ],
)
def test_what_names_nobody_is_no_byline(byline: str) -> None:
    assert read("", byline).authors == ()


@pytest.mark.parametrize("name", ["Marc Mayer", "Jan Marchand", "Ingrid Onegin", "Lasse Julius"])
def test_a_name_may_begin_like_a_month_or_a_preposition(name: str) -> None:
    assert read("", f'<p class="byline">By {name} on May 3, 2026</p>').authors == (name,)
    assert read("", f'<p class="byline">By {name} May 3, 2026</p>').authors == (name,)


def test_who_shares_a_page_as_written_by_somebody_names_its_author() -> None:
    shared = '<meta name="twitter:label1" content="{}"><meta name="twitter:data1" content="{}">'
    assert read(shared.format("Verfasst von", "Ann Lee")).authors == ("Ann Lee",)
    assert read(shared.format("Est. reading time", "3 minutes")).authors == ()


def test_an_initial_keeps_its_dot() -> None:
    assert read("", '<p class="byline">By Ann L. and B. Chen.</p>').authors == ("Ann L.", "B. Chen")


def test_a_page_that_is_no_article_has_an_author_too() -> None:
    recipe = linked({"@type": "Recipe", "author": {"name": "Ann Lee"}, "image": "x.png"})
    assert read(recipe).authors == ("Ann Lee",)
    article = {"@type": "NewsArticle", "author": {"name": "Bo Chen"}}
    assert read(linked({"@type": "WebPage", "author": {"name": "Ann Lee"}}, article)).authors == (
        "Bo Chen",
    )


def test_full_names_outrank_those_that_people_log_in_with() -> None:
    article = linked({"@type": "NewsArticle", "author": {"name": "ann.lee"}})
    assert read(article, '<p class="byline">By Ann Lee</p>').authors == ("Ann Lee",)
    assert read(article).authors == ("ann.lee",)
    assert read("", '<a rel="author" href="/author/7">ann.lee</a>').authors == ("ann.lee",)
    assert read("", '<a rel="author" href="/author/7">More about me</a>').authors == ()


def test_people_are_found_by_their_reference_in_the_graph() -> None:
    author = {"@type": "Person", "@id": "#ann", "name": "Ann Lee"}
    page = {"@type": "WebPage", "datePublished": "2026-05-03"}
    article = {"@type": "NewsArticle", "headline": "Harbour", "author": {"@id": "#ann"}}
    metadata = read(linked(page, article, author))
    assert (metadata.authors, metadata.published) == (("Ann Lee",), "2026-05-03")
    assert metadata.element_of["authors"] == "json-ld"


def test_a_trailing_comma_does_not_cost_the_whole_object() -> None:
    script = '{"@type": "NewsArticle", "headline": "Harbour", "author": ["Ann Lee",],}'
    metadata = read(f'<script type="application/ld+json">{script}</script>')
    assert metadata.authors == ("Ann Lee",)


def test_a_site_is_its_own_author_only_where_nobody_else_signs() -> None:
    site = '<meta property="og:site_name" content="Example"><meta name="author" content="Example">'
    assert read(site).authors == ("Example",)
    assert read(site, '<p class="byline">By Ann Lee</p>').authors == ("Ann Lee",)


@pytest.mark.parametrize(
    ("head", "headings", "title"),
    [
        ("<title>Harbour reopens | Example</title>", ["Harbour reopens"], "Harbour reopens"),
        (
            "<title>Harbour reopens – Example</title>",
            ["Example", "Harbour reopens"],
            "Harbour reopens",
        ),
        (
            "<title>The harbour reopens today</title>",
            ["Harbour reopens at last"],
            "Harbour reopens at last",
        ),
        ("<title>Harbour reopens</title>", ["Playful Tones"], "Harbour reopens"),
        ("", ["Harbour reopens"], "Harbour reopens"),
        ("<title>All about ports</title>", ["Ships sail north again"], "Ships sail north again"),
        ("<title>The Wire | Ships sail</title>", ["Ships sail", "Most read"], "Ships sail"),
        ("<title>Storm: ships sail</title>", ["x" * 201], "Storm: ships sail"),
        ("", ["Ships sail<br>north again"], "Ships sail north again"),
        ("", ["<span class=kicker>Ports</span> Ships sail again"], "Ships sail again"),
        ("", ["<span class=number>Nine</span> ships sail again"], "Nine ships sail again"),
        ("", ["Ships sail <small class=subtitle>At last</small>"], "Ships sail"),
        (
            "<title>Ships sail north – Example</title>",
            ["<b>News | </b>Ships sail north"],
            "Ships sail north",
        ),
        (
            "<title>Ports: Ships sail north</title>",
            ["<b>Ports:</b> Ships sail north"],
            "Ports: Ships sail north",
        ),
        (
            "<title>Petition : Let the ships sail north</title>",
            ["Let the ships sail north", "Log in"],
            "Let the ships sail north",
        ),
        (
            "<title>Harbour storms: repairs finished</title>",
            [
                "Offers of this week",
                "Repairs after the harbour storms end",
                "More storms in harbour",
            ],
            "Repairs after the harbour storms end",
        ),
        (
            "<title>Harbour storms: repairs finished</title>",
            [
                "Sign up for the harbour newsletter",
                "Repairs and storms",
            ],  # one long word, few words
            "Harbour storms: repairs finished",
        ),
        ("", ["<style>.a{color:red}</style>Ships sail north again"], "Ships sail north again"),
    ],
)
def test_the_title_is_the_heading_that_declarations_agree_with(
    head: str, headings: list[str], title: str
) -> None:
    assert read(head, "".join(f"<h1>{heading}</h1>" for heading in headings)).title == title


def page(case: dict[str, Any]) -> str:
    """The page of a case in a table, with the text of an article for "…"."""
    body = case["body"].replace("<p>…</p>", "…").replace("…", ARTICLE)
    return f"<html><head>{case.get('head', '')}</head><body>{body}</body></html>"


@pytest.mark.parametrize("case", AUTHORS["page"], ids=lambda case: case["body"][:60])
def test_authors_of_a_page_are_those_of_its_article(case: dict[str, Any]) -> None:
    assert list(cleaned(content=markup(page(case))).authors) == case["names"]


@pytest.mark.parametrize("case", TITLES["page"], ids=lambda case: case["body"][:60])
@pytest.mark.parametrize("link", ["https://np.example/?p=12", "https://np.example/a/harbour"])
def test_a_heading_with_the_name_of_the_site_is_no_title(case: dict[str, Any], link: str) -> None:
    html = page(case | {"body": f"<article>{case['body']}…</article>"})
    assert cleaned(title="", link=link, content=markup(html)).title == case["title"]


def test_a_name_of_the_site_gives_way_to_the_title_of_the_page() -> None:
    html = page({"head": "<title>Ships sail north – The Wire</title>", "body": "<h1>x</h1>…"})
    source = {"id": "wire", "title": "The Wire"}
    article = cleaned(title="The Wire", source=source, content=markup(html))
    assert article.title == "Ships sail north"


def test_the_name_by_a_portrait_is_that_of_the_author() -> None:
    byline = '<h1>Harbour reopens</h1><p>{}</p><img src="a.jpg" alt="Ann Lee">'
    assert read("", byline.format("Ann Lee")).authors == ("Ann Lee",)
    assert read("", byline.format("Port News")).authors == ()
    assert read("", byline.format("Bo Chen | Senior Writer | May 3, 2026")).authors == ("Bo Chen",)


def test_keywords_and_lead_image_are_stored() -> None:
    head = (
        '<meta name="keywords" content="harbour, storm"><meta property="og:image" content="/a.jpg">'
    )
    page = f"<html><head>{head}</head><body><article>{ARTICLE}</article></body></html>"
    article = cleaned(content=markup(page))
    assert article.keywords == ("harbour", "storm")
    assert article.image == "https://news.example.com/a.jpg"


def test_a_picture_of_the_feed_outranks_that_of_the_page() -> None:
    page = '<html><head><meta property="og:image" content="/a.jpg"></head><body><p>x y z</p></body>'
    media = [{"url": "https://cdn.example.com/b.jpg", "type": "image/jpeg"}]
    assert cleaned(content=markup(page), media=media).image == "https://cdn.example.com/b.jpg"


def test_an_amp_address_gives_way_to_what_the_page_calls_its_own() -> None:
    head = '<link rel="canonical" href="https://news.example.com/2026/harbour">'
    page = f"<html><head>{head}</head><body><article>{ARTICLE}</article></body></html>"
    article = cleaned(link="https://amp.news.example.com/2026/harbour?amp=1", content=markup(page))
    assert article.url == "https://news.example.com/2026/harbour"


def test_a_day_that_is_only_printed_is_found() -> None:
    page = f"<html><body><article><p>Published: March 3, 2025</p>{ARTICLE}</article></body></html>"
    published = cleaned(content=markup(page)).published
    assert published is not None
    assert published.date().isoformat() == "2025-03-03"


def test_a_declared_title_is_cut_where_a_title_of_the_contract_ends() -> None:
    long = "Harbour " * 50_000
    article = cleaned(
        title="",
        content=f"<html><title>{long}</title><p>The harbour reopened on Monday.</p></html>",
    )
    assert len(article.title) <= 1024
    assert article.title.startswith("Harbour Harbour")


@pytest.mark.parametrize("size", [2_100, 500_000])
def test_an_address_over_the_limit_of_links_is_ignored(size: int) -> None:
    url = f"https://news.example.com/{'x' * size}"
    head = f'<link rel="canonical" href="{url}"><meta property="og:image" content="{url}">'
    article = cleaned(content=f"<html><head>{head}</head><p>The harbour reopened on Monday.</p>")
    assert article.url == "https://news.example.com/2026/harbour"
    assert article.image == ""


@pytest.mark.parametrize(
    ("body", "authors"),
    [
        ("<h1>Harbour reopens</h1>…<h3>Most read</h3><div><b class=author>Bo Chen</b></div>", ()),
        ("<h1>Harbour reopens</h1>…<div><h3><a href=/2>Storm in the port</a></h3>"
         "<b class=author>Bo Chen</b></div>", ()),
        ("<div class=header><b class=author>Bo Chen</b></div><h1>Harbour reopens</h1>…", ()),
        ("<h1>Harbour reopens</h1><p class=byline>Ann Lee/AFP</p>…", ("Ann Lee", "AFP")),
        ("<h1>Harbour reopens</h1><p class=byline>بقلم أحمد علي</p>…", ("أحمد علي",)),
        ("<h1>Harbour reopens</h1><p>（记者 王小明）</p>…", ("王小明",)),
        ("<h1>Harbour reopens</h1><p class=byline>By Ann Lee, Editor, and Bo Chen</p>…",
         ("Ann Lee", "Bo Chen")),
    ],
)  # fmt: skip
def test_bylines_stand_in_the_article(body: str, authors: tuple[str, ...]) -> None:
    assert cleaned(content=markup(page({"body": body}))).authors == authors
