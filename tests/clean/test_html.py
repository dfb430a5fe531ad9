import pytest

from worker.clean.html.html_to_text import (
    body_text,
    has_tags,
    is_html,
    is_page,
    is_text,
)
from worker.clean.html.inline_markup import inline_text
from worker.clean.text.plain_text import paragraphs


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<p>one</p><p>two</p>", "one|two"),
        ("one<br>two<br/>three", "one|two|three"),
        ("<ul><li>one<li>two</ul>", "one|two"),
        ("<p>a <b>bold</b>\nword, a<em>b</em></p>", "a bold word, ab"),
        ("<p>a</p><script>x()</script><style>p{}</style><iframe>z</iframe><p>b", "a|b"),
        ("<script>x()</script><p>a", "a"),
        ("<p>a<p hidden>b<p style='display:none'>c", "a"),
        ("<figure><img><figcaption>Photo: x</figcaption></figure><p>a", "a"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b|c"),
        ("<pre>a\nb</pre><p>c\nd</p>", "a|b|c d"),
        ("<h2>Head</h2>text<blockquote>quote</blockquote>", "Head|text|quote"),
        ("AT&amp;T &lt;b&gt;", "AT&T <b>"),
        ("<!-- a --><p>b</p><!-- c", "b"),
        ("<frameset><frame>", ""),
        ("", ""),
    ],
)
def test_blocks_of_a_fragment_become_paragraphs(markup: str, expected: str) -> None:
    assert paragraphs(body_text(markup)).split("\n\n") == expected.split("|")


def test_repeated_paragraphs_of_a_fragment_are_kept() -> None:
    assert paragraphs(body_text("<p>la la</p>" * 3)).count("la la") == 3


@pytest.mark.parametrize("text", ["<p>x", "a <br/> b", "<!-- x -->", "<A HREF=x>", "</div>"])
def test_tags_are_found(text: str) -> None:
    assert has_tags(text)


@pytest.mark.parametrize("text", ["5 < 6", "I <3 you", "a<b", "<>", "&lt;p&gt;", ""])
def test_a_less_than_sign_is_no_tag(text: str) -> None:
    assert not has_tags(text)


def test_a_document_is_a_page_and_a_fragment_is_none() -> None:
    assert all(map(is_page, ["<!DOCTYPE html><p>x", "<HTML lang=en>", "x<body class=y>"]))
    assert not any(map(is_page, ["<p>x</p>", "<htmlx>", "&lt;html&gt;"]))


@pytest.mark.parametrize(
    ("media_type", "html", "text"),
    [
        ("text/html; charset=utf-8", True, True),
        ("application/xhtml+xml", True, True),
        ("HTML", True, True),
        ("", True, True),
        ("text/plain", False, True),
        ("image/png", False, False),
    ],
)
def test_media_types_say_what_to_read(media_type: str, html: bool, text: bool) -> None:
    assert (is_html(media_type), is_text(media_type)) == (html, text)


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<b>Bold</b> <a href='x'>title</a>", "Bold title"),
        ("two<br />lines", "two lines"),
        ("Why <canvas> matters", "Why <canvas> matters"),
        ("5 < 6 > 4", "5 < 6 > 4"),
    ],
)
def test_titles_lose_inline_tags_only(markup: str, expected: str) -> None:
    assert inline_text(markup) == expected
