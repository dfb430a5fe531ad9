import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from tests.clean.ordinary import NOW, PARAGRAPHS, RULES, markup, raw
from tests.support.cleaning_tables import PIECES_OF_MARKUP
from worker.clean import clean
from worker.clean.html.sanitize import ATTRIBUTES, SAFE, safe_html


@pytest.mark.parametrize(
    ("markup", "safe"),
    [
        ("<p class=x onclick=e()>a <b style='x'>b</b></p>", "<p>a <b>b</b></p>"),
        ("<div><p>a</p><section>b</section></div>", "<p>a</p>b"),
        ("<a href='https://a.example/?b=1&c=2' target=_blank>x</a>",
         '<a href="https://a.example/?b=1&amp;c=2">x</a>'),
        ("<a href='javascript:e()'>x</a>", "<a>x</a>"),
        ("<a href=' JaVaScRiPt:e()'>x</a>", "<a>x</a>"),
        ("<a href='//a.example'>x</a>", "<a>x</a>"),
        ("<img src='data:image/svg+xml,x' onerror=e()>", ""),
        ("<img src=https://a.example/i.png alt='\"x'>",
         '<img src="https://a.example/i.png" alt="&quot;x">'),
        ("a<script>e()</script><style>s</style><svg onload=e()><p>x</svg>b", "a<p>xb</p>"),
        ("a<iframe src=x></iframe><form><input></form>", "a"),
        ("&lt;script&gt;e()&lt;/script&gt;", "&lt;script&gt;e()&lt;/script&gt;"),
        ("<math><mtext><img src=x onerror=e()></mtext></math>a", "a"),
        ("<noscript><p title='</noscript><img src=x onerror=e()>'>", "<p></p>"),
        ("", ""),
    ],
)  # fmt: skip
def test_only_harmless_markup_is_written(markup: str, safe: str) -> None:
    assert safe_html(markup) == safe


KEEP = RULES.model_copy(update={"html": RULES.html.model_copy(update={"keep": True})})
FRAGMENT = "<p onclick=e()>One <a href='https://a.example/'>link</a>.</p><script>e()</script>"
ARTICLE = "".join(f"<p>{paragraph} &lt;b&gt;</p>" for paragraph in PARAGRAPHS)


@pytest.mark.parametrize(
    ("value", "media_type", "kept"),
    [
        (FRAGMENT, "text/html", '<p>One <a href="https://a.example/">link</a>.</p>'),
        (
            "One <two>\n\nthree & four",
            "text/plain",
            "<p>One &lt;two&gt;</p><p>three &amp; four</p>",
        ),
    ],
)
def test_a_record_keeps_safe_markup_only_where_config_asks(
    value: str, media_type: str, kept: str
) -> None:
    given = raw(content=markup(value, media_type))
    assert clean(given, RULES, NOW).html == ""
    assert clean(given, KEEP, NOW).html == kept


def test_the_markup_of_a_page_is_its_article() -> None:
    article = f"<h1>Harbour</h1><article onload=e()>{ARTICLE * 5}</article>"
    page = f"<html><body><nav><p>Menu</p></nav>{article}</body></html>"
    html = clean(raw(content=markup(page)), KEEP, NOW).html
    assert html.removeprefix("<p>Harbour</p>").startswith(f"<p>{PARAGRAPHS[0]} &lt;b&gt;</p>")
    assert "Menu" not in html


@settings(deadline=None)
@given(st.lists(st.sampled_from(PIECES_OF_MARKUP), max_size=25))
def test_whatever_comes_in_a_browser_finds_nothing_else(pieces: list[str]) -> None:
    safe = safe_html("".join(pieces))
    body = LexborHTMLParser(safe).body
    for node in body.traverse(include_text=False) if body else ():
        assert node.tag == "body" or node.tag in SAFE | {"tbody"}, safe
        for name, value in node.attributes.items():
            assert name in ATTRIBUTES.get(node.tag or "", ()), safe
            assert name == "alt" or (value or "").startswith(("http", "mailto:")), safe
    assert safe_html(safe_html(safe)) == safe_html(safe)
