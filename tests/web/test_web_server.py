"""`worker web` as a process: real broker, real worker, real requests over HTTP."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from devtools.waiting import limit_s, until
from tests.running import Running, running_worker
from tests.support.web_server import get, samples, web_server
from worker import Producer
from worker.model.records import OutcomeKind

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.processes, pytest.mark.long]


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    yield from running_worker()


def test_a_scraper_and_an_autoscaler_are_told_what_happens(
    running: Running, tmp_path: Path
) -> None:
    with Producer(running.url, store=running.store_url) as producer:
        article = {"id": "a", "title": "Ferry resumes", "summary": "Boats sail again."}
        (receipt,) = producer.enqueue([article | {"source": {"id": "wire"}}])
        assert running.outcome(receipt).kind == OutcomeKind.NEW
    with web_server(running.environment, tmp_path) as (url, log):
        assert get(f"{url}/readyz") == (200, "ok\n")
        found = samples(url)
        assert found["worker_articles_total new"] == 1
        assert found["worker_articles_total revision"] == 0
        assert found["worker_source_articles_total wire"] == 1
        assert found["worker_probe_success broker"] == 1
        assert found["worker_probe_success index"] == 1
        assert found["worker_workers"] == 1
        until(lambda: json.loads(get(f"{url}/scale")[1])["messages"] == 0, "nothing waits")
        code, text = get(f"{url}/scale")
        assert (code, json.loads(text)["workers"]) == (200, 1)
    lines = log.read_text().splitlines()
    own = ("the console is at", "web.started")
    assert all(any(each in line for each in own) for line in lines), lines  # no access log


def test_without_a_broker_and_an_index_the_store_is_still_told(
    running: Running, tmp_path: Path
) -> None:
    nowhere = "redis://127.0.0.1:1/0"
    environment = running.environment | {"WORKER_BROKER_URL": nowhere, "WORKER_INDEX_URL": nowhere}
    with web_server(environment, tmp_path) as (url, _):
        found = samples(url)
        assert found["worker_probe_success broker"] == 0
        assert found["worker_probe_success index"] == 0
        assert found["worker_probe_success store"] == 1
        assert "worker_articles_total new" in found
        assert "worker_leases" not in found
        assert get(f"{url}/scale")[0] == 503


def test_without_the_store_the_present_number_is_held(running: Running, tmp_path: Path) -> None:
    away = "postgresql+psycopg://nobody@127.0.0.1:1/none"
    environment = running.environment | {"WORKER_STORE_URL": away}
    with web_server(environment, tmp_path) as (url, _):
        found = samples(url)
        assert found["worker_probe_success store"] == 0
        assert "worker_articles_total new" not in found
        code, text = get(f"{url}/scale")
        answer = json.loads(text)
        assert (code, answer["replicas"], answer["workers"]) == (200, 1, 1)
        assert "store" in answer["reason"]
        assert get(f"{url}/readyz") == (503, "no answer from store\n")


@pytest.mark.parametrize(
    ("options", "environment", "code"),
    [
        (["--host", "0.0.0.0"], {}, 4),  # noqa: S104
        (["--port", "99999"], {}, 2),
        (["--host", "no such host"], {}, 4),
    ],
)
def test_an_address_that_may_not_be_is_refused_before_anything_listens(
    running: Running, options: list[str], environment: dict[str, str], code: int
) -> None:
    command = [sys.executable, "-m", "worker", "web", *options]
    done = subprocess.run(
        command,
        env=running.environment | environment,
        capture_output=True,
        text=True,
        timeout=limit_s(),
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == code, done.stderr
    assert done.stderr.splitlines()[-1].startswith(("worker: ", "Error: "))
    assert "Traceback" not in done.stderr
