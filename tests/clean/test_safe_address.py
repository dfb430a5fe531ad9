"""Addresses of media that a browser would run are left out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.clean.ordinary import cleaned
from worker.clean.links.safe_address import is_safe_address

UNSAFE = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "  javascript:alert(1)",
    "\x01\x1fjavascript:alert(1)",
    "java\tscript:alert(1)",
    "java\nscript\r:alert(1)",
    "\u200bjavascript:alert(1)",
    "\u00a0javascript:alert(1)",
    "javascript&colon;alert(1)",
    "&#106;avascript:alert(1)",
    "&#x6A;&#97;vascript:alert(1)",
    "&#0000106avascript:alert(1)",
    "&amp;#106;avascript:alert(1)",
    "java&Tab;script:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "DATA:image/svg+xml;base64,PHN2Zz4=",
    "vbscript:msgbox(1)",
    "blob:https://a.example/1",
    "file:///etc/passwd",
    "view-source:https://a.example",
    "&#" + "9" * 100_000 + ";javascript:x",
]
SAFE = [
    "https://a.example/1.jpg",
    "HTTP://a.example/1.jpg?a=1&amp;b=2",
    "//a.example/1.jpg",
    "/pictures/1.jpg",
    "pictures/1.jpg",
    "a.example:8080/1.jpg",
    "rtmp://a.example/live",
    "https://a.example/?next=javascript:x",
    "",
]


@pytest.mark.parametrize("url", UNSAFE[:-1], ids=ascii)
def test_an_address_that_a_browser_may_run_is_unsafe(url: str) -> None:
    assert not is_safe_address(url)


@pytest.mark.parametrize("url", SAFE)
def test_an_address_of_a_file_is_safe(url: str) -> None:
    assert is_safe_address(url)


@given(st.text(max_size=30))
def test_no_text_is_an_error(text: str) -> None:
    is_safe_address(text)


@given(
    st.sampled_from(["javascript", "data", "vbscript"]),
    st.lists(st.sampled_from(["\t", "\n", "\r", "\0", " ", "\u200b", "\x1b"]), max_size=5),
    st.randoms(),
)
def test_no_spelling_of_a_scheme_is_safe(scheme: str, noise: list[str], random: object) -> None:
    letters = [*scheme, ":"]
    for mark in noise:
        letters.insert(random.randrange(len(letters)), mark)  # type: ignore[attr-defined]
    written = "".join(random.choice([c, c.upper(), f"&#{ord(c)};"]) for c in letters)  # type: ignore[attr-defined]
    assert not is_safe_address(written + "x")


def test_an_article_keeps_the_safe_media_only() -> None:
    media = [{"url": url, "type": "image/png"} for url in (*UNSAFE[:5], "https://a.example/1.png")]
    article = cleaned(media=media)
    assert [medium.url for medium in article.media] == ["https://a.example/1.png"]
    assert article.image == "https://a.example/1.png"


def test_an_article_has_no_link_that_a_browser_would_run() -> None:
    for url in UNSAFE:
        page = (
            f'<html><head><link rel=canonical href="{url}"><meta property=og:image content="{url}">'
        )
        article = cleaned(link=url[:2000], content=f"{page}<p>The harbour reopened on Monday.</p>")
        assert article.url == ""
        assert article.image == ""
