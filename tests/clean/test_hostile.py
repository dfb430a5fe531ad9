import json
import subprocess
import sys

import pytest

from tests.clean.hostile import CPU_S, HOSTILE

PEAK_MB = 300


def test_there_are_enough_kinds_of_hostile_pages() -> None:
    assert len(HOSTILE) >= 40


@pytest.mark.parametrize(
    ("part", "parts", "shrink"),
    [
        pytest.param(0, 1, 4, id="pages of 256 KB"),
        pytest.param(0, 2, 1, id="the first half, 1 MB", marks=pytest.mark.long),
        pytest.param(1, 2, 1, id="the second half, 1 MB", marks=pytest.mark.long),
    ],
)
@pytest.mark.processes
def test_no_page_takes_long_or_much_memory(part: int, parts: int, shrink: int) -> None:
    command = [sys.executable, "-m", "tests.clean.hostile", str(part), str(parts), str(shrink)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    report = json.loads(done.stdout)
    slow = {name: result for name, result in report["results"].items() if result["cpu_s"] > CPU_S}
    assert not slow
    assert report["peak_mb"] < PEAK_MB
