"""Measure what a scrape of /metrics costs, by number of sources: reading broker and store, and
writing the text.

    python -m bench.scrape

The store is a private PostgreSQL with the counts of 35 days for each source. Stored articles are
none: no statement of a scrape reads them.
"""

import os
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import psycopg
from sqlalchemy import make_url

from devtools.servers import create_database, in_database, private_postgres, private_valkey
from worker.settings import Settings
from worker.store.hourly_values import hour_of
from worker.store.migrate import migrate
from worker.web.metrics import metrics_text
from worker.web.system_reader import SystemReader

SOURCES = (50, 500)
_DAYS = 35
_TIMES = 30


def main() -> None:
    with private_postgres() as server, private_valkey() as broker:
        for number in SOURCES:
            create_database(server, f"sources_{number}")
            url = in_database(server, f"sources_{number}")
            migrate(url)
            _fill(url, number)
            _measure(url, broker, number)


def _fill(url: str, number: int) -> None:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    now = datetime.now(UTC)
    hour = hour_of(now)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO sources (source, articles, receipts, dead, first_seen, last_seen)"
            " SELECT 'source-' || n, 1000, 2000, 10, %s, %s FROM generate_series(1, %s) AS n",
            [now - timedelta(days=_DAYS), now, number],
        )
        connection.execute(
            "INSERT INTO hourly_outcomes (source, hour, outcome, reason, articles)"
            " SELECT 'source-' || n, h, o, '', 3 FROM generate_series(1, %s) AS n,"
            " (SELECT 0 UNION SELECT generate_series(%s::int, %s::int)) AS hours(h),"
            " (VALUES ('new'), ('unchanged')) AS outcomes(o)",
            [number, hour - 24 * _DAYS, hour],
        )
        connection.execute("VACUUM ANALYZE")


def _measure(url: str, broker: str, number: int) -> None:
    with tempfile.TemporaryDirectory(prefix="scrape") as folder:
        environment = {"WORKER_STORE_URL": url, "WORKER_BROKER_URL": broker}
        reader = SystemReader(Settings.load(environment | {"WORKER_VAR_DIR": folder}))
        state = reader.read()
        text = metrics_text(state)
        reading, writing = _ms(reader.read), _ms(lambda: metrics_text(state))
        series = sum(not line.startswith(b"#") for line in text.splitlines())
        print(
            f"{number} sources: read {reading[0]:.1f} ms CPU, {reading[1]:.1f} ms; text"
            f" {writing[0]:.1f} ms CPU; {series} series, {len(text) / 1000:.0f} kB;"
            f" {_resident_mb():.0f} MB resident"
        )


def _ms(job: Callable[[], object]) -> tuple[float, float]:
    """CPU time of this process, and the shortest wall-clock time, of one call in ms."""
    cpu, walls = time.process_time(), []
    for _ in range(_TIMES):
        began = time.perf_counter()
        job()
        walls.append(time.perf_counter() - began)
    return 1000 * (time.process_time() - cpu) / _TIMES, 1000 * min(walls)


def _resident_mb() -> float:
    with open(f"/proc/{os.getpid()}/statm") as file:  # noqa: PTH123
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
