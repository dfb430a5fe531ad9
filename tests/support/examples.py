"""How many examples a property is tried on: few in `make test`, many in `make test-long`."""

from hypothesis import settings


def examples(times: int) -> int:
    """So many times the examples of the profile in force: see tests/conftest.py."""
    return times * int(settings().max_examples)
