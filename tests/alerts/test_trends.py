"""A large share of dead letters over hours is found, and few articles prove nothing."""

from datetime import UTC, datetime, timedelta

import pytest

from worker.config.alert_rules import AlertRules
from worker.model.records import OutcomeKind
from worker.monitoring.trends import Sample, sample, trend_attention, with_sample
from worker.store.hourly_values import OutcomeTotals

START = datetime(2026, 11, 30, 8, tzinfo=UTC)
RULES = AlertRules()


def history(*rates: tuple[int, float, float]) -> tuple[Sample, ...]:
    """Samples every 5 minutes: for so many minutes, so many articles a minute, this share dead."""
    samples: tuple[Sample, ...] = (Sample(at=START, ended=1000, dead=10),)
    ended, dead, minute = 1000.0, 10.0, 0
    for minutes, rate, share in rates:
        for _ in range(0, minutes, 5):
            minute, ended, dead = minute + 5, ended + 5 * rate, dead + 5 * rate * share
            at = START + timedelta(minutes=minute)
            samples = with_sample(samples, Sample(at=at, ended=round(ended), dead=round(dead)))
    return samples


@pytest.mark.parametrize(
    ("rates", "found"),
    [
        ([(360, 10, 0.10)], ["dead-slow"]),
        ([(360, 10, 0.05)], []),  # below the share
        ([(360, 10, 0.0), (30, 10, 0.2)], []),  # lately, but not over six hours
        ([(300, 10, 0.2), (60, 10, 0.0)], []),  # over six hours, but it has ended
        ([(360, 0.1, 0.5)], []),  # 18 dead letters are too few
        ([(40, 10, 0.2)], ["dead-slow"]),  # a young history
        ([(600, 10, 0.0), (360, 10, 0.1)], ["dead-slow"]),
        ([], []),
    ],
)
def test_a_share_counts_over_six_hours_and_over_the_last_half_hour(
    rates: list[tuple[int, float, float]], found: list[str]
) -> None:
    samples = history(*rates)
    attention = trend_attention(samples, samples[-1], RULES, standing=10**6)
    assert [item.name for item in attention] == found


@pytest.mark.parametrize(("standing", "found"), [(20, []), (21, ["dead-slow"])])
def test_dead_letters_that_were_dropped_or_mended_do_not_count(
    standing: int, found: list[str]
) -> None:
    samples = history((360, 10, 0.10))
    attention = trend_attention(samples, samples[-1], RULES, standing)
    assert [item.name for item in attention] == found


def test_six_hours_of_samples_are_kept_one_every_five_minutes() -> None:
    samples = history((6000, 1, 0.0))
    assert 72 <= len(samples) <= 75
    soon = Sample(at=samples[-1].at + timedelta(minutes=4), ended=10**6, dead=0)
    assert with_sample(samples, soon) == samples


def test_a_new_store_begins_a_new_history() -> None:
    new = Sample(at=START + timedelta(days=9), ended=3, dead=0)
    assert with_sample(history((60, 10, 0.0)), new) == (new,)


def test_a_sample_counts_all_outcomes_and_the_dead() -> None:
    totals = OutcomeTotals(outcomes={OutcomeKind.NEW: 5, OutcomeKind.DEAD: 2}, dead={"empty": 2})
    assert sample(totals, START) == Sample(at=START, ended=7, dead=2)
