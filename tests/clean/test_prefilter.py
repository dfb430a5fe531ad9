"""The filter before the line rules may let too many lines through, never too few."""

import re
from importlib import import_module

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.clean.ordinary import RULES
from tests.support.examples import examples
from worker.clean.patterns.prefilter import (
    PREFIX_CHARS,
    prefix_filter,
    prefixes_after_marks,
    prefixes_of,
)

PATTERNS = [
    pattern
    for rule in RULES.lines.rules
    if rule.position != "end"
    for pattern in rule.patterns.values()
]


@pytest.mark.parametrize(
    ("pattern", "expected"),
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
def test_the_prefixes_of_a_pattern_are_those_of_its_matches(
    pattern: str, expected: set[str]
) -> None:
    assert prefixes_of(pattern) == expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"\d days|[(]c[)]|ad", {"c)"}),
        (r"\W*\d+ min", {"min"}),
        (r"\W*(?:tags?|ads)\W*", {"tag", "tags", "ads"}),
        (r"\d{2}[.]\d{2}|\W*.{2}", set()),
    ],
)
def test_marks_may_precede_the_prefix_of_a_match(pattern: str, expected: set[str]) -> None:
    assert prefixes_after_marks(pattern) == expected


@settings(deadline=None, max_examples=examples(2))
@given(st.sampled_from(PATTERNS).flatmap(lambda p: st.from_regex(p, fullmatch=True)))
def test_no_line_that_a_rule_takes_out_is_stopped_by_the_filter(line: str) -> None:
    lower = line.lower()
    if any(re.fullmatch(pattern, lower) for pattern in PATTERNS):
        assert prefix_filter(PATTERNS).match(lower[:PREFIX_CHARS] if lower[0].isalpha() else lower)


def test_most_lines_of_news_are_not_let_through() -> None:
    ours = RULES.lines.rules
    english = prefix_filter(
        r.patterns["en"] for r in ours if r.position != "end" and "en" in r.patterns
    )
    assert english.match("sign u")
    assert not english.match("the ha")
    assert not english.match("engine")
    assert english.match("» advertisement «")
    assert english.match("3 min read")
    assert not english.match("“we are not out of the woods”, she said")


def test_words_that_begin_credits_are_let_through() -> None:
    credited = prefix_filter((), RULES.credits.prefixes)
    assert credited.match("report")
    assert credited.match("by ann")
    assert not credited.match("bystan")


TREES = {
    "a.": [("LITERAL", 97), ("ANY", None)],
    r"[ab\W\d]": [
        (
            "IN",
            [
                ("LITERAL", 97),
                ("LITERAL", 98),
                ("CATEGORY", "CATEGORY_NOT_WORD"),
                ("CATEGORY", "CATEGORY_DIGIT"),
            ],
        )
    ],
    r"\s": [("IN", [("CATEGORY", "CATEGORY_SPACE")])],
    "ab|cd": [
        (
            "BRANCH",
            (None, [[("LITERAL", 97), ("LITERAL", 98)], [("LITERAL", 99), ("LITERAL", 100)]]),
        )
    ],
    "(a)(?:b)": [("SUBPATTERN", (1, 0, 0, [("LITERAL", 97)])), ("LITERAL", 98)],
    "a{2,3}b*?": [
        ("MAX_REPEAT", (2, 3, [("LITERAL", 97)])),
        ("MIN_REPEAT", (0, "MAXREPEAT", [("LITERAL", 98)])),
    ],
    r"\ba(?=b)(?!c)": [
        ("AT", "AT_BOUNDARY"),
        ("LITERAL", 97),
        ("ASSERT", (1, [("LITERAL", 98)])),
        ("ASSERT_NOT", (1, [("LITERAL", 99)])),
    ],
}


def plain(node: object) -> object:
    """A syntax tree of `re._parser` as lists, tuples, numbers and the names of its constants."""
    if isinstance(node, tuple):
        return tuple(map(plain, node))
    if isinstance(node, list) or type(node).__name__ == "SubPattern":
        return [plain(child) for child in node]  # type: ignore[attr-defined]
    return str(node) if type(node).__name__ == "_NamedIntConstant" else node


@pytest.mark.parametrize("pattern", TREES)
def test_python_parses_patterns_to_the_trees_that_the_filter_reads(pattern: str) -> None:
    tree = plain(import_module("re._parser").parse(pattern))
    assert tree == TREES[pattern], (
        f"re._parser of this Python parses {pattern!r} to another tree: adapt _item() and helpers "
        "in worker/clean/patterns/prefilter.py, which read these trees"
    )
