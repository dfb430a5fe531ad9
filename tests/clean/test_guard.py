import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.clean.ordinary import RULES, cleaned, markup
from tests.support.examples import examples
from worker.clean.html import hostile_markup
from worker.clean.html.hostile_markup import count_tags, cut_tags, refuse_hostile
from worker.errors import Reason, Rejected

N = 100_000
ATTRIBUTES = " ".join(f"a{n}=1" for n in range(N))
HOSTILE = {
    "nested": "<div>" * N,
    "nested behind an empty comment": "<!--><div>" + "<div>" * N,
    "nested behind end tags that close nothing": "<div></b>" * N,
    "nested in a style that is none": "<svg><style>" + "<g>" * N,
    "attributes": f"<p {ATTRIBUTES}>",
    "attributes between quoted brackets": "<p " + ATTRIBUTES.replace("=1", "='>'") + ">",
    "attributes never closed": f"<p {ATTRIBUTES}",
    "attributes of one body": "".join(f"<body a{n}>" for n in range(N)),
    "nested behind an end tag with a sign that looks like a letter": "<mark></mar\u212a>" * N,
    "nested around scripts that seem to end": "<div><script></\u017fcript></div></script>" * N,
    "rows outside of tables": "<svg>" + "<tr>" * N,
    "slashes outside of a drawing": '<path d="M"/>' * N,
    "slashes behind a drawing that closes itself": "<svg/>" + "<path/>" * N,
    "slashes that belong to a value": "<svg>" + "<path d=M/>" * N,
    "slashes that belong to a value with a quote": "<svg>" + '<path d=x"/>' * N,
    "slashes behind a drawing that is text": "<textarea><svg></textarea>" + "<path/>" * N,
    "slashes in HTML inside of a drawing": "<svg><foreignObject>" + "<path/>" * N,
    "slashes in HTML inside of a formula": "<math><mi>" + "<path/>" * N,
    "slashes behind an end tag that ends the drawing": "<svg></p>" + "<path/>" * N,
    "ends of drawings that end nothing": "<svg><title></svg>" * N,
    "elements around drawings": "<g><svg></g>" * N,
    "drawings in drawings": "<svg>" * N,
    "nested in a drawing": "<svg>" + "<g>" * N,
    "formatting": "".join(f"<b id={n}>" for n in range(400)) + "<p>x</p>" * 20_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_pages_built_to_hang_parsers_are_refused(name: str) -> None:
    with pytest.raises(Rejected) as rejected:
        refuse_hostile(HOSTILE[name], RULES.html)
    assert rejected.value.reason is Reason.HOSTILE


PARAGRAPH = "<p>The harbour reopened on Monday.</p>" * 200
DRAWN = {
    "drawing of many parts": "<svg>" + '<path d="M1 2"/>' * 601 + "</svg>",
    "icons": '<svg viewBox="0 0 1 1"><path d="M0 0"/></svg>' * 700,
    "icons that close nothing": "<svg><path></svg>" * 700,
    "icons with titles": "<svg role='img'><title>Share</title><path d='x'/></svg>" * 700,
    "icons of a sprite": "<a href=/><SVG class=i><use xlink:href='#a' /></SVG></a>" * 700,
    "formulas": "<math><mrow><mi>x</mi><mspace width='1'/><mo>=</mo></mrow></math>" * 700,
    "icons with comments": "<svg><!-- <g> --><g><circle r='1'/></svg>" * 700,
}


@pytest.mark.parametrize("name", DRAWN)
def test_honest_drawings_are_not_refused(name: str) -> None:
    refuse_hostile(PARAGRAPH + DRAWN[name], RULES.html)


PIECES = (
    "<div>|</div>|<DIV >|<b>|</b>|<p class='a' id=b>|</p>|<body a b c>|<html x=1>|<svg>|</svg>"
    '|<math>|<style>|</style>|<script src="x">|</script>|</SCRIPT >|</script|<scripts>|</scripts>'
    '|<!-- <b> -->|<!--|-->|<!>|<?x>|<br>|<img alt=\'>\' title="</div>">|<p a="\'">|<li|>|/>'
    '|text < 5|=|"|\'| |<p a=1 b=2 c=3 d=4 e=5>|<a b=c/d e="f"g=h>|</b/>|<a"b>|<div/>'
    "|<mar\u212a>|</mar\u212a>|<mark>|<path/>|<path d=M/>|<title>|</title>|</p>|<g>|</g>"
).split("|")
TIGHT = RULES.html.model_copy(
    update={"max_attributes": 4, "max_depth": 4, "max_left_open": 3, "max_rebuilt": 6}
)


def refused(markup: str) -> str:
    try:
        refuse_hostile(markup, TIGHT)
    except Rejected as e:
        return e.detail
    return ""


@settings(deadline=None, max_examples=examples(2))
@given(st.lists(st.sampled_from(PIECES), max_size=30))
def test_tags_read_at_once_are_those_read_one_by_one(pieces: list[str]) -> None:
    source = "".join(pieces)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hostile_markup, "_HARMLESS_CHARS", 0)
        at_once = refused(source)
        passes = hostile_markup._check
        patch.setattr(
            hostile_markup,
            "_check",
            lambda tags, rules, slow=False: passes(tags, rules, slow=True) if slow else None,
        )
        assert refused(source) == at_once


