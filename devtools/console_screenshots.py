"""Write pictures of the console into a folder: `make screenshots`.

The articles in seeds/ are ingested by a worker of its own, in a temporary folder, and the console
shows them in a real browser. Pages about sources show a store with generated articles of five
weeks.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devtools.browser import browser
from devtools.lived_in_store import fill
from devtools.servers import private_valkey
from devtools.waiting import until
from worker.store.migrate import migrate
from worker.store.sql_store import SqlStore

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).parents[1]
# Name of the page, size and colours; few, because a picture has 30 to 60 KB.
PICTURES = (
    ("articles", "wide", "light"),
    ("article", "wide", "light"),
    ("article", "wide", "dark"),
    ("article", "narrow", "light"),
    ("edit", "wide", "light"),
    ("clusters", "wide", "light"),
    ("dead", "wide", "light"),
)
LIVED_IN_PICTURES = (
    ("overview", "wide", "light"),
    ("overview", "wide", "dark"),
    ("sources", "wide", "light"),
    ("source", "wide", "light"),
)
LIVED_IN_PATHS = {
    "overview": "/",
    "sources": "/sources",
    "source": "/source?name=Harbour+Gazette",
}
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
            _write(opened, base, target, PICTURES, None)
    _write_lived_in(target)


def _write_lived_in(target: Path) -> None:
    """Write the pictures of pages that need a history."""
    with tempfile.TemporaryDirectory() as folder, private_valkey() as broker:
        url = f"sqlite:///{folder}/store.db"
        migrate(url)
        fill(SqlStore(url), datetime.now(UTC))
        services = {"WORKER_STORE_URL": url, "WORKER_BROKER_URL": broker}
        environment = os.environ | {"WORKER_VAR_DIR": folder} | services
        web = [sys.executable, "-m", "worker", "web", "--port", "0"]
        with _served(web, environment, Path(folder)) as base, browser() as opened:
            _write(opened, base, target, LIVED_IN_PICTURES, LIVED_IN_PATHS)


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


def _write(
    opened: "Browser",
    base: str,
    target: Path,
    pictures: Iterable[tuple[str, str, str]],
    paths: Mapping[str, str] | None,
) -> None:
    for name, size, scheme in pictures:
        width, height = SIZES[size]
        context = opened.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if scheme == "dark" else "light",
            locale="en-GB",
            timezone_id="UTC",
        )
        page = context.new_page()
        page.goto(f"{base}/api/clusters")
        page.goto(base + (paths or _paths(page))[name])
        page.wait_for_load_state("networkidle")
        picture = target / f"console-{name}-{size}-{scheme}.webp"
        picture.write_bytes(_webp(context.new_page(), page.screenshot()))
        context.close()


def _webp(page: Any, png: bytes) -> bytes:
    """Make a picture of a third of the size; the browser that took it can write it, too."""
    code = """async png => {
        const picture = await createImageBitmap(await (await fetch(png)).blob());
        const canvas = new OffscreenCanvas(picture.width, picture.height);
        canvas.getContext("2d").drawImage(picture, 0, 0);
        const blob = await canvas.convertToBlob({type: "image/webp", quality: 0.9});
        const bytes = Array.from(new Uint8Array(await blob.arrayBuffer()));
        return btoa(bytes.map(byte => String.fromCharCode(byte)).join(""));
    }"""
    return b64decode(page.evaluate(code, f"data:image/png;base64,{b64encode(png).decode()}"))


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
