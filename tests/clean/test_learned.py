"""What a source repeats around its articles is learned, and nothing else is."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.clean.ordinary import NOW, RULES
from worker.clean.cleaning_rules import LearnedRules
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


def story(number: int, tail: str = LINE, **fields: Any) -> Article:
    """The article of this number: its own words, and a line behind them."""
    words = f"Ship {number:b} left the harbour of town {number:b}, as was said by pilot {number:b}."
    body = "\n\n".join(f"{part} {words} {words}" for part in ("First.", "Then.", "And at last."))
    body = body.replace("1", "ab").replace("0", "cd")
    ordinary = {"source": "wire", "key": f"id:{number}", "title": f"Ship {number}"}
    return Article(**{**ordinary, "text": f"{body}\n\n{tail}" if tail else body, **fields})


def learned_of(days: dict[int, list[Article]], rules: LearnedRules = OURS) -> SourceBoilerplate:
    """What is learned when these came so many days before today."""
    noted = {
        TODAY - ago: [e for each in articles for e in sighting(each, SourceBoilerplate(), rules)]
        for ago, articles in days.items()
    }
    return learn("wire", noted, rules, TODAY - 1)


def lines_of(learned: SourceBoilerplate) -> set[bytes]:
    return set(learned.lines)


ENOUGH = {2: [story(1), story(2)], 1: [story(3), story(4)]}


def test_a_line_that_stood_in_new_texts_on_two_days_is_learned() -> None:
    learned = learned_of(ENOUGH)
    assert lines_of(learned) == {line_key("wire", LINE)}
    [known] = learned.lines.values()
    assert (known.since, known.texts, known.days) == (TODAY - 2, 4, 2)
    assert learned.version.startswith("2026-11-21.")


@pytest.mark.parametrize(
    ("why", "days"),
    [
        ("a burst of one day", {1: [story(n) for n in range(9)]}),
        ("a daily column", {ago: [story(ago), story(40 + ago, "")] for ago in range(1, 10)}),
        ("published again", {ago: [story(n) for n in range(9)] for ago in range(1, 10)}),
        (
            "published again under other ids",
            {ago: [story(n, key=f"id:{ago}-{n}") for n in range(3)] for ago in range(1, 10)},
        ),
        (
            "one article that is updated",
            {ago: [story(10 * ago + n, key="id:1") for n in range(9)] for ago in range(1, 10)},
        ),
        (
            "a line of few texts",
            {
                ago: [story(50 * ago + n, LINE if n < 2 else "") for n in range(40)]
                for ago in (1, 2)
            },
        ),
        (
            "a line with figures of some texts",
            {
                ago: [story(9 * ago + n, "Doors open at 7." if n < 3 else "") for n in range(8)]
                for ago in (1, 2)
            },
        ),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_what_only_looks_repeated_is_not_learned(why: str, days: dict[int, list[Article]]) -> None:
    assert learned_of(days) == SourceBoilerplate()


def test_a_line_with_figures_is_learned_where_most_texts_have_it() -> None:
    days = {ago: [story(9 * ago + n, f"Read by {n} people") for n in range(4)] for ago in (1, 2)}
    assert lines_of(learned_of(days)) == {line_key("wire", "Read by 7 people")}


def test_what_the_config_refuses_is_never_learned() -> None:
    refusing = OURS.model_copy(update={"refused": {"wire": (LINE.upper(),)}})
    assert learned_of(ENOUGH, refusing) == SourceBoilerplate()


def test_the_name_of_an_author_nobody_else_tells_is_no_boilerplate() -> None:
    nameless = {ago: [story(9 * ago + n, "By Ann Lee") for n in range(4)] for ago in (1, 2)}
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
    whole = story(9, LINE.replace("love", "LOVE"), words=99)
    shown = leave_out(whole, learned, OURS)
    assert f"{shown.text}\n\n{whole.dropped or LINE.replace('love', 'LOVE')}" == whole.text
    assert [(d.rule, d.line) for d in shown.dropped] == [
        ("learned", LINE.replace("love", "LOVE")),
    ]
    assert shown.words == len(shown.text.split())
    assert shown.learned == learned.version


def test_another_source_keeps_the_same_line() -> None:
    other = story(9, source="radio")
    assert leave_out(other, learned_of(ENOUGH), OURS).text == other.text


def test_a_learned_line_in_the_middle_of_a_text_stays() -> None:
    parts = story(9, "").text.split("\n\n")
    text = "\n\n".join([*parts, *parts, LINE, *parts, *parts])
    whole = story(9, text=text)
    assert leave_out(whole, learned_of(ENOUGH), OURS).text == text


def test_never_more_than_the_bound_is_left_out() -> None:
    short = story(9, text=f"Ferries run again.\n\n{LINE}")
    shown = leave_out(short, learned_of(ENOUGH), OURS)
    assert (shown.text, shown.dropped) == (short.text, ())


def test_what_stands_behind_a_learned_line_comes_into_view() -> None:
    tails = [f"{'abcdefgh'[n]} is a letter of our alphabet, dear readers." for n in range(8)]
    near = learned_of(
        {ago: [story(9 * ago + n, "\n\n".join(tails)) for n in range(4)] for ago in (1, 2)}
    )
    assert lines_of(near) == {line_key("wire", line) for line in tails[-OURS.tail_lines :]}
    seen = {e[:6] for e in sighting(story(9, "\n\n".join(tails)), near, OURS)}
    assert seen >= {line_key("wire", line) for line in tails}


def test_a_pinned_line_goes_wherever_it_stands_and_however_much_it_is() -> None:
    rules = OURS.model_copy(update={"pinned": {"wire": ("Our shop has mugs.",)}})
    text = "Ferries run.\n\nOur shop has mugs.\n\nOUR SHOP has mugs.\n\nPort says."
    shown = leave_out(story(9, text=text), SourceBoilerplate(), rules)
    assert shown.text == "Ferries run.\n\nPort says."
    assert {d.rule for d in shown.dropped} == {"pinned"}


def test_a_text_of_nothing_is_nothing_to_learn_from() -> None:
    assert sighting(story(1, text=""), SourceBoilerplate(), OURS) == []


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from([LINE, LINE.upper(), "Ships.", "x" * 300, "Port says so."]), max_size=12
    )
)
def test_whatever_the_text_the_rest_keeps_its_order_and_the_bound_holds(lines: list[str]) -> None:
    whole = story(9, text="\n\n".join(lines))
    shown = leave_out(whole, learned_of(ENOUGH), OURS)
    kept = [line for line in shown.text.split("\n\n") if line]
    gone = [dropped.line for dropped in shown.dropped]
    assert sorted([*kept, *gone]) == sorted(lines)
    left = iter(lines)
    assert all(line in left for line in kept)
    assert sum(map(len, gone)) <= OURS.max_body_share * len(whole.text)
    assert set(gone) <= {LINE, LINE.upper()}
