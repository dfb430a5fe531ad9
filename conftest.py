"""What must hold before the tests import anything.

The suite starts hundreds of Python processes. Where the environment says that no bytecode is to be
written, each of them would compile all that it imports, which more than doubles its time: here
they share a folder for it instead.
"""

import os
import sys
from pathlib import Path

import pytest

if sys.dont_write_bytecode:
    sys.dont_write_bytecode = False
    sys.pycache_prefix = str(Path(__file__).parent / ".pytest_cache" / "bytecode")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """`-n auto`: twice as many as processors, because most tests wait for servers half the time."""
    cores = os.cpu_count() or 1
    return cores if config.option.numprocesses == "logical" else min(2 * cores, 8)
