"""What pages make of texts: visible characters, marked passages, small charts, and edits."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.hostile_texts import HOSTILE
from worker.explain.word_diff import pieces
from worker.store.view_values import TagRow
from worker.web.shown_text import cut_text, shown_text, web_link
from worker.web.sparkline_svg import sparkline_svg
from worker.web.tagged_text import marked_text, text_parts


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("Ääkköset, 漢字, العربية, ‎a‏", "Ääkköset, 漢字, العربية, ‎a‏"),
        ("two\nlines\tand tab", "two\nlines\tand tab"),
        ("a\r\nb", "a\nb"),
        ("null\x00", "null\\x00"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("fa\u200cmi\u200dly", "fa\u200cmi\u200dly"),  # joiners belong to words
    ],
)
def test_what_misleads_is_shown_as_an_escape_and_nothing_else(text: str, shown: str) -> None:
    assert shown_text(text) == shown


@given(st.text())
def test_shown_text_can_always_be_sent(text: str) -> None:
    assert "\x00" not in shown_text(text).encode().decode()


@pytest.mark.parametrize(
    ("url", "linked"),
    [
        ("https://example.com/a?b=c#d", True),
        ("HTTP://EXAMPLE.COM", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("https://a b", False),
        ("https://a\u202eb", False),
        ("https://a\nb", False),
        (" https://a", False),
        ("//a", False),
        ("", False),
    ],
)
def test_only_web_addresses_are_linked(url: str, linked: bool) -> None:
    assert web_link(url) == (url if linked else "")


def test_a_cut_is_marked() -> None:
    assert cut_text("abcdef", 6) == "abcdef"
    assert cut_text("abc def", 5) == "abc…"


def row(code: str, *spans: tuple[int, int], field: str = "text") -> TagRow:
    return {
        "scheme": "s",
        "code": code,
        "label": f"Label {code}",
        "score": 1.0,
        "method": "rule",
        "rule": "",
        "version": "",
        "spans": [{"field": field, "start": a, "end": b, "surface": ""} for a, b in spans],
    }


def test_passages_that_overlap_or_contain_each_other_are_divided() -> None:
    tags = [row("a", (0, 4), (6, 8)), row("b", (2, 6)), row("c", (0, 2), field="title")]
    parts = [(part.text, part.tags) for part in text_parts("0123456789", "text", tags, 100)]
    assert parts == [
        ("01", ("s:a",)),
        ("23", ("s:a", "s:b")),
        ("45", ("s:b",)),
        ("67", ("s:a",)),
        ("89", ()),
    ]


spans = st.lists(st.tuples(st.integers(-2, 40), st.integers(-2, 40)), max_size=12)


@given(st.text(max_size=30), spans, spans)
def test_the_parts_of_a_text_are_the_text(
    text: str, first: list[tuple[int, int]], second: list[tuple[int, int]]
) -> None:
    parts = text_parts(text, "text", [row("a", *first), row("b", *second)], 100)
    assert "".join(part.text for part in parts) == text


@pytest.mark.parametrize("text", HOSTILE)
def test_marked_text_has_no_markup_of_strangers(text: str) -> None:
    html = str(marked_text(text_parts(text, "text", [row("a", (0, 3))], 1000), {"s:a": text}))
    assert html.count("<") == html.count("<mark ") + html.count("</mark>")


def test_a_chart_shows_each_value_however_small_and_says_what_it_is() -> None:
    chart = str(sparkline_svg([0, 1, 1000], 'Articles of "x" <y>'))
    assert chart.count("<rect") == 2
    assert 'height="24"' in chart
    assert 'aria-label="Articles of &#34;x&#34; &lt;y&gt;"' in chart
    assert "<rect" not in str(sparkline_svg([], "nothing"))


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("x " * 20_000, "y " + "x " * 20_000 + "z"),
        ("".join(f"x y{n} " for n in range(9_000)), "".join(f"x z{n} " for n in range(9_000))),
        ("".join(f"x. y{n} " for n in range(9_000)), "".join(f"x. z{n} " for n in range(9_000))),
        ("a\n" * 30_000, "b\n" + "a\n" * 29_000 + "c"),
        (("a b " * 60 + ".") * 150, ("b a " * 60 + "!") * 150),
    ],
    ids=["one word", "every other word", "every other sentence", "lines", "swapped"],
)
def test_a_comparison_is_fast_whatever_the_texts_repeat(older: str, newer: str) -> None:
    began = time.process_time()
    found = list(pieces(older, newer))
    assert time.process_time() - began < 4
    assert "".join(words for sign, words in found if sign != "+") == older
    assert "".join(words for sign, words in found if sign != "-") == newer


def test_an_edit_is_shown_by_phrases() -> None:
    found = [*pieces("Quake kills at least 14 in Lima.", "Quake toll rises to 21 in Lima.")]
    assert found == [
        (" ", "Quake "),
        ("-", "kills at least 14"),
        ("+", "toll rises to 21"),
        (" ", " in Lima."),
    ]
