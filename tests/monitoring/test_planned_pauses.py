"""On the days of a planned pause no source is silent, and afterwards these days do not count."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.support.deliveries import Deliveries
from worker.config.monitoring_rules import load_monitoring_rules
from worker.config.planned_pauses import PlannedPause
from worker.errors import BadConfig
from worker.monitoring.source_health import SourceHealth, SourceState, count_states
from worker.monitoring.source_reading import read_source_health
from worker.store.hourly_values import hour_of

FRIDAY = datetime(2026, 11, 27, 20, tzinfo=UTC)
MONDAY = datetime(2026, 11, 30, 12, tzinfo=UTC)
WEEKEND: dict[str, Any] = {"sources": ("wire",), "weekdays": ("sat", "sun")}


@pytest.fixture
def deliveries() -> Deliveries:
    """A source that brings articles each day from 8 to 20 h, until a Friday evening."""
    last = hour_of(FRIDAY)
    found = Deliveries()
    found.add("wire", [h for h in range(last - 28 * 24, last) if h % 24 in range(8, 20)])
    return found


def judged(deliveries: Deliveries, now: datetime, *plans: dict[str, Any]) -> SourceHealth:
    planned = [PlannedPause(**plan) for plan in plans]
    (health,) = read_source_health(deliveries, now, planned=planned)  # type: ignore[arg-type]
    return health


SATURDAY = MONDAY - timedelta(days=2)


@pytest.mark.parametrize(
    ("now", "plans", "state"),
    [
        (MONDAY, [], SourceState.SILENT),
        (MONDAY, [WEEKEND], SourceState.OK),  # but for Monday morning
        (MONDAY + timedelta(days=2), [WEEKEND], SourceState.SILENT),  # it did not come back
        (MONDAY, [WEEKEND | {"sources": ("desk",)}], SourceState.SILENT),
        (MONDAY, [WEEKEND | {"sources": ("*",)}], SourceState.OK),
        (MONDAY, [WEEKEND | {"last": date(2026, 11, 20)}], SourceState.SILENT),  # it is over
        (MONDAY, [WEEKEND | {"first": date(2026, 12, 1)}], SourceState.SILENT),  # not begun
        (SATURDAY + timedelta(hours=11), [], SourceState.SILENT),
        (SATURDAY, [WEEKEND], SourceState.PAUSED),
        (
            MONDAY,
            [{"sources": ("wire",), "first": date(2026, 11, 28), "last": date(2026, 11, 30)}],
            SourceState.PAUSED,
        ),
        (MONDAY, [{"sources": ("wire",), "last": date(2026, 11, 29)}], SourceState.OK),
    ],
)
def test_a_planned_pause_is_no_silence(
    deliveries: Deliveries, now: datetime, plans: list[dict[str, Any]], state: SourceState
) -> None:
    health = judged(deliveries, now, *plans)
    assert health.state is state
    assert (health.planned_until is not None) == (state is SourceState.PAUSED)
    assert health.needs_attention == (state is SourceState.SILENT)
    assert getattr(count_states([health]), state.value) == 1


def test_its_begin_and_end_are_those_of_the_days_in_the_time_zone(deliveries: Deliveries) -> None:
    health = judged(deliveries, SATURDAY, WEEKEND | {"zone": "Europe/Berlin"})
    assert health.since == datetime(2026, 11, 27, 23, tzinfo=UTC)
    assert health.planned_until == datetime(2026, 11, 29, 23, tzinfo=UTC)
    far_west = judged(deliveries, MONDAY - timedelta(hours=10), WEEKEND | {"zone": "Etc/GMT+12"})
    assert far_west.state is SourceState.PAUSED  # there it is still Sunday


def test_two_pauses_that_meet_are_one(deliveries: Deliveries) -> None:
    holiday = {"sources": ("*",), "first": date(2026, 11, 30), "last": date(2026, 12, 1)}
    health = judged(deliveries, SATURDAY, WEEKEND, holiday)
    assert health.planned_until == datetime(2026, 12, 2, tzinfo=UTC)


def test_the_time_when_something_is_due_passes_over_a_pause_to_come(
    deliveries: Deliveries,
) -> None:
    without, with_it = (judged(deliveries, FRIDAY, *plans).due for plans in ([], [WEEKEND]))
    assert without
    assert with_it
    assert without < datetime(2026, 11, 29, tzinfo=UTC)
    assert with_it > MONDAY - timedelta(hours=12)


@pytest.mark.parametrize(
    ("plan", "problem"),
    [
        ('{sources = [], weekdays = ["sat"]}', "sources"),
        ('{sources = ["a"]}', "name weekdays, or the last day"),
        ('{sources = ["a"], first = 2026-12-24}', "name weekdays, or the last day"),
        ('{sources = ["a"], first = 2026-12-24, last = 2026-12-01}', "before the first"),
        ('{sources = ["a"], weekdays = ["caturday"]}', "weekdays"),
        ('{sources = ["a"], weekdays = ["sat"], zone = "Mars/Olympus"}', "no time zone"),
        ('{sources = ["a"], weekday = ["sat"]}', "weekday"),
    ],
)
def test_a_wrong_plan_is_refused(tmp_path: Any, plan: str, problem: str) -> None:
    (tmp_path / "monitoring.toml").write_text(f"[attention]\nplanned_pauses = [{plan}]\n")
    with pytest.raises(BadConfig, match=problem):
        load_monitoring_rules(tmp_path)


def test_the_example_in_the_docs_is_valid(tmp_path: Any) -> None:
    from pathlib import Path

    page = Path(__file__).parents[2] / "docs/sources.md"
    example = page.read_text("utf-8").split("```toml\n")[1].split("```")[0]
    (tmp_path / "monitoring.toml").write_text(example)
    assert len(load_monitoring_rules(tmp_path).attention.planned_pauses) == 2
