"""A source is silent if its rhythm does not explain that nothing comes, and we are not at fault."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.deliveries import Deliveries
from worker.monitoring.learned_sources import LearnedSources
from worker.monitoring.source_health import (
    SilenceCause,
    SourceHealth,
    SourceState,
    count_states,
    nothing_arrives,
    worst_first,
)
from worker.monitoring.source_reading import (
    LearnedSourceCache,
    read_learned_sources,
    read_source_health,
)
from worker.monitoring.status_values import SourceNumbers
from worker.store.hourly_values import hour_of, hour_start

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)  # a Monday
NOW_H = hour_of(NOW)
DAY, WEEK = 24, 168
HOUR = timedelta(hours=1)


def day_hours(*, until: int, since: int = 28 * DAY, at: range = range(8, 20)) -> list[int]:
    """The hours of the day from `since` hours ago up to `until` hours ago."""
    return [h for h in range(NOW_H - since, NOW_H - until) if h % 24 in at]


def one(deliveries: Deliveries, name: str = "wire", **options: object) -> SourceHealth:
    return {s.name: s for s in read_source_health(deliveries, NOW, **options)}[name]


def wire(hours: list[int], outcome: str = "new") -> Deliveries:
    deliveries = Deliveries()
    deliveries.add("wire", hours, outcome)
    return deliveries


def test_a_source_that_keeps_its_rhythm_is_ok() -> None:
    health = one(wire(day_hours(until=0)))
    assert (health.state, health.since, health.cause) == (SourceState.OK, None, None)
    assert health.last_polled == hour_start(NOW_H - 1) + HOUR / 2
    assert health.last_new == hour_start(NOW_H - 1)  # only its hour is known
    assert health.due is not None
    assert NOW + 6 * HOUR < health.due < NOW + 48 * HOUR
    assert 11 < health.per_day < 13


def test_a_source_that_stops_is_silent_from_the_time_when_it_was_due() -> None:
    still_ok = one(wire(day_hours(until=16)))  # the night and a morning
    assert still_ok.state is SourceState.OK
    silent = one(wire(day_hours(until=3 * DAY)))
    assert silent.state is SourceState.SILENT
    assert silent.cause is SilenceCause.NOTHING_DELIVERED
    assert silent.since == silent.due
    assert silent.due is not None
    assert silent.due < NOW


def test_a_source_stays_silent_for_as_long_as_it_sends_nothing() -> None:
    # Longer than the weeks that are learned from.
    hours = [h - 100 * DAY for h in day_hours(until=0)]
    assert one(wire(hours)).state is SourceState.SILENT


def test_a_source_that_stays_away_keeps_its_rhythm() -> None:
    rates = []
    for days in (3, 30):
        rhythm = one(wire(day_hours(until=days * DAY, since=60 * DAY))).rhythm
        assert rhythm is not None
        rates.append((sum(rhythm.expected), rhythm.limit))
    assert rates[0] == pytest.approx((12 * 7, rates[1][1]), rel=0.05)
    assert rates[1] == pytest.approx(rates[0], rel=0.05)


def test_the_windows_before_a_source_was_known_are_not_compared() -> None:
    known_for = read_learned_sources(wire(day_hours(until=0, since=20 * DAY)), NOW)
    assert len(known_for.sources["wire"].before) == 4  # of 72 hours, and two windows between


def test_the_next_article_ends_the_silence() -> None:
    hours = day_hours(until=5 * DAY, since=60 * DAY)
    assert one(wire(hours)).state is SourceState.SILENT
    assert one(wire([*hours, NOW_H - 1])).state is SourceState.OK


@pytest.mark.parametrize(
    ("hours", "why"),
    [
        (day_hours(until=2 * DAY, since=13 * DAY), "under 14 days"),
        (day_hours(until=DAY, since=28 * DAY)[::20], "under 20 articles"),
        ([NOW_H - 60 * DAY + n for n in range(2)] * 40, "all at once"),
        ([], "never anything new"),
    ],
)
def test_a_source_that_delivered_too_little_is_new_and_never_silent(
    hours: list[int], why: str
) -> None:
    deliveries = wire(hours)
    deliveries.add("wire", [NOW_H - 10], "dead")
    for later in (0, 2, 30):
        health = read_source_health(
            deliveries, NOW + timedelta(days=later) * (why != "under 14 days")
        )
        assert [s.state for s in health] == [SourceState.NEW], why


def test_the_first_poll_of_a_feed_is_no_rhythm() -> None:
    deliveries = wire(day_hours(until=2, at=range(9, 10)))
    deliveries.add("wire", [min(day_hours(until=2, at=range(9, 10))) - 1], articles=500)
    assert one(deliveries).state is SourceState.OK


def test_a_frozen_feed_is_told_from_a_dead_poller() -> None:
    polled = range(NOW_H - 28 * DAY, NOW_H)
    frozen = wire(day_hours(until=4 * DAY))
    frozen.add("wire", polled, "unchanged", 30)
    health = one(frozen)
    assert (health.state, health.cause) == (SourceState.SILENT, SilenceCause.FEED_FROZEN)
    assert health.last_new is not None
    assert health.last_polled - health.last_new > timedelta(days=3)

    slow = day_hours(until=DAY, at=range(8, 9))
    unpolled = wire(slow)
    unpolled.add("wire", range(NOW_H - 28 * DAY, NOW_H - DAY), "unchanged", 30)
    health = one(unpolled)
    assert (health.state, health.cause) == (SourceState.SILENT, SilenceCause.POLLER_DEAD)
    # The clock of the polls tells it sooner than that of the new articles would.
    pushed = one(wire(slow))
    assert pushed.state is SourceState.OK
    assert health.due is not None
    assert pushed.due is not None
    assert health.due < pushed.due


def test_an_old_article_that_came_again_does_not_show_that_a_source_is_polled() -> None:
    hours = day_hours(until=4 * DAY)
    deliveries = wire(hours)
    deliveries.add("wire", [max(hours) + 2], "unchanged")
    assert one(deliveries).cause is SilenceCause.NOTHING_DELIVERED


def test_a_slow_feed_that_is_polled_is_not_silent_between_its_articles() -> None:
    slow = wire([NOW_H - day * DAY for day in range(2, 35)])
    slow.add("wire", range(NOW_H - 35 * DAY, NOW_H), "unchanged", 10)
    assert one(slow).state is SourceState.OK


def test_a_source_of_which_nothing_can_be_processed_is_silent_for_another_cause() -> None:
    failing = wire(day_hours(until=4 * DAY))
    failing.add("wire", day_hours(until=0, since=4 * DAY), "dead")
    assert one(failing).cause is SilenceCause.ALL_DEAD
    assert "dead" in {drift.what for drift in one(failing).drift}


def test_the_clock_stands_still_while_our_own_queue_is_behind() -> None:
    deliveries = wire(day_hours(until=3 * DAY))
    assert one(deliveries).state is SourceState.SILENT
    assert one(deliveries, oldest_waiting_s=60.0).state is SourceState.SILENT
    assert one(deliveries, oldest_waiting_s=3 * DAY * 3600.0).state is SourceState.OK
    assert one(deliveries, oldest_waiting_s=None).state is SourceState.OK  # nobody knows
    deliveries.add("other", [NOW_H])
    assert one(deliveries, oldest_waiting_s=None).state is SourceState.SILENT


def test_an_outage_of_our_own_is_no_silence_of_the_sources() -> None:
    deliveries = Deliveries()
    outage = range(NOW_H - 60, NOW_H - 2)
    for number in range(6):
        hours = [h for h in day_hours(until=0, at=range(24)) if h not in outage]
        deliveries.add(f"source {number}", hours[number % 2 :: 2])
    # Of this one nothing has come since the outage, which ended two hours ago.
    deliveries.add("slow", day_hours(until=60, at=range(10, 14)))
    states = {s.name: s.state for s in read_source_health(deliveries, NOW)}
    assert set(states.values()) == {SourceState.OK}
    learned = read_learned_sources(deliveries, NOW)
    assert learned.outages == set(outage)


@pytest.mark.parametrize(("sources", "noticed"), [(12, True), (4, False)])
def test_a_short_outage_is_noticed_where_many_sources_deliver_in_every_hour(
    sources: int, noticed: bool
) -> None:
    deliveries = Deliveries()
    outage = range(NOW_H - 60, NOW_H - 57)
    for number in range(sources):
        hours = [h for h in range(NOW_H - 28 * DAY, NOW_H) if h not in outage]
        deliveries.add(f"source {number}", hours)
    assert read_learned_sources(deliveries, NOW).outages == (set(outage) if noticed else set())


def test_when_one_source_of_two_stops_it_is_no_outage() -> None:
    deliveries = wire(day_hours(until=3 * DAY))
    deliveries.add("other", day_hours(until=0)[:-40])
    assert read_learned_sources(deliveries, NOW).outages == frozenset()


def many(silent: int, fine: int, days: int = 3) -> Deliveries:
    deliveries = Deliveries()
    for number in range(silent + fine):
        hours = day_hours(until=days * DAY if number < silent else 0, since=40 * DAY)
        deliveries.add(f"source {number:02}", hours)
    return deliveries


@pytest.mark.parametrize(
    ("silent", "fine", "told"),
    [(4, 9, True), (3, 7, False), (13, 0, True), (2, 1, False), (0, 5, False), (0, 0, False)],
)
def test_nothing_arrives_when_more_than_30_percent_are_silent_at_once(
    silent: int, fine: int, told: bool
) -> None:
    health = read_source_health(many(silent, fine), NOW)
    since = nothing_arrives(health, 0.3)
    assert (since is not None) == told
    assert count_states(health) == SourceNumbers(ok=fine, silent=silent)
    if since:
        assert since == min(s.since for s in health if s.since)


def test_sources_that_were_given_up_long_ago_do_not_say_that_nothing_arrives() -> None:
    assert nothing_arrives(read_source_health(many(9, 9, days=20), NOW), 0.3) is None
    # But when nothing at all has come for weeks, it is still not the sources.
    assert nothing_arrives(read_source_health(many(18, 0, days=20), NOW), 0.3) is not None


def test_snoozed_and_paused_sources_need_no_attention() -> None:
    deliveries = many(4, 6)
    deliveries.snoozes = {"source 00": NOW + HOUR, "source 01": NOW}
    paused: Mapping[str, datetime | None] = {"source 02": NOW - HOUR}
    health = read_source_health(deliveries, NOW, paused=paused)
    states = [(s.state, s.snoozed_until, s.needs_attention) for s in health[:4]]
    assert states == [
        (SourceState.SILENT, NOW + HOUR, False),
        (SourceState.SILENT, None, True),  # the snooze is over
        (SourceState.PAUSED, None, False),
        (SourceState.SILENT, None, True),
    ]
    assert health[2].since == NOW - HOUR
    assert nothing_arrives(health, 0.3) is None  # 2 of 8 count
    assert [s.name for s in worst_first(health)][:3] == ["source 01", "source 03", "source 00"]
    assert worst_first(health)[-1].name == "source 02"


def test_the_largest_silent_source_comes_first_and_healthy_ones_by_when_they_are_due() -> None:
    deliveries = many(2, 2)
    deliveries.add("big", day_hours(until=3 * DAY), articles=50)
    deliveries.add("young", day_hours(until=0, since=3 * DAY))
    names = [s.name for s in worst_first(read_source_health(deliveries, NOW))]
    assert names == ["big", "source 00", "source 01", "source 02", "source 03", "young"]


def test_deliveries_of_nothing_new_leave_the_time_of_the_last_new_article_alone() -> None:
    for outcome in ("dead", "unchanged", "withdrawn"):
        deliveries = wire([NOW_H - 1])
        before = one(deliveries)
        deliveries.add("wire", [NOW_H - 1, NOW_H], outcome)
        after = one(deliveries)
        assert after.last_polled > before.last_polled
        assert after.last_new == before.last_new == hour_start(NOW_H - 1)
    assert one(wire([NOW_H], "dead")).last_new is None


def test_sources_that_cannot_be_judged_are_sorted_by_dead_letters_and_then_by_silence() -> None:
    deliveries = Deliveries()
    for name, hours, dead in (("a", 1, 0), ("b", 9, 0), ("c", 1, 1), ("d", 1, 5), ("e", 9, 1)):
        deliveries.add(name, [NOW_H - hours])
        if dead:
            deliveries.add(name, [NOW_H - 1], "dead", dead)
    deliveries.add("f", [NOW_H - 1], "dead")
    deliveries.add("g", [NOW_H - 200], "dead", 9)  # too long ago, but nothing new ever came
    health = read_source_health(deliveries, NOW)
    assert {source.state for source in health} == {SourceState.NEW}
    assert "".join(source.name for source in worst_first(health)) == "fdecgba"


def test_what_was_learned_is_kept_for_an_hour() -> None:
    deliveries = many(1, 3)
    cache = LearnedSourceCache(deliveries)
    learned: LearnedSources = cache.get(NOW)
    assert cache.get(NOW + timedelta(minutes=59)) is learned
    assert read_source_health(deliveries, NOW, learned=learned) == read_source_health(
        deliveries, NOW
    )
    again = cache.get(NOW + HOUR)
    assert again is not learned
    assert cache.get(NOW) is not again  # the clock was set back
    deliveries.add("unknown", [NOW_H])
    assert one(deliveries, "unknown", learned=learned).state is SourceState.NEW


@given(st.lists(st.integers(1, 40 * DAY), max_size=80, unique=True), st.integers(-12, 14))
def test_whatever_came_and_in_whatever_zone_we_look_the_state_makes_sense(
    ages: list[int], zone: int
) -> None:
    deliveries = wire([NOW_H - age for age in ages])
    deliveries.add("wire", [NOW_H - max(ages, default=5)], "unchanged")
    local = NOW.astimezone(timezone(timedelta(hours=zone)))
    (health,) = read_source_health(deliveries, NOW)
    assert read_source_health(deliveries, local) == [health]
    if max(ages, default=0) < 14 * DAY or len(ages) < 20:
        assert health.state is SourceState.NEW
    if health.state is SourceState.SILENT:
        assert health.since is not None
        assert health.since <= NOW
        (later,) = read_source_health(deliveries, NOW + 100 * HOUR)
        assert later.state is SourceState.SILENT
    if health.state is SourceState.OK:
        assert health.due is not None
        assert health.due > NOW
