"""How many workers are wanted: tables of states, with what an autoscaler must not be told."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.monitoring.states import broker_state, worker
from worker.broker.recent_work import RecentWork
from worker.config.monitoring_rules import ScaleRules, load_monitoring_rules
from worker.monitoring.scale import OpenWork, scale_of, unknown_scale

RULES = ScaleRules()
IDLE = OpenWork()


@pytest.mark.parametrize(
    ("waiting", "leased", "recent", "drain_s", "replicas"),
    [
        (0, 0, RecentWork(), 0.0, 0),
        (1, 0, RecentWork(), 0.125, 1),  # 0.5 s a message, 4 processes
        (0, 1, RecentWork(), 0.125, 1),
        (960, 0, RecentWork(), 120.0, 1),
        (961, 0, RecentWork(), 120.125, 2),
        (900, 61, RecentWork(), 120.125, 2),
        (960, 0, RecentWork(messages=10, busy_s=50.0), 1200.0, 10),
        (960, 0, RecentWork(messages=1000, busy_s=5.0), 1.2, 1),
        (960, 0, RecentWork(messages=10, busy_s=0.0), 120.0, 1),  # not measured
    ],
)
def test_the_queues_drain_in_the_wanted_time(
    waiting: int, leased: int, recent: RecentWork, drain_s: float, replicas: int
) -> None:
    found = scale_of(broker_state(waiting, leased=leased, recent=recent), IDLE, RULES)
    assert (found.drain_s, found.replicas) == (pytest.approx(drain_s), replicas)


@pytest.mark.parametrize(
    ("changes", "work", "replicas", "reason"),
    [
        ({}, {}, 0, "nothing to do"),
        ({"journal": 1}, {}, 1, "receipts in the journal"),
        ({"undeliverable": 1}, {}, 1, "undeliverable messages"),
        ({}, {"held": 1}, 1, "held articles"),
        ({}, {"lacks_originals": True}, 1, "copies without their original"),
        ({}, {"store_answers": False}, 1, "the store does not answer"),
        ({"workers": ()}, {"store_answers": False}, 1, "the store does not answer"),
        ({"workers": tuple(map(worker, range(3)))}, {"store_answers": False}, 3,
         "the store does not answer"),
    ],
)  # fmt: skip
def test_one_worker_runs_while_anything_is_left_to_do(
    changes: dict[str, Any], work: dict[str, Any], replicas: int, reason: str
) -> None:
    found = scale_of(broker_state(**changes), OpenWork(**work), RULES)
    assert (found.replicas, found.reason) == (replicas, reason)


def test_more_workers_are_not_asked_for_while_the_store_is_away() -> None:
    state = broker_state(100_000, workers=(worker(), worker(2)))
    assert scale_of(state, IDLE, RULES).replicas > 100
    assert scale_of(state, OpenWork(store_answers=False), RULES).replicas == 2


def test_messages_of_a_paused_lane_ask_for_no_workers() -> None:
    state = broker_state(100_000, 10)
    live, *others = state.lanes
    paused = replace(state, lanes=(replace(live, paused=True), *others))
    found = scale_of(paused, IDLE, RULES)
    assert (found.replicas, found.drain_s) == (1, 1.25)
    empty = broker_state(100_000)
    paused = replace(empty, lanes=(replace(empty.lanes[0], paused=True), *empty.lanes[1:]))
    found = scale_of(paused, IDLE, RULES)
    assert (found.replicas, found.reason) == (1, "messages on a paused lane")


def test_without_workers_the_drain_time_is_unknown_and_the_config_says_their_size() -> None:
    nobody = broker_state(960, workers=())
    assert scale_of(nobody, IDLE, RULES).drain_s is None
    assert scale_of(nobody, IDLE, RULES).replicas == 4  # of one process each
    assert scale_of(nobody, IDLE, ScaleRules(worker_processes=4)).replicas == 1
    starting = broker_state(960, workers=(worker(processes=0),))
    assert scale_of(starting, IDLE, RULES).drain_s is None
    assert scale_of(starting, IDLE, RULES).replicas == 4


def test_workers_of_two_sizes_count_as_their_average() -> None:
    state = broker_state(960, workers=(worker(processes=2), worker(2, processes=6)))
    assert scale_of(state, IDLE, RULES).replicas == 1
    assert scale_of(state, IDLE, RULES).drain_s == 60.0


def test_a_broker_that_does_not_answer_is_no_order_to_stop() -> None:
    assert unknown_scale(RULES).replicas == 1
    assert unknown_scale(RULES).drain_s is None


def test_the_file_and_the_class_agree() -> None:
    assert load_monitoring_rules().scale == RULES


@given(
    waiting=st.integers(0, 10**6), leased=st.integers(0, 1000), messages=st.integers(0, 10**6),
    busy_s=st.floats(0, 1e6), processes=st.integers(0, 64),
)  # fmt: skip
def test_the_wanted_workers_drain_in_time_and_one_fewer_would_not(
    waiting: int, leased: int, messages: int, busy_s: float, processes: int
) -> None:
    state = broker_state(
        waiting,
        leased=leased,
        recent=RecentWork(messages=messages, busy_s=busy_s),
        workers=(worker(processes=processes),),
    )
    found = scale_of(state, IDLE, RULES)
    assert (found.replicas >= 1) is (waiting + leased > 0)
    work_s = (waiting + leased) * found.busy_s_per_message
    per_worker_s = (processes or 1) * RULES.target_drain_s
    assert work_s <= found.replicas * per_worker_s * 1.000001
    assert found.replicas <= 1 or work_s > (found.replicas - 1) * per_worker_s * 0.999999
