from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.clean.ordinary import RULES, cleaned
from tests.support.cleaning_tables import AUTHORS, TITLES
from worker.clean.text.author_names import author_names
from worker.clean.text.short_text import authors, categories, names, tidy
from worker.clean.text.titles import from_text, has_number, of_page, site_names, without_site


@pytest.mark.parametrize(
    ("bylines", "expected"),
    [
        (["Ann Lee"], ("Ann Lee",)),
        (["By Ann Lee"], ("Ann Lee",)),
        (["Von Anna Lee und Bo Chen"], ("Anna Lee", "Bo Chen")),
        (["Ann Lee and Bo Chen"], ("Ann Lee", "Bo Chen")),
        (["Johnson & Johnson"], ("Johnson & Johnson",)),
        (["Ann Lee, Bo Chen and Cy Day"], ("Ann Lee", "Bo Chen", "Cy Day")),
        (["Lee, Ann"], ("Lee, Ann",)),
        (["Ann Lee, PhD"], ("Ann Lee, PhD",)),
        (["Ann Lee, head of the harbour office"], ("Ann Lee",)),
        (["ann@example.com (Ann Lee)", "desk@example.com"], ("Ann Lee",)),
        (["Ann Lee", "ANN LEE", " ", "<b>Bo</b>&nbsp;Chen"], ("Ann Lee", "Bo Chen")),
        (["x" * 121], ()),
    ],
)
def test_authors_are_people_without_their_wrapping(
    bylines: list[str], expected: tuple[str, ...]
) -> None:
    assert authors(bylines, RULES.text) == expected


def test_names_keep_their_order_and_first_spelling() -> None:
    assert names(["World", "Politics", "WORLD"], RULES.text) == ("World", "Politics")


def test_there_are_at_most_as_many_names_as_configured() -> None:
    assert len(names(map(str, range(1000)), RULES.text)) == RULES.text.max_names


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Biden’s <em>terms</em>", "Biden’s terms"),
        ("AT&amp;amp;T  &#8211;\n rises", "AT&T – rises"),
        ("Using &lt;b&gt;", "Using <b>"),
        ("The Queenâ€™s", "The Queen’s"),
    ],
)
def test_titles_are_one_tidy_line(title: str, expected: str) -> None:
    assert tidy(title, RULES.text) == expected


SITES = site_names(("Example News - World", "The Wire"), "news.example.co.uk")


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Harbour reopens - Example News", "Harbour reopens"),
        ("Harbour reopens | THE WIRE", "Harbour reopens"),
        ("Harbour reopens — news.example.co.uk", "Harbour reopens"),
        ("Harbour reopens – Example", "Harbour reopens"),
        ("Harbour - what next", "Harbour - what next"),
        ("Harbour-Example", "Harbour-Example"),
        ("Example News", "Example News"),
        (" - The Wire", " - The Wire"),
    ],
)
def test_only_the_name_of_the_site_is_cut_from_a_title(title: str, expected: str) -> None:
    assert without_site(title, SITES) == expected


LOG = "Ann’s Log – Ships sail north"


@pytest.mark.parametrize(
    ("title", "others", "url", "expected"),
    [
        ("Ships sail | Dimido Blog", [], "https://dimido.example/1", "Ships sail"),
        ("Ann Lee’s Home | Ships sail", [], "https://www.annlee.example/1", "Ships sail"),
        ("Ships sail – Sails", [], "https://a.example/1", "Ships sail – Sails"),
        ("Ships sail north again | Opinion", [], "https://a.example/1", "Ships sail north again"),
        ("Port | Opinion", [], "https://a.example/1", "Port | Opinion"),
        ("Ann’s Log", [LOG], "https://a.example/ships-sail-north", "Ships sail north"),
        ("Ann’s Log", ["Ships sail south"], "https://a.example/one-two-three", "Ann’s Log"),
        ("Ships", ["Ships sail north"], "https://a.example/ships-sail-north", "Ships"),
    ],
)
def test_a_page_calls_itself_what_its_address_says(
    title: str, others: list[str], url: str, expected: str
) -> None:
    assert of_page(title, others, url, frozenset()) == expected


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("The harbour has reopened. Ferries run.", "The harbour has reopened."),
        ("U.S. ferries stop. More", "U.S. ferries stop. More"),
        ("One line\n\nAnother", "One line"),
        ("word " * 20, "word word word word word word word…"),
        ("港" * 50, "港" * 39 + "…"),
        ("", ""),
    ],
)
def test_a_title_from_the_text_is_a_sentence_or_what_fits(text: str, title: str) -> None:
    assert from_text(text, 40) == title


