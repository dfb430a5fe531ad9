"""How long a push waits for replicas, what it keeps in memory, and what it says about that."""

import logging
from typing import Any

import pytest

from worker.broker.push_confirmation import (
    BRIEF_S,
    KEPT_BYTES,
    KEPT_MESSAGES,
    LIMIT_S,
    REPLICAS_FOR_S,
    WARN_EVERY_S,
    Push,
    PushConfirmation,
    replicas_to_wait_for,
)

HEALTHY: dict[str, Any] = {"is_sdown": False, "is_odown": False, "slave-priority": 100}
DEAD = HEALTHY | {"is_sdown": True}
NEVER_PRIMARY = HEALTHY | {"slave-priority": 0}


@pytest.mark.parametrize(
    ("states", "count"),
    [
        ([HEALTHY, HEALTHY], 2),
        ([HEALTHY, DEAD], 1),
        ([HEALTHY, NEVER_PRIMARY], 1),
        ([HEALTHY | {"is_odown": True}, HEALTHY, HEALTHY], 2),
        ([DEAD], 1),
        ([], 1),
        ([{}], 1),
    ],
)
def test_every_replica_that_may_become_the_primary_must_have_the_message(
    states: list[dict[str, Any]], count: int
) -> None:
    assert replicas_to_wait_for(states) == count


def push(number: int = 0, size: int = 1) -> Push:
    return Push(("articles", "articles.journal"), ("m" * size, str(number), "[]"))


def keep(confirmation: PushConfirmation, pushed: Push, now: float) -> None:
    confirmation.keep(pushed, acks=1, needed=2, history="a", now=now)


def test_after_a_wait_in_vain_the_next_are_brief_and_one_in_30_s_is_full() -> None:
    confirmation = PushConfirmation()
    assert confirmation.limit_s(0) == LIMIT_S
    keep(confirmation, push(), 0)
    assert confirmation.limit_s(1) == BRIEF_S
    keep(confirmation, push(), 1)
    assert confirmation.limit_s(WARN_EVERY_S) == LIMIT_S
    keep(confirmation, push(), WARN_EVERY_S)
    assert confirmation.limit_s(WARN_EVERY_S + 1) == BRIEF_S
    confirmation.confirm()
    assert confirmation.limit_s(WARN_EVERY_S + 2) == LIMIT_S


def test_unconfirmed_pushes_are_counted_and_warned_of_once_in_30_s(
    caplog: pytest.LogCaptureFixture,
) -> None:
    confirmation = PushConfirmation()
    with caplog.at_level(logging.WARNING):
        for second in range(61):
            keep(confirmation, push(second), float(second))
            if second % 7 == 0:
                confirmation.confirm()  # that another one was confirmed is no reason to say more
    assert confirmation.total == 61
    assert [record.args[2] for record in caplog.records] == [1, 31, 61]  # type: ignore[index]
    assert "Producer(journal=…)" in caplog.text


def test_kept_pushes_are_forgotten_when_a_later_one_is_confirmed() -> None:
    confirmation = PushConfirmation()
    for number in range(3):
        keep(confirmation, push(number), 0)
    assert [kept.arguments[1] for kept in confirmation.kept] == ["0", "1", "2"]
    confirmation.confirm()
    assert confirmation.kept == ()


def test_memory_for_kept_pushes_has_a_limit_in_messages_and_in_bytes() -> None:
    confirmation = PushConfirmation()
    for number in range(KEPT_MESSAGES + 5):
        keep(confirmation, push(number), 0)
    assert len(confirmation.kept) == KEPT_MESSAGES
    assert confirmation.kept[0].arguments[1] == "5"
    for number in range(5):
        keep(confirmation, push(number, KEPT_BYTES // 4), 0)
    assert sum(kept.size for kept in confirmation.kept) <= KEPT_BYTES
    assert confirmation.kept[-1].arguments[1] == "4"


def test_the_number_of_replicas_is_asked_for_again_after_a_while() -> None:
    confirmation = PushConfirmation()
    assert confirmation.replicas(0) is None
    assert confirmation.set_replicas(2, 0) == 2
    assert confirmation.replicas(REPLICAS_FOR_S - 1) == 2
    assert confirmation.replicas(REPLICAS_FOR_S) is None
    # No Sentinel answers: the number from before counts.
    assert confirmation.set_replicas(None, REPLICAS_FOR_S) == 2
