"""Stored markup has the same lines as the text: lines removed by cleaning are in neither."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.clean.ordinary import NOW, PARAGRAPHS, RULES, markup, raw
from tests.support.cleaning_tables import PIECES_OF_MARKUP
from worker.clean import clean
from worker.clean.html.sanitize import safe_html
from worker.clean.lines.html_lines import without_lines

KEEP = RULES.model_copy(update={"html": RULES.html.model_copy(update={"keep": True})})
ARTICLE = f"<p>{PARAGRAPHS[0]}</p>"


@pytest.mark.parametrize(
    ("kept", "lines", "left"),
    [
        (f'{ARTICLE}<p><a href="http://x.example/">Share</a></p>', ["Share"], ARTICLE),
        (
            f"{ARTICLE}<ul><li><b>Share</b> this</li><li>Print</li></ul>",
            ["Share this", "Print"],
            ARTICLE,
        ),
        ("<p>One<br>Share<br>Two</p>", ["Share"], "<p>One<br><br>Two</p>"),
        ("<p>A &amp; B</p><p>C</p>", ["A & B"], "<p>C</p>"),
        ("<p>OSLO (<b>AP</b>) – Ships sail.</p>", ["OSLO (AP) –"], "<p>Ships sail.</p>"),
        ("<p>Ships sail. <i>(By Ann)</i></p>", ["(By Ann)"], "<p>Ships sail.</p>"),
        ("<p>Print</p><p>Ships sail.</p><p>Print</p>", ["Print"], "<p>Print</p><p>Ships sail.</p>"),
        ('<p>Text</p><p><img src="http://x.example/a.png"> Ad</p>', ["Ad"], None),
        (ARTICLE, ["Share"], ARTICLE),
    ],
)
def test_lines_go_with_the_elements_that_held_nothing_else(
    kept: str, lines: list[str], left: str | None
) -> None:
    assert without_lines(kept, lines) == (left or kept.replace(" Ad", ""))


def test_the_markup_of_a_cleaned_fragment_has_the_lines_of_its_text() -> None:
    body = f"<p>OSLO (AP) — {PARAGRAPHS[0]}</p><p>Read also: <a href='http://a.example/'>More</a></p>{ARTICLE}"
    end = "<p>(Reporting by Ann Lee)</p><p>The post Harbour appeared first on Example.</p>"
    article = clean(raw(content=markup(body + end)), KEEP, NOW)
    assert {d.rule for d in article.dropped} == {
        "dateline",
        "read-more",
        "credits",
        "appeared-first",
    }
    assert article.html == ARTICLE + ARTICLE


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(PIECES_OF_MARKUP), max_size=25),
    st.lists(st.sampled_from(PIECES_OF_MARKUP), max_size=3),
)
def test_what_is_left_is_as_safe_as_it_was(pieces: list[str], lines: list[str]) -> None:
    left = without_lines(safe_html("".join(pieces)), lines)
    assert safe_html(left) == safe_html(safe_html(left))
    assert "<script" not in left
    assert "onerror" not in left