@pytest.mark.parametrize("case", AUTHORS["feed"], ids=lambda case: case["given"][0][:40])
def test_authors_of_a_feed_are_the_names_in_what_it_writes(case: dict[str, Any]) -> None:
    assert list(cleaned(authors=case["given"]).authors) == case["names"]


@given(st.text(st.sampled_from("Ann Lee,;/|@.<>()-–王记者 y and1\u00e9"), max_size=40))
def test_no_author_has_marks_around_the_name_or_a_mail_address(text: str) -> None:
    for name in author_names(" ".join(text.split())):
        assert name == name.lstrip(" ,;:|").rstrip(" ,;:|/")
        assert name


@pytest.mark.parametrize("case", TITLES["feed"], ids=lambda case: case["given"][:40])
def test_a_title_is_read_as_a_feed_reader_shows_it(case: dict[str, str]) -> None:
    assert cleaned(title=case["given"]).title == case["title"]


@pytest.mark.parametrize("case", TITLES["site"], ids=lambda case: case["given"][:40])
def test_a_title_of_a_feed_loses_the_name_of_its_source(case: dict[str, str]) -> None:
    article = cleaned(title=case["given"], source={"id": "s", "title": case["site"]})
    assert article.title == case["title"]


def test_the_host_of_a_link_is_no_prefix_of_a_title_from_a_feed() -> None:
    article = cleaned(title="Mnml – A Client for Ships", link="https://mnml.example/client")
    assert article.title == "Mnml – A Client for Ships"


def test_a_title_of_an_aggregator_loses_the_name_of_the_publisher() -> None:
    source = {"title": "Northmouth Post", "url": "https://www.northmouth.example"}
    link = "https://news.google.com/rss/articles/CBMiA"
    text = (
        "<a href='https://news.google.com/x'>Harbour reopens</a>&nbsp;<font>Northmouth Post</font>"
    )
    similar = "<ol><li>{}</li><li><a href='y'>Port opens</a> <font>The Wire</font></li></ol>"
    for title in ("Harbour reopens - Northmouth Post", "Harbour reopens - northmouth.example"):
        for content in (text, similar.format(text)):
            article = cleaned(title=title, link=link, source=source, content=content)
            assert (article.title, article.text) == ("Harbour reopens", "")
            assert article.flags == ("no-text",)


def test_a_text_that_begins_like_its_title_stays() -> None:
    text = "<p>Harbour reopens Northmouth Post.</p><p>Ships sail north again, the city says.</p>"
    article = cleaned(title="Harbour reopens", source={"title": "Northmouth Post"}, content=text)
    assert "Ships sail north" in article.text


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (["World, Europe, Ports"], ("World", "Europe", "Ports")),
        (["World; Europe"], ("World", "Europe")),
        (["World, Europe"], ("World", "Europe")),
        (["World, Europe, Ports", "Sea"], ("World", "Europe", "Ports", "Sea")),
        (["Portland, Oregon", "Sea"], ("Portland, Oregon", "Sea")),
        (["Arts, Culture & Media"], ("Arts, Culture & Media",)),
        (["Arts, culture, entertainment and media"], ("Arts, culture, entertainment and media",)),
        (["Arts, Culture &amp; Media"], ("Arts, Culture & Media",)),
        (["Washington, D.C."], ("Washington, D.C.",)),
        (["Ships, which sail north again, arrive"], ("Ships, which sail north again, arrive",)),
        (["World,"], ("World",)),
    ],
)
def test_a_list_of_categories_is_split(tags: list[str], expected: tuple[str, ...]) -> None:
    assert categories(tags, RULES.text) == expected


@pytest.mark.parametrize(
    ("title", "has"),
    [
        ("8 Trends in Photography", True),
        ("Trends in Photography 2025", True),
        ("Trends in Photography in 2025", True),
        ("Trends in Photography", False),
        ("New Trends in Photography", False),
        ("Trends in Photography of 2025", False),
    ],
)
def test_a_heading_may_lack_the_number_or_year_of_its_title(title: str, has: bool) -> None:
    assert has_number(title, "Trends in Photography") is has
