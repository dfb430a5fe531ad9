"""/scale drives an autoscaler: workers come with the load, go after it, and lose nothing."""

from itertools import pairwise
from pathlib import Path

import pytest

from devtools.autoscaling.controller import ControllerRules
from devtools.autoscaling.simulation import Wave, simulate
from tests.store.stored import rows

pytestmark = [pytest.mark.long, pytest.mark.processes]


def test_workers_follow_the_load_from_one_to_six_and_back_and_lose_nothing(
    tmp_path: Path, valkey_url: str, postgres_store_url: str
) -> None:
    waves = [Wave(0, 2), Wave(10, 100)]
    done = simulate(tmp_path, valkey_url, postgres_store_url, waves, ControllerRules())
    numbers = [point.running for point in done.trace]
    assert (numbers[0], max(numbers), numbers[-1]) == (1, 6, 1)
    assert done.outcomes == len(done.receipts) == len(set(done.receipts))
    assert len(rows(postgres_store_url, "receipts")) == len(done.receipts)
    assert set(done.exit_codes) == {0}
    assert len(done.exit_codes) >= 5
    # Nobody was sent away while there was work for more.
    assert [
        (before, after)
        for before, after in pairwise(done.trace)
        if after.running < before.running and (before.wanted or 0) > before.running
    ] == []
    assert done.busy_share > 0.5
    assert all(point.wanted for point in done.trace if point.waiting or point.leased)