HONEST = {
    "many paragraphs": "<p>text</p>" * 20_000,
    "paragraphs left open": "<p>text" * 4_000,
    "closed in place": "<div><b>x</b><br><img src=a></div>" * 5_000,
    "script full of tags": "<script>" + "'<div>'" * 5_000 + "</script>",
    "comment full of tags": "<!--" + "<div>" * 5_000 + "-->",
    "long attributes": f"<img src='data:{'A' * 100_000}' alt=\"{'x ' * 5_000}\">",
}


@pytest.mark.parametrize("name", HONEST)
def test_honest_markup_check(name: str) -> None:
    refuse_hostile(HONEST[name], RULES.html)


def test_tags_are_cut_without_a_tree() -> None:
    source = "<p>a <b>b</b>c<!-- x --><script>y</script><div title='>'>d &amp; 5 < 6"
    assert cut_tags(source).split() == ["a", "bc", "d", "&amp;", "5", "<", "6"]
    assert count_tags(source) >= 8


def test_too_many_tags_cost_the_layout_but_not_the_text() -> None:
    article = cleaned(content=markup("<td>cell " * (RULES.html.max_tags + 1)))
    assert article.flags == ("tags-cut",)
    assert article.text.startswith("cell\n\ncell")


LARGE = {
    "cells": "<table>" + "<td>x" * 200_000,
    "links": "<a href=x>link</a> " * 150_000,
    "links of a page": "<html><body>" + "<a href=x>link</a> " * 80_000,
    "entities": "&amp;" * 800_000,
    "entity tower": "&" + "amp;" * 900_000,
    "comments": "<!--" * 900_000,
    "brackets": "<" * 4_000_000,
    "open tags": "<a" * 2_000_000,
    "open quotes": '<a b="' * 700_000,
    "pre": "<pre>\n</pre>" * 90_000,
    "mojibake": "donâ€™t " * 500_000,
    "prompts": "Read more: x\n" * 100_000,
    "the post": "The post " * 500_000,
    "ellipses": "…" * 1_000_000,
    "blank lines": "\n" * 4_000_000,
    "surrogates": "\ud800" * 1_000_000,
    "nul": "\x00" * 4_000_000,
    "json": "<html><script type='application/ld+json'>" + "[" * 250_000 + "</script>",
}


@pytest.mark.parametrize("name", LARGE)
def test_large_bodies_take_seconds_at_most(name: str) -> None:
    start = time.process_time()
    cleaned(content=markup(LARGE[name]))
    assert time.process_time() - start < 5
