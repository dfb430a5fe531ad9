"""A page that declares no date has one in its address, or prints one behind its heading."""

import pytest
from selectolax.lexbor import LexborHTMLParser

from worker.clean.metadata import read_metadata
from worker.clean.printed import date_of_address, printed_date


@pytest.mark.parametrize(
    ("body", "date"),
    [
        ("<h1>Storm</h1><p>By <b>Ann Lee</b> | <span>March 3, 2025</span></p>", "March 3, 2025"),
        ("<h1>Sturm</h1><div>Stand: 3. März 2025, 10 Uhr</div>", "3. März 2025"),
        ("<h1>Tempête</h1><p>Publié le 3 mars 2025</p>", "3 mars 2025"),
        ("<h1>Tormenta</h1><p>3 de marzo de 2025</p>", "3 de marzo de 2025"),
        ("<h1>Sturm</h1><p>03.03.2025</p>", "03.03.2025"),
        ("<p>2025-03-03</p><p>No heading at all</p>", "2025-03-03"),
        ("<p>May 1, 2020</p><h1>Storm</h1><p>No date.</p>", ""),
        ("<h1>Storm</h1><script>var d = 'March 3, 2025'</script><p>Text</p>", ""),
        ("<h1>Storm</h1><p>" + "word " * 200 + "March 3, 2025</p>", ""),
        ("<h1>Storm of March 3, 1898</h1><p>Text</p>", ""),
        ("<h1>Storm</h1><p>Version 12025-03-031</p>", ""),
        ("", ""),
    ],
)
def test_the_first_date_behind_the_heading_counts(body: str, date: str) -> None:
    assert printed_date(LexborHTMLParser(f"<html><body>{body}</body></html>")) == date


@pytest.mark.parametrize(
    ("url", "date"),
    [
        ("https://a.example/2025/3/3/storm", "2025-03-03"),
        ("https://a.example/news/2025-03-03-storm", "2025-03-03"),
        ("https://a.example/2025/storm", ""),
        ("", ""),
    ],
)
def test_an_address_may_have_the_day(url: str, date: str) -> None:
    assert date_of_address(url) == date


def test_what_is_declared_outranks_both() -> None:
    links = '<link rel="canonical" href="https://a.example/2025/03/03/storm">'
    body = "<body><h1>Storm</h1><p>March 4, 2025</p></body>"
    declared = '<meta property="article:published_time" content="2025-03-05">'
    for head, date in (
        (declared + links, "2025-03-05"),
        (links, "2025-03-03"),
        ("", "March 4, 2025"),
    ):
        assert read_metadata(f"<html><head>{head}</head>{body}</html>").published == date
