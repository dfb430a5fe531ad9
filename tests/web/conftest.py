"""The browser that tests of the console share."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from devtools.browser import NoBrowser, browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def chrome() -> "Iterator[Browser]":
    try:
        with browser() as opened:
            yield opened
    except NoBrowser as e:
        pytest.skip(f"no browser: {e}")
