"""Write pictures of the console into a folder: `make screenshots`.

The articles in seeds/ are ingested by a worker of its own, in a temporary folder, and the console
shows them in a real browser.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devtools.browser import browser
from devtools.waiting import until

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).parents[1]
# Name of the page, size and colours; few, because a picture has 70 to 160 KB.
PICTURES = (
    ("articles", "wide", "light"),
    ("article", "wide", "light"),
    ("article", "wide", "dark"),
    ("article", "narrow", "light"),
    ("edit", "wide", "light"),
    ("clusters", "wide", "light"),
    ("dead", "wide", "light"),
)
SIZES = {"wide": (1280, 800), "narrow": (390, 844)}


def main() -> None:
    """Write the pictures into the folder that the first argument names."""
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"WORKER_VAR_DIR": folder}
        command = [sys.executable, "-m", "worker"]
        ingest = [*command, "run", "seeds/", "--exclude", "expected.jsonl", "--json"]
        subprocess.run(ingest, env=environment, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        web = [*command, "web", "--port", "0"]
        with _served(web, environment, Path(folder)) as base, browser() as opened:
            _write(opened, base, target)


@contextmanager
def _served(command: list[str], environment: dict[str, str], folder: Path) -> Iterator[str]:
    log = folder / "web.log"
    with log.open("wb") as output:
        server = subprocess.Popen(command, env=environment, cwd=ROOT, stderr=output)

    def address() -> str:
        found = re.search(r"web\.started address=(http://\S+)", log.read_text())
        return found[1] if found else ""

    try:
        until(lambda: bool(address()), log.read_text)
        yield address()
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()


def _write(opened: "Browser", base: str, target: Path) -> None:
    for name, size, scheme in PICTURES:
        width, height = SIZES[size]
        context = opened.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if scheme == "dark" else "light",
            locale="en-GB",
            timezone_id="UTC",
        )
        page = context.new_page()
        page.goto(f"{base}/api/clusters")
        page.goto(base + _paths(page)[name])
        page.screenshot(path=target / f"console-{name}-{size}-{scheme}.png")
        context.close()


def _paths(page: Any) -> dict[str, str]:
    fetch = "path => fetch(path).then(answer => answer.json())"
    first = page.evaluate(fetch, "/api/clusters")["clusters"][0]["cluster_id"]
    hits = page.evaluate(fetch, "/api/articles?verdict=revision")["articles"]
    revised = next(hit["article_id"] for hit in hits if hit["revision"] > 1)
    return {
        "articles": "/articles",
        "article": f"/articles/{first}",
        "edit": f"/articles/{revised}/diff?older=1&newer=2",
        "clusters": "/clusters",
        "dead": "/dead",
    }


if __name__ == "__main__":
    main()
