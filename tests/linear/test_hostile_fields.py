"""No field of a raw article or of its page takes more than linear time, whatever fills it."""

import json
import subprocess
import sys

import pytest

from tests.linear.hostile_fields import FIELDS, FILLS

QUICK_S, LONG_S = 0.5, 2.0  # of CPU; 1 is promised, on a machine that does nothing else


def slow(size: int, part: int, parts: int, most_s: float) -> list[str]:
    command = [
        sys.executable,
        "-m",
        "tests.linear.hostile_fields",
        str(size),
        str(part),
        str(parts),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    measured = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(measured) >= len(FIELDS) * len(FILLS) // parts
    return [f"{m['field']}: {m['fill']}: {m['cpu_s']}" for m in measured if m["cpu_s"] > most_s]


@pytest.mark.processes
def test_no_field_of_16_kilobytes_takes_long() -> None:
    assert slow(16_000, 0, 5, QUICK_S) == []


@pytest.mark.long
@pytest.mark.processes
@pytest.mark.parametrize("part", range(4))
def test_no_field_of_500_kilobytes_takes_long(part: int) -> None:
    assert slow(500_000, part, 4, LONG_S) == []
