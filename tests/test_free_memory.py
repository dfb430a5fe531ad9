"""After large batches, pool processes give memory back to the system."""

import pytest

from worker.runtime import free_memory
from worker.runtime.free_memory import give_back_memory


def test_memory_is_given_back_after_large_batches_and_not_all_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given, now = [], [100.0]
    monkeypatch.setattr(free_memory, "_malloc_trim", lambda: given.append)
    monkeypatch.setattr(free_memory, "monotonic", lambda: now[0])
    monkeypatch.setattr(free_memory, "_last", 0.0)
    give_back_memory(99_999)
    assert given == []
    give_back_memory(100_000)
    give_back_memory(500_000)  # at once
    assert given == [0]
    now[0] += 0.5
    give_back_memory(500_000)
    assert given == [0, 0]


def test_a_c_library_that_can_not_give_memory_back_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(free_memory, "_malloc_trim", lambda: None)
    give_back_memory(10**9)
