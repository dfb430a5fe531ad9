"""A real browser without a window, Chromium, for tests of pages and for screenshots.

A Chromium that is installed is used, or that of Debian is installed if this process may do so. The
extra `browser` has the library that drives it.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_INSTALL_S = 600


class NoBrowser(Exception):
    """There is no Chromium on this machine, and it can't be installed; the text says why."""


def chromium() -> str:
    """Return the path of Chromium. If there is none, it is installed from Debian's packages.

    Raises NoBrowser if that is impossible.
    """
    if found := _installed():
        return found
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise NoBrowser(f"none of {', '.join(NAMES)} is installed, and only root can install one")
    command = ["apt-get", "install", "-y", "--no-install-recommends", NAMES[0]]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=_INSTALL_S)
    except (subprocess.SubprocessError, OSError) as e:
        raise NoBrowser(f"{' '.join(command)} failed: {e}") from e
    if found := _installed():
        return found
    raise NoBrowser(f"{NAMES[0]} was installed, but is not found")


def _installed() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def browser() -> "Iterator[Browser]":
    """A context with a browser, which is closed at its end.

    Raises NoBrowser if there is no Chromium, or if the extra `browser` is not installed.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as e:
        raise NoBrowser("playwright is not installed: the extra `browser` has it") from e
    path = chromium()
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=list(_FLAGS))
        try:
            yield opened
        finally:
            opened.close()
