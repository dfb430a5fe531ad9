import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from worker.clean.page.blocks import BREAK, Blocks, read_blocks


def blocks(markup: str) -> Blocks:
    return read_blocks(LexborHTMLParser(markup))


@pytest.mark.parametrize(
    ("markup", "texts"),
    [
        ("<p>a <b>b</b>c</p><div>d<p>e</p>f</div>", ["a bc", "d", "e", "f"]),
        ("<p>H<sub>2</sub>O is 10<sup>3</sup>", ["H2O is 103"]),
        ("<p>one<br>two", [f"one{BREAK}two"]),
        ("<div>one<br> <br>two<br/><br/>three", ["one", "two", "three"]),
        ("<p>a<script>x</script><style>y</style><noscript>z</noscript>", ["a"]),
        ("<ul><li>a<li>b</ul><table><tr><td>c<td>d", ["a", "b", "c", "d"]),
        ("<my-box>a</my-box><my-box>b</my-box>", ["a", "b"]),
        ("<p>a<nav>menu</nav>b</p><footer>imprint</footer>c", ["a", "b", "c"]),
        ("", []),
    ],
)
def test_text_between_block_elements_is_a_block(markup: str, texts: list[str]) -> None:
    assert blocks(markup).texts == texts


def test_links_count_for_the_block_they_stand_in() -> None:
    blocks_found = blocks("<p>to <a href=x>a page</a></p><p>none</p><a href=y><p>all</p></a>")
    assert blocks_found.link_chars == [6, 0, 3]


def test_holders_cover_their_blocks() -> None:
    blocks_found = blocks(
        "<div class=a><p>1</p><div class=empty></div><p>2</p></div><p hidden>3</p>"
    )
    h = blocks_found.holders
    assert dict(zip(h.names, zip(h.first, h.stop, strict=True), strict=True))["a"] == (0, 2)
    assert "empty" not in h.names
    assert [h.hidden[at] for at in blocks_found.held_by] == [False, False, True]


@settings(deadline=None)
@given(
    st.lists(st.sampled_from("<p>|</p>|<div>|</div>|<b>|</a>|<a>|<li>|<br>|x | y|<td>".split("|")))
)
def test_any_nesting_gives_columns_of_one_length(pieces: list[str]) -> None:
    blocks_found = blocks("".join(pieces))
    count = len(blocks_found.texts)
    assert count == len(blocks_found.link_chars) == len(blocks_found.held_by)
    h = blocks_found.holders
    assert len({len(column) for column in h}) == 1
    assert all(0 <= low <= high <= count for low, high in zip(h.first, h.stop, strict=True))
    for at, holder in enumerate(blocks_found.held_by):
        assert h.first[holder] <= at < h.stop[holder]
