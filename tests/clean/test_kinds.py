"""Looking up patterns by prefix misses none, and titles and sentences are normalised for them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.clean.ordinary import RULES
from tests.support.cleaning_tables import FAILED_FETCHES
from worker.clean.patterns.match_form import (
    first_candidates,
    sentences_of,
    title_parts,
    title_prefix,
)
from worker.clean.patterns.page_kinds import PatternClassifier, alternatives

TABLES = ("titles", "lines")
TEXTS = [
    case.get("page") or case["content"]
    for case in FAILED_FETCHES["failed"] + FAILED_FETCHES["honest"]
]
SENTENCES = [
    sentence
    for text in (*TEXTS, *FAILED_FETCHES["teasers"])
    for sentence in sentences_of(re.sub("<[^>]*>", "\n", text))
]


def kinds(table: str) -> PatternClassifier[str]:
    pages = RULES.failed_fetch.pages
    return PatternClassifier(
        [page.name for page in pages], [getattr(page, table) for page in pages]
    )


def first_by_trying_all(table: str, text: str) -> str | None:
    for page in RULES.failed_fetch.pages:
        if any(re.fullmatch(p, text) for p in getattr(page, table).values()):
            return page.name
    return None


@pytest.mark.parametrize("table", TABLES)
def test_a_look_up_finds_what_trying_all_patterns_finds(table: str) -> None:
    classifier = kinds(table)
    found = {text: classifier.classify_any(text) for text in SENTENCES}
    assert found == {text: first_by_trying_all(table, text) for text in SENTENCES}
    assert len({*found.values()}) > len(RULES.failed_fetch.pages)  # each, and none


@given(st.sampled_from(SENTENCES), st.text(max_size=6), st.sampled_from(TABLES))
def test_a_text_that_matches_passes_the_look_up_of_its_first_letters(
    end: str, start: str, table: str
) -> None:
    classifier, text = LOOKED_UP[table], (start + end).lower()
    assert not classifier.classify(text) or classifier.may_match(text[:6])


LOOKED_UP = {table: kinds(table) for table in TABLES}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("a|b", ["a", "b"]),
        ("a(?:b|c)|d", ["a(?:b|c)", "d"]),
        (r"a\|b|[|)]c|\(d", [r"a\|b", "[|)]c", r"\(d"]),
        (r"[^]|]x|(?:[(|]|y)", ["[^]|]x", "(?:[(|]|y)"]),
        ("", [""]),
    ],
)
def test_alternatives_are_parted_where_no_group_is_open(pattern: str, expected: list[str]) -> None:
    assert alternatives(pattern) == expected


def test_the_first_kind_wins_and_unknown_beginnings_match_none() -> None:
    classifier = PatternClassifier(
        ["a", "b"], [{"en": "not found|.{1,9} is lost"}, {"en": "not (?:found|here)"}]
    )
    assert [classifier.classify(text) for text in ("not found", "not here", "nothing")] == [
        "a",
        "b",
        None,
    ]
    assert (classifier.classify("all is lost"), classifier.classify_any("all is lost")) == (
        None,
        "a",
    )
    assert (classifier.search("it is not here"), classifier.search("it is")) == ("b", None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Just a moment... Please wait!", ["just a moment", "please wait"]),
        ("Seite nicht gefunden\n\n 404 \n", ["seite nicht gefunden", "404"]),
        ("np.example needs to see. Version 3.5 is out", ["needs to see", "version 3.5 is out"]),
        ("“We’re sorry”, it said (twice)…", ["we're sorry”, it said twice"]),
        ("请稍候。这可能需要几秒钟！", ["请稍候", "这可能需要几秒钟"]),
        ("… — …", []),
    ],
)
def test_sentences_are_in_lower_case_and_bare(text: str, expected: list[str]) -> None:
    assert list(sentences_of(text)) == expected


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Just a moment...", ["just a moment…"]),
        ("Page not found – Northmouth Post", ["page not found", "northmouth post"]),
        ("Sign-in | Post: news", ["sign-in", "post: news"]),
        ("Error 403 (Forbidden)!!1", ["error 403 forbidden!!1"]),
        ("| … |", []),
        ("x" * 161, []),
    ],
)
def test_a_title_is_parted_from_the_name_of_its_site(title: str, expected: list[str]) -> None:
    assert title_parts(title) == expected
    assert all(part.startswith(title_prefix(title)[:6]) for part in expected[:1])


@given(st.lists(st.sampled_from(SENTENCES), max_size=6))
def test_a_quick_look_finds_what_may_match_among_the_first(sentences: list[str]) -> None:
    classifier = LOOKED_UP["lines"]
    found = first_candidates("\n".join(sentences)[:300], 3, classifier.may_match)
    first = [
        s for s in sentences[:3] if classifier.classify(s) and len("\n".join(sentences[:3])) < 300
    ]
    assert [s for s in first if s not in found] == []
