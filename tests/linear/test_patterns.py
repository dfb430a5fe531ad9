"""No regular expression takes more than linear time for what a producer can send."""

import re
from collections.abc import Sequence

import pytest
import re2

from tests.linear.bounds import BOUNDS, MADE, NOT_INPUT
from tests.linear.found_patterns import Found, dynamic_calls, found_patterns
from tests.linear.growth import LARGE_SIZES, SIZES, slow_text, slowest_s

SHORT_CHARS = 10_000  # a text of at most this length is measured at its full length
MOST_S = 0.05  # of CPU, for a pattern whose text is short
ALL_METHODS = ("search", "fullmatch", "finditer")


def compiles_with_re2(found: Found) -> bool:
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(found.pattern.pattern, options)
    except (re2.error, UnicodeEncodeError):
        return False
    return True


def from_input() -> list[Found]:
    return [found for found in found_patterns() if found.name not in NOT_INPUT]


def test_the_patterns_of_all_modules_and_rules_are_found() -> None:
    names = {found.name for found in found_patterns()}
    assert "worker.clean.text.people._BETWEEN" in names  # an attribute
    assert "worker.clean.lines.datelines._FORMS[0]" in names  # inside of an attribute
    assert "worker.clean.lines.datelines: _is_place" in names  # a call
    assert any(name.startswith("cleaning.toml: lines.") for name in names)
    assert len(names) > 300


def test_every_pattern_is_in_the_syntax_of_re2_or_has_a_bound() -> None:
    unlisted = [
        found.name
        for found in from_input()
        if found.name not in BOUNDS and not found.max_chars and not compiles_with_re2(found)
    ]
    assert unlisted == [], (
        "write it without lookaround, or give it a bound in tests/linear/bounds.py"
    )


def test_the_lists_name_only_patterns_that_exist() -> None:
    names = {found.name for found in found_patterns()}
    assert set(BOUNDS) | set(NOT_INPUT) <= names
    assert dynamic_calls() == set(MADE)


def slowness(found: Found, sizes: Sequence[int], most: int | None) -> str:
    """Describe why a pattern is too slow for the texts that it is tried on; "" if it is not."""
    methods = found.methods or ALL_METHODS
    bound = found.max_chars or (BOUNDS[found.name].chars if found.name in BOUNDS else 0)
    if not 0 < bound <= SHORT_CHARS:
        return slow_text(found.pattern, methods, sizes, most)
    taken = slowest_s(found.pattern, methods, bound, most)
    return f"{found.name} takes {taken:.3f} s for {bound} characters" if taken > MOST_S else ""


def test_no_pattern_grows_faster_than_its_text() -> None:
    patterns = [found for found in from_input() if not found.joined]
    assert list(filter(None, (slowness(found, SIZES, most=24) for found in patterns))) == []


@pytest.mark.long
@pytest.mark.parametrize("part", range(8))
def test_no_pattern_grows_faster_than_any_hostile_text(part: int) -> None:
    patterns = from_input()[part::8]
    assert list(filter(None, (slowness(found, LARGE_SIZES, most=None) for found in patterns))) == []


@pytest.mark.parametrize(
    "pattern",
    [
        r"\s+$",
        r"\s*[,;]\s*",
        r"(a|b)*c",
        r"(a+)+b",
        r"x\s*\s*:",
        r"(?:a.)*b",
        r"[.]+(?:\s|$)",
        "<[^>]*>",
    ],
)
def test_a_pattern_that_grows_is_recognised(pattern: str) -> None:
    assert slow_text(re.compile(pattern), ("search",), SIZES)


@pytest.mark.parametrize(
    "pattern", [r"\s", r" ?[,;] ?", r"(?:a|b)c", r"a[^a]*b", r"\bword\b", "<[^<>]*>"]
)
def test_a_linear_pattern_is_not(pattern: str) -> None:
    assert slow_text(re.compile(pattern), ("search", "sub"), SIZES) == ""
