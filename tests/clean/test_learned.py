"""Lines that a source repeats around its articles are learned, and no other lines."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.clean.ordinary import NOW, RULES
from worker.clean.line_rule_config import LearnedRules
from worker.clean.lines.source_boilerplate import (
    SourceBoilerplate,
    learn,
    leave_out,
    line_key,
    sighting,
)
from worker.model.records import Article

TODAY = NOW.date().toordinal()
OURS = RULES.learned
LINE = "Example News is made by people who love the sea."


def numbered(number: int, tail: str = LINE, **fields: Any) -> Article:
    """An article with words made from this number, and a last line."""
    words = f"Ship {number:b} left the harbour of town {number:b}, as was said by pilot {number:b}."
    body = "\n\n".join(f"{part} {words} {words}" for part in ("First.", "Then.", "And at last."))
    body = body.replace("1", "ab").replace("0", "cd")
    ordinary = {"source": "wire", "key": f"id:{number}", "title": f"Ship {number}"}
    return Article(**{**ordinary, "text": f"{body}\n\n{tail}" if tail else body, **fields})


def learned_of(days: dict[int, list[Article]], rules: LearnedRules = OURS) -> SourceBoilerplate:
    """The lines learned from these articles, by their age in days."""
    noted = {
        TODAY - ago: [e for each in articles for e in sighting(each, SourceBoilerplate(), rules)]
        for ago, articles in days.items()
    }
    return learn("wire", noted, rules, TODAY - 1)


def lines_of(learned: SourceBoilerplate) -> set[bytes]:
    return set(learned.lines)


ENOUGH = {2: [numbered(1), numbered(2)], 1: [numbered(3), numbered(4)]}


def test_a_line_that_stood_in_new_texts_on_two_days_is_learned() -> None:
    learned = learned_of(ENOUGH)
    assert lines_of(learned) == {line_key("wire", LINE)}
    [known] = learned.lines.values()
    assert (known.since, known.texts, known.days) == (TODAY - 2, 4, 2)
    assert learned.version.startswith("2026-11-21.")


@pytest.mark.parametrize(
    ("why", "days"),
    [
        ("a burst of one day", {1: [numbered(n) for n in range(9)]}),
        ("a daily column", {ago: [numbered(ago), numbered(40 + ago, "")] for ago in range(1, 10)}),
        ("published again", {ago: [numbered(n) for n in range(9)] for ago in range(1, 10)}),
        (
            "published again under other ids",
            {ago: [numbered(n, key=f"id:{ago}-{n}") for n in range(3)] for ago in range(1, 10)},
        ),
        (
            "one article that is updated",
            {ago: [numbered(10 * ago + n, key="id:1") for n in range(9)] for ago in range(1, 10)},
        ),
        (
            "a line of few texts",
            {
                ago: [numbered(50 * ago + n, LINE if n < 2 else "") for n in range(40)]
                for ago in (1, 2)
            },
        ),
        (
            "a line with figures of some texts",
            {
                ago: [numbered(9 * ago + n, "Doors open at 7." if n < 3 else "") for n in range(8)]
                for ago in (1, 2)
            },
        ),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_what_only_looks_repeated_is_not_learned(why: str, days: dict[int, list[Article]]) -> None:
    assert learned_of(days) == SourceBoilerplate()


def test_a_line_with_figures_is_learned_where_most_texts_have_it() -> None:
    days = {ago: [numbered(9 * ago + n, f"Read by {n} people") for n in range(4)] for ago in (1, 2)}
    assert lines_of(learned_of(days)) == {line_key("wire", "Read by 7 people")}


def test_what_the_config_refuses_is_never_learned() -> None:
    refusing = OURS.model_copy(update={"refused": {"wire": (LINE.upper(),)}})
    assert learned_of(ENOUGH, refusing) == SourceBoilerplate()


def test_the_name_of_an_author_nobody_else_tells_is_no_boilerplate() -> None:
    nameless = {ago: [numbered(9 * ago + n, "By Ann Lee") for n in range(4)] for ago in (1, 2)}
    assert learned_of(nameless) == SourceBoilerplate()
    known = {
        ago: [replace(each, authors=("Bo Chen",)) for each in some]
        for ago, some in nameless.items()
    }
    assert lines_of(learned_of(known)) == {line_key("wire", "By Ann Lee")}


def test_the_same_history_in_any_order_is_the_same_decision() -> None:
    noted = {
        TODAY - ago: [e for each in some for e in sighting(each, SourceBoilerplate(), OURS)]
        for ago, some in ENOUGH.items()
    }
    turned = {day: list(reversed(entries)) for day, entries in reversed(noted.items())}
    assert learn("wire", noted, OURS, TODAY - 1) == learn("wire", turned, OURS, TODAY - 1)


def test_a_learned_line_is_left_out_and_recorded() -> None:
    learned = learned_of(ENOUGH)
    article = numbered(9, LINE.replace("love", "LOVE"), words=99)
    cleaned_article = leave_out(article, learned, OURS)
    assert (
        f"{cleaned_article.text}\n\n{article.dropped or LINE.replace('love', 'LOVE')}"
        == article.text
    )
    assert [(d.rule, d.line) for d in cleaned_article.dropped] == [
        ("learned", LINE.replace("love", "LOVE")),
    ]
    assert cleaned_article.words == len(cleaned_article.text.split())
    assert cleaned_article.learned == learned.version


def test_another_source_keeps_the_same_line() -> None:
    other = numbered(9, source="radio")
    assert leave_out(other, learned_of(ENOUGH), OURS).text == other.text


def test_a_learned_line_in_the_middle_of_a_text_stays() -> None:
    parts = numbered(9, "").text.split("\n\n")
    text = "\n\n".join([*parts, *parts, LINE, *parts, *parts])
    article = numbered(9, text=text)
    assert leave_out(article, learned_of(ENOUGH), OURS).text == text


def test_nothing_is_left_out_if_it_would_be_more_than_the_limit() -> None:
    short = numbered(9, text=f"Ferries run again.\n\n{LINE}")
    cleaned_article = leave_out(short, learned_of(ENOUGH), OURS)
    assert (cleaned_article.text, cleaned_article.dropped) == (short.text, ())


def test_lines_next_to_a_learned_line_are_noted_too() -> None:
    tails = [f"{'abcdefgh'[n]} is a letter of our alphabet, dear readers." for n in range(8)]
    near = learned_of(
        {ago: [numbered(9 * ago + n, "\n\n".join(tails)) for n in range(4)] for ago in (1, 2)}
    )
    assert lines_of(near) == {line_key("wire", line) for line in tails[-OURS.tail_lines :]}
    seen = {e[:6] for e in sighting(numbered(9, "\n\n".join(tails)), near, OURS)}
    assert seen >= {line_key("wire", line) for line in tails}


def test_a_pinned_line_is_removed_at_any_position_and_in_any_number() -> None:
    rules = OURS.model_copy(update={"pinned": {"wire": ("Our shop has mugs.",)}})
    text = "Ferries run.\n\nOur shop has mugs.\n\nOUR SHOP has mugs.\n\nPort says."
    cleaned_article = leave_out(numbered(9, text=text), SourceBoilerplate(), rules)
    assert cleaned_article.text == "Ferries run.\n\nPort says."
    assert {d.rule for d in cleaned_article.dropped} == {"pinned"}


def test_a_text_of_nothing_is_nothing_to_learn_from() -> None:
    assert sighting(numbered(1, text=""), SourceBoilerplate(), OURS) == []


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from([LINE, LINE.upper(), "Ships.", "x" * 300, "Port says so."]), max_size=12
    )
)
def test_whatever_the_text_the_rest_keeps_its_order_and_the_bound_holds(lines: list[str]) -> None:
    article = numbered(9, text="\n\n".join(lines))
    cleaned_article = leave_out(article, learned_of(ENOUGH), OURS)
    kept = [line for line in cleaned_article.text.split("\n\n") if line]
    removed = [dropped.line for dropped in cleaned_article.dropped]
    assert sorted([*kept, *removed]) == sorted(lines)
    left = iter(lines)
    assert all(line in left for line in kept)
    assert sum(map(len, removed)) <= OURS.max_body_share * len(article.text)
    assert set(removed) <= {LINE, LINE.upper()}
