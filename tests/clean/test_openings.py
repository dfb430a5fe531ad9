"""The gate before the line rules: it may let too much through, never too little."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.clean.ordinary import RULES
from tests.support.examples import examples
from worker.clean.patterns.prefilter import CHARS, gate, openings, openings_behind_marks

PATTERNS = [
    pattern
    for rule in RULES.lines.rules
    if rule.position != "end"
    for pattern in rule.patterns.values()
]


@pytest.mark.parametrize(
    ("pattern", "begins"),
    [
        ("read (?:more|on)", {"read m", "read o"}),
        ("(?:the )?harbour", {"the ha", "harbou"}),
        ("s[íi]g[ua]e", {"sígue", "sígae", "sigue", "sigae"}),
        (r"\W{0,3}ad", {"ad"}),
        (r"(?:by|via)\b .{2,9}", {"by ", "via "}),
        (r"no? \d", {"n ", "no "}),
        (r"\d days|[(]c[)]", set()),
        (".{2}x", {""}),
        ("[^a]b", {""}),
        (r"\w+!", {""}),
        ("a+b", {"a"}),
    ],
)
def test_what_a_line_that_matches_may_begin_with(pattern: str, begins: set[str]) -> None:
    assert openings(pattern) == begins


@pytest.mark.parametrize(
    ("pattern", "begins"),
    [
        (r"\d days|[(]c[)]|ad", {"c)"}),
        (r"\W*\d+ min", {"min"}),
        (r"\W*(?:tags?|ads)\W*", {"tag", "tags", "ads"}),
        (r"\d{2}[.]\d{2}|\W*.{2}", set()),
    ],
)
def test_what_it_may_begin_with_behind_marks(pattern: str, begins: set[str]) -> None:
    assert openings_behind_marks(pattern) == begins


@settings(deadline=None, max_examples=examples(2))
@given(st.sampled_from(PATTERNS).flatmap(lambda p: st.from_regex(p, fullmatch=True)))
def test_no_line_that_a_rule_takes_out_is_stopped_by_the_gate(line: str) -> None:
    lower = line.lower()
    if any(re.fullmatch(pattern, lower) for pattern in PATTERNS):
        assert gate(PATTERNS).match(lower[:CHARS] if lower[0].isalpha() else lower)


def test_most_lines_of_news_are_not_let_through() -> None:
    ours = RULES.lines.rules
    english = gate(r.patterns["en"] for r in ours if r.position != "end" and "en" in r.patterns)
    assert english.match("sign u")
    assert not english.match("the ha")
    assert not english.match("engine")
    assert english.match("» advertisement «")
    assert english.match("3 min read")
    assert not english.match("“we are not out of the woods”, she said")


def test_words_that_begin_credits_are_let_through() -> None:
    credited = gate((), RULES.credits.openings)
    assert credited.match("report")
    assert credited.match("by ann")
    assert not credited.match("bystan")
