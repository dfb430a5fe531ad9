"""The baseline of the fault matrix, stock Celery, is set up for each kind of broker address."""

import importlib
from typing import Any

import pytest


@pytest.mark.parametrize(
    ("url", "broker", "master_name"),
    [
        ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/0", None),
        (
            "sentinel://127.0.0.1:1/0;sentinel://127.0.0.1:2/0?master_name=news",
            "sentinel://127.0.0.1:1/0;sentinel://127.0.0.1:2/0",
            "news",
        ),
    ],
)
def test_the_baseline_gets_the_name_of_a_sentinel_set_where_kombu_reads_it(
    url: str, broker: str, master_name: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKER_BROKER_URL", url)
    stock: Any = importlib.reload(importlib.import_module("bench.chaos.stock"))
    assert stock.app.conf.broker_url == broker
    assert stock.app.conf.broker_transport_options.get("master_name") == master_name
