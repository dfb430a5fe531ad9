"""The process `worker web`, and what it answers over HTTP."""

import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from devtools.waiting import limit_s, until

ROOT = Path(__file__).parents[2]


@contextmanager
def web_server(environment: dict[str, str], folder: Path) -> Iterator[tuple[str, Path]]:
    """The address of a web server with this environment, and its log; it must end cleanly."""
    log = folder / "web.log"
    command = [sys.executable, "-m", "worker", "web", "--port", "0"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=environment, stdout=output, stderr=output, cwd=ROOT, start_new_session=True
        )
    try:
        until(lambda: address(log) or process.poll() is not None, lambda: log.read_text())
        assert process.poll() is None, log.read_text()
        yield address(log), log
        process.send_signal(signal.SIGTERM)
        assert process.wait(limit_s()) == 0, log.read_text()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def address(log: Path) -> str:
    found = re.search(r"web\.started address=(http://\S+)", log.read_text())
    return found[1] if found else ""


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=limit_s()) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, e.read().decode()


def samples(url: str) -> dict[str, float]:
    """The samples of /metrics by name and the values of their labels."""
    code, text = get(f"{url}/metrics")
    assert code == 200, text
    return {
        " ".join([sample.name, *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
