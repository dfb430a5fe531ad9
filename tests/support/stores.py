"""Which stores a test runs on: both, unless what it varies is above the store."""

import pytest

# `make test-long` runs the cases on PostgreSQL as well.
sqlite_first = pytest.mark.parametrize(
    "store_url",
    ["sqlite", pytest.param("postgres", marks=[pytest.mark.processes, pytest.mark.long])],
    indirect=True,
)
