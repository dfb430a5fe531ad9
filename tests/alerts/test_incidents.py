"""An incident is reported once, again after hours, and once when it is over; whatever happens."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.config.alert_rules import AlertRules
from worker.monitoring.alert_boards import decoded, encoded_state
from worker.monitoring.incidents import (
    MAX_CHANGES,
    AlertState,
    IncidentChange,
    Outbox,
    ReportKind,
    advance,
    due_targets,
    merged,
    with_changes,
    without_future,
)
from worker.monitoring.status_values import Attention, Severity

START = datetime(2026, 11, 30, 8, tzinfo=UTC)
RULES = AlertRules(every_s=30, for_s={"no-workers": 300}, recovery_s=120, group_s=60, repeat_s=3600)


def attention(name: str = "broker-full", about: str = "", **changes: object) -> Attention:
    wanted = {"severity": Severity.PAGE, "sentence": "it is full", "remedy": "more memory"}
    return Attention(name=name, about=about, **(wanted | changes))  # type: ignore[arg-type]


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def after(
    turns: Sequence[tuple[float, Sequence[Attention]]],
    state: AlertState | None = None,
    *,
    rules: AlertRules = RULES,
    blind: bool = False,
) -> AlertState:
    """The state after turns at these seconds, in which these things needed attention."""
    state = state or AlertState()
    for seconds, found in turns:
        state = advance(state, found, at(seconds), rules, targets=["hook"], blind=blind)
    return state


def reported(state: AlertState) -> list[tuple[ReportKind, str]]:
    """What waits for the target, with the name of its incident."""
    return [(entry.change, entry.incident.name) for entry in state.outbox("hook").changes]


def sent(state: AlertState) -> AlertState:
    return replace(state, outboxes={"hook": Outbox()})


def standing(
    seconds: float, until: float, *found: Attention
) -> list[tuple[float, Sequence[Attention]]]:
    return [(second, found) for second in range(int(seconds), int(until) + 1, 30)]


def test_an_incident_is_reported_when_it_has_lasted_long_enough() -> None:
    state = after(standing(0, 270, attention("no-workers")))
    assert reported(state) == []
    state = after([(300, [attention("no-workers")])], state)
    assert reported(state) == [(ReportKind.FIRING, "no-workers")]


def test_one_that_ends_before_is_never_reported_and_begins_anew() -> None:
    turns = [*standing(0, 240, attention("no-workers")), (270, [])]
    turns += standing(300, 570, attention("no-workers"))
    assert reported(after(turns)) == []


def test_without_a_target_it_counts_as_unreported_until_there_is_one() -> None:
    state = AlertState()
    for second in (0, 30):
        state = advance(state, [attention()], at(second), RULES, targets=[])
    [incident] = state.incidents
    assert (incident.fired, incident.reported) == (at(0), None)
    state = after([(60, [attention()])], state)
    assert reported(state) == [(ReportKind.FIRING, "broker-full")]
    assert state.incidents[0].reported == at(60)


def test_it_is_reported_once_while_it_lasts_whoever_judges() -> None:
    state = sent(after([(0, [attention()])]))
    for second in range(30, 3600, 30):  # each turn reads what the one before wrote
        state = decoded(encoded_state(after([(second, [attention()])], state)))
        assert reported(state) == []


def test_it_is_reported_again_after_the_time_that_is_set() -> None:
    state = sent(after([(0, [attention()])]))
    state = after(standing(30, 3600, attention()), state)
    assert reported(state) == [(ReportKind.REPEATED, "broker-full")]
    never = AlertRules(repeat_s=0)
    state = sent(after([(0, [attention()])], rules=never))
    assert reported(after(standing(30, 90_000, attention()), state, rules=never)) == []


def test_its_end_is_reported_after_a_while_and_once() -> None:
    state = sent(after([(0, [attention()])]))
    state = after([(30, []), (90, [])], state)
    assert reported(state) == []
    state = after([(120, [])], state)
    assert reported(state) == [(ReportKind.RESOLVED, "broker-full")]
    assert state.incidents == ()
    assert reported(after([(150, []), (180, [])], sent(state))) == []


def test_one_that_comes_and_goes_is_one_incident() -> None:
    state = sent(after([(0, [attention()])]))
    (first,) = state.incidents
    for second in range(30, 900, 60):
        state = after([(second, []), (second + 30, [attention()])], state)
    assert reported(state) == []
    assert [incident.id for incident in state.incidents] == [first.id]


def test_one_that_comes_back_after_its_end_is_another_incident() -> None:
    state = sent(after([(0, [attention()])]))
    (first,) = state.incidents
    state = sent(after([(30, []), (150, [])], state))
    state = after([(180, [attention()])], state)
    assert reported(state) == [(ReportKind.FIRING, "broker-full")]
    assert state.incidents[0].id != first.id


def test_each_source_is_an_incident_of_its_own_and_reported_once_a_silence() -> None:
    both = [attention("source-silent", "wire"), attention("source-silent", "desk")]
    state = after([(0, both)])
    assert sorted(entry.incident.about for entry in state.outbox("hook").changes) == [
        "desk",
        "wire",
    ]
    state = after(standing(30, 3000, *both), sent(state))
    assert reported(state) == []
    state = after(standing(3030, 3300, both[0]), state)
    assert [(e.change, e.incident.about) for e in state.outbox("hook").changes] == [
        (ReportKind.RESOLVED, "desk")
    ]


def test_nothing_ends_while_broker_or_store_can_not_be_read_but_that_does() -> None:
    state = sent(after([(0, [attention(), attention("unreachable", "store")])]))
    for second in range(30, 600, 30):
        state = after([(second, [attention("unreachable", "store")])], state, blind=True)
    assert reported(state) == []
    state = after(standing(600, 720, attention()), state)
    assert reported(state) == [(ReportKind.RESOLVED, "unreachable")]


def test_time_in_which_nobody_judged_counts_for_nothing() -> None:
    state = after([(0, [attention("no-workers")]), (30, [attention("no-workers")])])
    state = after([(4000, [attention("no-workers")])], state)
    assert reported(state) == []
    assert reported(after(standing(4030, 4300, attention("no-workers")), state))


def test_the_beginning_is_what_the_system_knows_and_never_in_the_future() -> None:
    state = after([(0, [attention(since=at(-900)), attention("x", since=at(5))])])
    assert [incident.since for incident in state.incidents] == [at(-900), at(0)]


def test_times_after_now_become_now() -> None:
    state = after([(900, [attention()]), (930, [attention()])])
    state = replace(state, outboxes={"hook": replace(state.outbox("hook"), next_at=at(960))})
    earlier = without_future(state, at(0))
    [incident] = earlier.incidents
    assert {earlier.at, incident.began, incident.seen, incident.since} == {at(0)}
    assert {incident.fired, incident.reported, earlier.outbox("hook").next_at} == {at(0)}
    assert [(x.at, x.incident) for x in earlier.outbox("hook").changes] == [(at(0), incident)]
    assert without_future(state, at(960)) == state


def test_reports_of_the_same_minute_are_sent_together() -> None:
    state = after([(0, [attention("a")]), (30, [attention("a"), attention("b")])])
    assert list(due_targets(state, at(59), RULES)) == []
    assert list(due_targets(state, at(60), RULES)) == ["hook"]
    assert len(state.outbox("hook").changes) == 2


def test_a_target_that_failed_is_tried_when_its_pause_is_over() -> None:
    state = after([(0, [attention()])])
    outbox = replace(state.outbox("hook"), attempts=1, next_at=at(500))
    state = replace(state, outboxes={"hook": outbox})
    assert list(due_targets(state, at(499), RULES)) == []
    assert list(due_targets(state, at(500), RULES)) == ["hook"]


def test_an_outbox_has_each_incident_once_with_its_last_change() -> None:
    state = after([(0, [attention()]), *standing(30, 3600, attention())])
    assert reported(state) == [(ReportKind.FIRING, "broker-full")]  # not sent, so it is still new
    state = after([(3630, []), (3800, [])], state)
    assert reported(state) == [(ReportKind.RESOLVED, "broker-full")]


def test_an_outbox_does_not_grow_without_end() -> None:
    many = [attention("source-silent", f"s{n}") for n in range(MAX_CHANGES + 7)]
    outbox = after([(0, many)]).outbox("hook")
    assert (len(outbox.changes), outbox.left_out) == (MAX_CHANGES, 7)
    assert outbox.changes[-1].incident.about == f"s{MAX_CHANGES + 6}"


def test_a_target_that_is_no_longer_set_is_forgotten_and_a_new_one_begins_empty() -> None:
    state = advance(after([(0, [attention()])]), [attention()], at(30), RULES, targets=["mail"])
    assert state.outboxes == {"mail": Outbox()}


def test_what_a_worker_found_alone_is_added_to_what_all_know() -> None:
    shared = sent(after([(0, [attention()])]))
    alone = after(standing(30, 150, attention("unreachable", "broker")))
    state = merged(shared, alone)
    assert {incident.name for incident in state.incidents} == {"broker-full", "unreachable"}
    assert reported(state) == [(ReportKind.FIRING, "unreachable")]
    assert merged(state, alone) == state


@pytest.mark.parametrize("text", ["", "{", "[]", '{"incidents": 5}', '"x"', "\x00"])
def test_a_state_that_can_not_be_read_is_an_empty_one(text: str) -> None:
    assert decoded(text) == AlertState()


def test_a_state_of_a_later_version_can_be_read() -> None:
    text = encoded_state(after([(0, [attention()])]))
    assert decoded(text.replace('{"at"', '{"new": 1, "at"', 1)).incidents


NAMES = st.sampled_from(["no-workers", "broker-full", "unreachable"])


@given(st.lists(st.tuples(st.sets(NAMES), st.booleans(), st.booleans()), max_size=40))
def test_reports_of_an_incident_begin_with_firing_and_end_with_resolved(
    turns: list[tuple[set[str], bool, bool]],
) -> None:
    state, seen = AlertState(), dict[str, list[ReportKind]]()
    for number, (names, blind, sends) in enumerate(turns):
        found = [attention(name) for name in sorted(names)]
        state = after([(60 * number, found)], decoded(encoded_state(state)), blind=blind)
        if sends:
            for entry in state.outbox("hook").changes:
                seen.setdefault(entry.incident.id, []).append(entry.change)
            state = sent(state)
    keys = [incident.key for incident in state.incidents]
    assert len(keys) == len(set(keys))
    for changes in seen.values():
        assert changes.count(ReportKind.FIRING) <= 1
        assert changes.count(ReportKind.RESOLVED) <= 1
        assert ReportKind.RESOLVED not in changes[:-1]
        assert ReportKind.FIRING not in changes[1:]


def test_a_change_of_an_incident_that_is_unknown_to_an_outbox_is_kept() -> None:
    (incident,) = after([(0, [attention()])]).incidents
    change = IncidentChange(incident=incident, change=ReportKind.REPEATED, at=at(0))
    assert with_changes(Outbox(), [change]).changes == (change,)
