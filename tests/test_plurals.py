"""One of something is never called several: no text of the package says "1 articles"."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from worker.model.plurals import several

WORKER = Path(__file__).parents[1] / "worker"

# Expressions before a plural that are never 1: limits, and counts of which the code has just seen
# that they are larger.
NEVER_ONE = {
    *("limit", "LONGEST", "LIMITS.article_bytes", "WINDOW_H", "rules.text.min_letters"),
    *("len(data)", "len(text)", "len(decoded)", "len(self.receipts)", "len(equal)"),
    *(
        "days",
        "counts.total()",
        "len(names)",
        "stats_.bytes_each",
        "deliveries - 1",
        "dead_letter.seen",
        "times",
    ),
}
NO_NOUNS = "was|is|has|as|this|of|in|its|ms|reads|less"
NOUN = re.compile(rf" (?:[a-z]+ )?(?!(?:{NO_NOUNS})\b)[a-z]{{3,}}s\b")
COUNT = re.compile(r"len\(|count|sum\(|number|times|total|seen|words|bytes|messages|passes|days")


@pytest.mark.parametrize(
    ("count", "nouns", "text"),
    [
        (0, ("article",), "0 articles"),
        (1, ("article",), "1 article"),
        (1204, ("article",), "1,204 articles"),
        (1, ("entry", "entries"), "1 entry"),
        (2, ("entry", "entries"), "2 entries"),
    ],
)
def test_a_noun_agrees_with_its_count(count: int, nouns: tuple[str, ...], text: str) -> None:
    assert several(count, *nouns) == text


def plurals_in(source: str) -> Iterator[str]:
    """The f-strings of a program that put a count before a plural, as "{expression} nouns"."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.JoinedStr):
            continue
        for value, after in zip(node.values, node.values[1:], strict=False):
            if not (isinstance(value, ast.FormattedValue) and isinstance(after, ast.Constant)):
                continue
            counted = ast.unparse(value.value)
            noun = NOUN.match(str(after.value))
            if noun and COUNT.search(counted) and "several(" not in counted:
                yield f"{{{counted}}}{noun[0]}"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('f"{len(rows)} articles"', ["{len(rows)} articles"]),
        ('f"{count:,} dead letters"', ["{count} dead letters"]),
        ('f"kept {stored.bytes} bytes"', ["{stored.bytes} bytes"]),
        ('f"{several(len(rows), what)} of all words"', []),
        ('f"{name} has words"', []),
    ],
)
def test_a_count_before_a_plural_is_found(source: str, found: list[str]) -> None:
    assert list(plurals_in(source)) == found


def test_no_text_puts_a_plural_after_a_count_that_may_be_one() -> None:
    found = {
        (str(path.relative_to(WORKER)), plural)
        for path in WORKER.rglob("*.py")
        for plural in plurals_in(path.read_text("utf-8"))
        if plural[1:].partition("}")[0] not in NEVER_ONE
    }
    assert found == set()
