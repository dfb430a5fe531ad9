"""Simple markup is read without a parser, with the result of the parser."""

from html import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.examples import examples
from worker.clean.html import html_to_text
from worker.clean.html.fast_html import simple_text
from worker.clean.html.html_to_text import body_text
from worker.clean.text.plain_text import paragraphs

PIECES = (
    "<p>|</p>|<br>|<br/>|<br />|<a href='x'>|</a>|<b>|</b>|<h2 id=a>|</h2>|<ul>|<li>|</li>|</ul>"
    '|<a href="http://x.example/?a=1&b=2" target=_blank>|<div class="story body">|</div>'
    "|<img src='a.png' alt='>'/>|<blockquote>|</blockquote>|<span data-x>|</span>|<hr>|<em>|</em>"
    "|Storm |in the north. |5 &lt; 6|&amp;|&nbsp;|AT&T|&eacute;|&#8217;|\n|  |é|1 > 0"
    "|hidden display:|&copy 2026|<figure>|</figure>"
).split("|")


@settings(deadline=None, max_examples=examples(2))
@given(st.lists(st.sampled_from(PIECES), max_size=20))
def test_simple_markup_reads_as_the_parser_reads_it(pieces: list[str]) -> None:
    markup = "".join(pieces)
    fast = simple_text(html_to_text._flat(markup))
    assert fast is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(html_to_text, "simple_text", lambda _: None)
        assert paragraphs(fast) == paragraphs(body_text(markup))


@settings(deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=60))
def test_any_text_in_a_paragraph_comes_back(text: str) -> None:
    assert simple_text(f"<p>{escape(text)}</p>") == f"\n{text}\n"


@pytest.mark.parametrize(
    "markup",
    [
        "<p>Text <script>x</script></p>",
        "<p hidden>Text</p>",
        "<p style='display: none'>Text</p>",
        '<p style="color:red; display:none">Text</p>',
        "<p id=a style=display:none>Text</p>",
        "<span aria-hidden=true>Text</span>",
        "<P>Text</P>",
        "<table><tr><td>1</td></tr></table>",
        "<p>Text<!-- note --></p>",
        "<p title='a<b'>Text</p>",
        '<p title="a>Text</p>',
        "<a b=`x`>Text</a>",
        "<pre>a\n b</pre>",
        "<p>cut off <a href=",
        "<x-ad>Text</x-ad>",
    ],
)
def test_what_is_not_simple_is_left_to_the_parser(markup: str) -> None:
    assert simple_text(markup) is None
