"""`worker sources` shows how many articles came in the last 24 hours, and in which of them."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from tests.make import article, dead, record
from worker.cli import group
from worker.cli.sparkline import sparkline
from worker.store.sql_store import SqlStore


@pytest.mark.parametrize(
    ("numbers", "drawn"),
    [
        ([], ""),
        ([0, 0], "··"),
        ([1], "█"),
        ([8, 4, 1, 0], "█▄▁·"),
        ([1, 1_000_000], "▁█"),  # little is not nothing
        ([999_999, 1_000_000], "██"),
        ([7, 8], "▇█"),
    ],
)
def test_numbers_are_drawn_as_shares_of_the_largest(numbers: Sequence[int], drawn: str) -> None:
    assert sparkline(numbers) == drawn


def sources(url: str, *arguments: str, columns: int = 120) -> str:
    environment = {
        "WORKER_STORE_URL": url,
        "WORKER_BROKER_URL": "redis://127.0.0.1:1/0",
        "COLUMNS": str(columns),
    }
    done = CliRunner().invoke(group, ["sources", *arguments], env=environment)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_sources_are_listed_with_the_articles_of_the_last_day(
    store: SqlStore, store_url: str
) -> None:
    now = datetime.now(UTC)
    batch = [record(article(f"id:{n}")) for n in range(3)]
    store.write(batch, [], [dead()], now=now - timedelta(hours=2))
    again = [record(article(f"id:{n}")) for n in range(3)]
    store.write(again, [], [], now=now)  # unchanged, so nothing new came
    store.write([record(article(source="old"))], [], [], now=now - timedelta(days=3))

    hours = {s["source"]: s["last_hours"] for s in json.loads(sources(store_url, "--json"))}
    assert {len(numbers) for numbers in hours.values()} == {24}
    assert hours["old"] == [0] * 24
    assert sum(hours["wire"]) == max(hours["wire"]) == 4
    listed = sources(store_url)
    assert "█" in listed
    assert "·" * 24 in listed

    one = json.loads(sources(store_url, "wire", "--json"))
    assert one["last_hours"] == hours["wire"]
    assert "last 24 h  4 articles  ····" in sources(store_url, "wire")
    assert "last 24 h  0 articles  " + "·" * 24 in sources(store_url, "old")
