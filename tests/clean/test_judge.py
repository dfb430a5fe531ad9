import subprocess
import sys
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from tests.clean.ordinary import PARAGRAPHS
from worker.clean.html.code_indents import INDENT
from worker.clean.page.block_classifier import classify_blocks, shipped_weights
from worker.clean.page.block_text import text_of
from worker.clean.page.blocks import read_blocks

PROSE = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS * 4)
MENU = "<ul>" + "".join(f"<li><a href=/{n}>Section {n}</a></li>" for n in range(20)) + "</ul>"
PAGE = (
    "<!doctype html><html><head><title>Harbour reopens</title></head><body>"
    f"<div class=x1>{MENU}</div><div class=x2><h1>Harbour reopens</h1>{PROSE}</div>"
    f"<div class=x3>{MENU}<p>Copyright 2026. All rights reserved.</p></div></body></html>"
)


def test_the_article_is_told_from_what_stands_around_it_without_any_names() -> None:
    judged = classify_blocks(LexborHTMLParser(PAGE), shipped_weights())
    assert all(paragraph in judged.text for paragraph in PARAGRAPHS)
    assert "Section" not in judged.text
    assert "rights reserved" not in judged.text


def test_the_same_page_gives_the_same_text() -> None:
    assert len({classify_blocks(LexborHTMLParser(PAGE), shipped_weights()) for _ in range(3)}) == 1


def test_nothing_to_judge_is_nothing_but_doubt() -> None:
    judged = classify_blocks(LexborHTMLParser("<body><script>x</script>"), shipped_weights())
    assert (judged.text, judged.doubt) == ("", 1.0)


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<h2>Head</h2><p>one<br>two</p>", "Head|one|two"),
        ("<ul><li>one<li>two</ul><blockquote>said</blockquote>", "one|two|said"),
        ("<table><tr><th>a<td>b<tr><td>c<td>d</table>", "a b|c d"),
        ("<table><tr><th><p>a<td><p>b<tr><td><p>c<td>d</table>", "a b|c d"),
        ("<table><tr><td><p>a<p>b<td><p>c</table>", "a|b|c"),
        ("<pre>a = 1\n\n  b = 2</pre><p>c\nd", f"a = 1|{INDENT}{INDENT}b = 2|c d"),
        ("<p>CO<sub>2</sub> of <b>all</b> kinds", "CO2 of all kinds"),
    ],
)
def test_kept_blocks_are_lines_and_cells_of_a_row_share_one(markup: str, expected: str) -> None:
    blocks = read_blocks(LexborHTMLParser(markup))
    assert text_of(blocks, range(len(blocks.texts))).split("\n") == expected.split("|")


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from([*"<p> <div> </div> <li> <td> <h2> <a> </a> é 中文 . 7 x".split(), " "])
    )
)
def test_any_page_can_be_judged(pieces: list[str]) -> None:
    judged = classify_blocks(LexborHTMLParser("".join(pieces)), shipped_weights())
    assert judged.doubt >= 0


@pytest.mark.processes
def test_weights_are_small_and_need_no_training_library() -> None:
    stored = files("worker.clean").joinpath("weights", "blocks.npz").read_bytes()
    assert len(stored) < 1_000_000
    program = (
        "import sys; from worker.clean.page.block_classifier import *;"
        "classify_blocks(LexborHTMLParser('<p>x'), shipped_weights());"
        "print(sorted({'lightgbm', 'sklearn', 'trafilatura'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
