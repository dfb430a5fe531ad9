import json
import subprocess
import sys

import pytest

from tests.clean.hostile import CPU_S, HOSTILE

PARTS = 2
PEAK_MB = 300


def test_there_are_enough_kinds_of_hostile_pages() -> None:
    assert len(HOSTILE) >= 40


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.processes
def test_no_page_takes_long_or_much_memory(part: int) -> None:
    command = [sys.executable, "-m", "tests.clean.hostile", str(part), str(PARTS)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    report = json.loads(done.stdout)
    slow = {name: result for name, result in report["results"].items() if result["cpu_s"] > CPU_S}
    assert not slow
    assert report["peak_mb"] < PEAK_MB
