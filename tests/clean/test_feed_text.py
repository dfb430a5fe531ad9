"""Escapes that feeds leave in their texts, footnotes and ligatures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.clean.ordinary import cleaned, markup
from worker.clean.html.feed_escapes import holds_markup, without_leftovers
from worker.clean.html.note_marks import without_note_marks


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (
            "Fish &amp; chips at the caf&eacute; cost 5 &lt; 6 euros",
            "Fish & chips at the café cost 5 < 6 euros",
        ),
        (
            "<p>Fish and chips at the quay.</p><p>They are back.</p>",
            "Fish and chips at the quay.\n\nThey are back.",
        ),
        ("&lt;p&gt;Fish and chips at the quay.&lt;/p&gt;", "Fish and chips at the quay."),
        ("Fish and chips.<br>Back on Tuesday.<br />", "Fish and chips.\n\nBack on Tuesday."),
        ('See the <a href="https://a.example/">list of ships</a>.<br>', "See the list of ships."),
        ("Line one of it.\\n\\nLine two of it.", "Line one of it.\n\nLine two of it."),
        # Plain texts that only look like it.
        ("Wrap it in <p> and </p>", "Wrap it in <p> and </p>"),
        ("Write <b>bold</b> to get bold.", "Write <b>bold</b> to get bold."),
        ("5 < 6 and 7 > 6, he said.", "5 < 6 and 7 > 6, he said."),
        ("Open C:\\new\\notes and read it.", "Open C:\\new\\notes and read it."),
        ("The tag <br> breaks a line.", "The tag <br> breaks a line."),
    ],
)
def test_a_plain_text_is_read_as_what_it_is(value: str, text: str) -> None:
    assert cleaned(content=markup(value, "text/plain")).text == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (
            "Fish and chips. &lt;p&gt;Back on &lt;b&gt;Tuesday&lt;/b&gt;.&lt;/p&gt;",
            "Fish and chips.\n\nBack on Tuesday.",
        ),
        ("<![CDATA[<p>Fish and chips at the quay.</p>]]>", "Fish and chips at the quay."),
        ("&lt;![CDATA[Fish and chips at the quay.]]&gt;", "Fish and chips at the quay."),
        ("<p>Fish and chips at the quay.</p>]]>", "Fish and chips at the quay."),
        ("<p>Fish and chips.</p>]]><p>Back on Tuesday.</p>", "Fish and chips.\n\nBack on Tuesday."),
        ("<p>First line.\\n\\nSecond line.</p>", "First line.\n\nSecond line."),
        ("<p>First line.\\r\\n\\r\\nSecond line.<\\/p>", "First line.\n\nSecond line."),
        ('<p>She said \\"yes\\".<\\/p>', 'She said "yes".'),
        ("<p>Caf\\u00e9 reopens.\\n\\nIt is new.</p>", "Café reopens.\n\nIt is new."),
        ("<p>The o\ufb03ce of the harbour \ufb02eet.</p>", "The office of the harbour fleet."),
        # Texts that only look like it.
        ("Use &lt;p&gt; for paragraphs.", "Use <p> for paragraphs."),
        ("<p>The index is a[b[0]]&gt;3 here.</p>", "The index is a[b[0]]>3 here."),
        ("<p>Open C:\\new\\notes and read.</p>", "Open C:\\new\\notes and read."),
        ('<pre>print("Done.\\n\\n")</pre>', 'print("Done.\\n\\n")'),
    ],
)
def test_leftovers_of_feeds_are_removed_from_markup(value: str, text: str) -> None:
    assert cleaned(content=value).text == text


@pytest.mark.parametrize(
    ("markup_", "kept"),
    [
        ("four million<sup><a href='#fn1'>1</a></sup> crowns", "four million crowns"),
        ('crowns<sup class="reference"><a href="#cite-1">&#91;1&#93;</a></sup>.', "crowns."),
        ("crowns<sup>[12]</sup> a year", "crowns a year"),
        ("crowns<sup>1</sup> a year", "crowns a year"),
        ("last year.<sup>2</sup> Then", "last year. Then"),
        ("crowns<sup>*</sup>", "crowns"),
        ("40 m<sup>2</sup>", "40 m<sup>2</sup>"),
        ("10<sup>6</sup>", "10<sup>6</sup>"),
        ("CO<sup>2</sup>", "CO<sup>2</sup>"),
        ("le 1<sup>er</sup> juin", "le 1<sup>er</sup> juin"),
        ("n<sup>o</sup> 5", "n<sup>o</sup> 5"),
        ("four meters<sup>2</sup>", "four meters<sup>2</sup>"),
        ("E = mc<sup>2</sup>", "E = mc<sup>2</sup>"),
        ("the 21<sup>st</sup> century", "the 21<sup>st</sup> century"),
        (
            "Product<sup>TM</sup> and<sup>more words</sup>",
            "Product<sup>TM</sup> and<sup>more words</sup>",
        ),
        ("an open <sup>1", "an open <sup>1"),
        ("no mark", "no mark"),
    ],
)
def test_marks_of_footnotes_are_removed_and_powers_stay(markup_: str, kept: str) -> None:
    assert without_note_marks(markup_) == kept


@given(st.text(alphabet="<sup>/a12[]\\n]>&lt; .", max_size=120))
def test_any_text_may_have_leftovers(text: str) -> None:
    assert isinstance(without_leftovers(text), str)
    assert isinstance(holds_markup(text), bool)
    assert isinstance(without_note_marks(text), str)
