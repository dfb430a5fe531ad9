import json
import subprocess
import sys
from dataclasses import asdict

import pytest
from selectolax.lexbor import LexborHTMLParser

from tests.clean.ordinary import PARAGRAPHS, RULES, cleaned, markup
from worker.clean.metadata.page_metadata import NO_METADATA, PageMetadata, read_metadata
from worker.clean.page.main_text import main_text, parse

ARTICLE = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS * 5)
MENU = "<nav><ul>" + "<li><a href='/x'>Menu entry</a></li>" * 30 + "</ul></nav>"
PAGE = f"<!doctype html><html><body>{MENU}<article><h1>Title</h1>{ARTICLE}</article></body></html>"


def test_the_menu_of_a_page_is_no_part_of_the_article() -> None:
    article = cleaned(content=markup(PAGE))
    assert "Menu entry" not in article.text
    assert article.text.count(PARAGRAPHS[0]) >= 1
    assert article.flags == ()


def test_a_page_without_main_text_gives_all_its_text() -> None:
    article = cleaned(content=markup("<html><body><div>abc</div></body></html>"))
    assert article.text == "abc"


def test_a_page_with_too_many_tags_gives_all_its_text() -> None:
    text, flag = main_text(parse(PAGE)._replace(tags=RULES.html.max_extract_tags + 1), RULES.html)
    assert flag == "whole-page"
    assert "Menu entry" in text


@pytest.mark.processes
def test_the_extractor_is_not_imported_before_the_first_page() -> None:
    program = "import sys, worker.clean; print('trafilatura' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


def linked(value: object) -> str:
    return f"<script type='application/ld+json'>{json.dumps(value)}</script>"


NEWS = {"@type": "NewsArticle", "headline": "H", "datePublished": "2022-12-02"}


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (linked(NEWS), {"title": "H", "published": "2022-12-02"}),
        (linked([{"@type": "Person"}, NEWS]), {"title": "H", "published": "2022-12-02"}),
        (
            linked({"@graph": [{"@type": ["Thing"]}, NEWS]}),
            {"title": "H", "published": "2022-12-02"},
        ),
        (linked(NEWS | {"author": {"name": "Ann"}}), {"authors": ("Ann",)}),
        (linked(NEWS | {"author": [{"name": "Ann"}, "Bo", 3]}), {"authors": ("Ann", "Bo")}),
        (linked(NEWS | {"headline": 5, "author": None}), {"title": "", "authors": ()}),
        ("<script type='application/ld+json'>{broken</script>", {"title": ""}),
        ("<script type='application/ld+json'>" + "[" * 99_999 + "</script>", {"title": ""}),
        ("<meta property='og:title' content=' O '><title>T</title>", {"title": "O"}),
        ("<title>Open now</title><body><h1>Open <b>again</b></h1>", {"title": "Open again"}),
        ("<title>T &amp; U</title>", {"title": "T & U"}),
        ("<meta property=og:title content='H | Best of 2026'><body><h1>H</h1>", {"title": "H"}),
        ("<meta property=og:title content='Hen'><body><h1>H</h1>", {"title": "Hen"}),
        (
            "<meta name=author content='http://x/ann'><meta name=byl content='Ann'>",
            {"authors": ("Ann",)},
        ),
        ("<body><a rel=author href=x>Ann</a>", {"authors": ("Ann",)}),
        (
            "<meta property='article:published_time' content='2022-12-02'>",
            {"published": "2022-12-02"},
        ),
        ("<body><time datetime='2022-12-02'>Friday</time>", {"published": "2022-12-02"}),
        ("<meta property='article:modified_time' content='x'>", {"updated": "x"}),
        ("<link rel=canonical href='/a'><meta property=og:url content='/b'>", {"canonical": "/a"}),
        ("<meta property=og:url content='/b'>", {"canonical": "/b"}),
        ("<meta property=og:site_name content=Wire>", {"site": "Wire"}),
        ("<meta property=article:section content=World>", {"sections": ("World",)}),
    ],
)
def test_what_a_page_says_of_itself_is_read(head: str, expected: dict[str, object]) -> None:
    metadata = asdict(read_metadata(LexborHTMLParser(f"<html lang=en><head>{head}")))
    assert {name: metadata[name] for name in expected} == expected
    assert metadata["language"] == "en"


def test_a_page_that_says_nothing_has_no_metadata() -> None:
    assert read_metadata(LexborHTMLParser("<html><body><p>x")) == NO_METADATA == PageMetadata()
