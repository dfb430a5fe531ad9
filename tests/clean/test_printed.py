"""The visible date of an article is near its heading, and sometimes in its URL."""

import pytest
from selectolax.lexbor import LexborHTMLParser

from worker.clean.metadata.article_scope import ArticleScope
from worker.clean.metadata.visible_dates import (
    BEFORE,
    FAR,
    VisibleDate,
    date_of_address,
    find_dates,
    nearby_texts,
)


def visible(body: str, *, title: str = "Storm", far: bool = False) -> list[VisibleDate]:
    tree = LexborHTMLParser(f"<html><body>{body}</body></html>")
    return list(find_dates(nearby_texts(tree, title, ArticleScope(tree, title), far=far), title))


@pytest.mark.parametrize(
    ("body", "date"),
    [
        ("<h1>Storm</h1><p>By <b>Ann Lee</b> | <span>March 3, 2025</span></p>", "March 3, 2025"),
        ("<h1>Sturm</h1><div>Stand: 3. März 2025, 10 Uhr</div>", "3. März 2025"),
        ("<h1>Tempête</h1><p>Publié le 3 mars 2025</p>", "3 mars 2025"),
        ("<h1>Tormenta</h1><p>3 de marzo de 2025</p>", "3 de marzo de 2025"),
        ("<h1>Burza</h1><p>3 marca 2025</p>", "3 marca 2025"),
        ("<h1>Буря</h1><p>3 марта 2025</p>", "3 марта 2025"),
        ("<h1>嵐</h1><p>2025年3月3日</p>", "2025年3月3日"),
        ("<h1>Storm</h1><p>3 December 2025</p>", "3 December 2025"),
        ("<h1>Sturm</h1><p>03.03.2025</p>", "03.03.2025"),
        ("<h1>Storm</h1><time datetime='2025-03-03T10:00'>3 days ago</time>", "2025-03-03"),
        (
            "<h1>Sturm</h1><p>03.03.2025 Der Hafen ist wieder offen, und alle freuen sich.",
            "03.03.2025",
        ),
        ("<h1>The Site</h1><p>May 1, 2020</p><h2>Storm</h2><p>March 3, 2025</p>", "March 3, 2025"),
        ("<p>2025-03-03</p><p>No heading at all</p>", "2025-03-03"),
    ],
)
def test_a_date_at_the_heading_is_printed(body: str, date: str) -> None:
    assert visible(body)[0].text == date


@pytest.mark.parametrize(
    "body",
    [
        "<h1>Storm</h1><script>var d = 'March 3, 2025'</script><p>Text</p>",
        "<h1>Storm</h1><p>" + "word " * 200 + "</p><p>March 3, 2025</p>",
        "<h1>Storm of March 3, 1898</h1><p>Text</p>",
        "<h1>Storm</h1><p>The harbour was closed for good on March 3, 2025, after the storm.</p>",
        "<h1>Storm</h1><p>Version 12025-03-031</p>",
        "<h1>Storm</h1><p>Chapter 3, 2025</p>",
        "",
    ],
)
def test_a_date_in_a_sentence_or_far_away_is_none(body: str) -> None:
    assert visible(body) == []


def test_the_date_of_what_a_title_is_about_is_none() -> None:
    assert visible("<h1>Minutes of 3 March 2025</h1>", title="Minutes of 3 March 2025") == []


def test_a_date_before_the_heading_comes_second() -> None:
    dates = visible("<p>Posted May 1, 2025</p><h1>Storm</h1><p>Updated</p><p>May 2, 2025</p>")
    assert [date.text for date in dates] == ["May 2, 2025", "May 1, 2025"]
    assert dates[0].label == "updated"
    assert dates[1] == VisibleDate("May 1, 2025", "posted", BEFORE, "Posted")


def test_a_date_far_from_the_heading_is_read_when_asked_for() -> None:
    body = "<h1>Storm</h1><p>" + "word " * 200 + "</p><p>Last updated: March 3, 2025</p>"
    assert visible(body, far=True) == [
        VisibleDate("March 3, 2025", "last updated:", FAR, "Last updated:")
    ]


@pytest.mark.parametrize(
    ("url", "date"),
    [
        ("https://a.example/2025/3/3/storm", "2025-03-03"),
        ("https://a.example/2025/mar/03/storm", "2025-03-03"),
        ("https://a.example/news/2025-03/03/storm", "2025-03-03"),
        ("https://a.example/news/2025-03-03-storm", "2025-03-03"),
        ("https://a.example/news/20250303-storm", "2025-03-03"),
        ("https://a.example/news/03-03-2025", "2025-03-03"),
        ("https://a.example/2025/storm", ""),
        ("https://a.example/2025/12/storm", ""),
        ("https://a.example/2025/part/3/storm", ""),
        ("https://a.example/20259999-storm", ""),
        ("", ""),
    ],
)
def test_an_address_may_have_the_day(url: str, date: str) -> None:
    assert date_of_address(url) == date
