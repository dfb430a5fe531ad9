"""Workers and commands are killed while articles are held and while they return: none is lost."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from devtools.generated_articles import generate
from devtools.servers import NoServer, create_database, drop_database, free_port, in_database
from devtools.servers import private_valkey as valkey_server
from devtools.waiting import limit_s, until
from tests.missing_server import skip_or_fail
from tests.store.stored import rows
from tests.support.two_versions import ROOT, Side
from worker.store.sql_store import SqlStore

pytestmark = [pytest.mark.long, pytest.mark.processes]

ARTICLES = 200  # half of them of the source that is paused


@pytest.fixture(params=["sqlite", "postgres"])
def side(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Side]:
    store_url = f"sqlite:///{tmp_path}/store.db"
    if request.param == "postgres":
        server = request.getfixturevalue("postgres_url")
        create_database(server, "held")
        store_url = in_database(server, "held")
    port = free_port()
    try:
        with valkey_server(port):
            side = Side(ROOT, tmp_path / "now", f"redis://127.0.0.1:{port}/0", store_url)
            side.use_rules(ROOT / "config" / "worker.toml", articles=5, coalesce_messages=2)
            try:
                yield side
            finally:
                side.close()
    except NoServer as e:
        skip_or_fail(e)
    finally:
        if request.param == "postgres":
            drop_database(server, "held")


def kill_a_resumption(side: Side, store: SqlStore) -> None:
    """End `worker resume` when it has returned some of the articles."""
    before = len(store.held.page("a", ARTICLES))
    resume = subprocess.Popen(
        [sys.executable, "-P", "-m", "worker", "resume", "--source", "a"],
        env=side.environment,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    until(
        lambda: resume.poll() is not None or len(store.held.page("a", ARTICLES)) < before,
        lambda: f"articles return\n{side.logs()}",
    )
    if resume.poll() is None:
        os.kill(resume.pid, signal.SIGKILL)
    resume.wait(limit_s())


def test_no_article_is_lost_or_stored_twice_whoever_is_killed_meanwhile(side: Side) -> None:
    raws = [
        raw | {"source": {"id": "ab"[n % 2]}}
        for n, raw in enumerate(generate(ARTICLES, chars=400, seed=7))
    ]
    side.command("migrate")
    side.command("pause", "--source", "a", "--force")
    receipts = side.enqueue(raws)
    of_a, of_b = receipts[::2], receipts[1::2]
    with closing(SqlStore(side.environment["WORKER_STORE_URL"])) as store:

        def held() -> int:
            return len(store.held.held_receipts(of_a))

        for _ in range(2):
            worker, before = side.start_worker(), held()
            until(lambda before=before: held() > before, side.logs)  # type: ignore[misc]
            side.kill(worker)
        side.start_worker()
        until(lambda: held() == len(of_a), side.logs, at_most_s=2 * limit_s())
        until(lambda: len(store.outcomes(of_b)) == len(of_b), side.logs, at_most_s=2 * limit_s())
        assert store.outcomes(of_a) == {}
        for _ in range(2):
            kill_a_resumption(side, store)
        if store.held.counts():
            side.command("resume", "--source", "a")
        until(lambda: len(store.outcomes(of_a)) == len(of_a), side.logs, at_most_s=2 * limit_s())
        assert not store.held.counts()
        kinds = [outcome.kind for outcome in store.outcomes(receipts).values()]
        assert set(kinds) <= {"new", "duplicate", "variant"}  # none came twice
        assert len(rows(side.environment["WORKER_STORE_URL"], "articles")) == ARTICLES
    ledger = json.loads(side.command("ledger", "--json"))
    assert (ledger["missing"], ledger["lost"]) == ([], [])
    assert sum(day["held"] for day in ledger["days"]) == 0
