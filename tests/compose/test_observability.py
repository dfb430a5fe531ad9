"""Prometheus and Grafana of the profile `observability`: what they ask for exists."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from devtools.promtool import promtool
from devtools.servers import NoServer
from devtools.waiting import limit_s
from tests.compose.stack import ROOT, services
from tests.missing_server import skip_or_fail
from tests.support.statuses import AT, source, system
from worker.web.metrics import metrics_text

GRAFANA, PROMETHEUS = ROOT / "deploy/grafana", ROOT / "deploy/prometheus"
DASHBOARD = GRAFANA / "dashboards/article-worker.json"
METRICS = metrics_text(system([source("wire", silent=True, due=AT)])).decode()
_SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("",), "gauge": ("",)}
_WORDS = re.compile(r"\bworker_[a-z_]+")


def loaded(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    return found


def queries() -> list[tuple[str, str]]:
    return [(panel["title"], each["expr"]) for panel in panels() for each in panel["targets"]]


def series() -> dict[str, set[str]]:
    """The names of all series, with those of their labels."""
    found = {
        kind_name + suffix: set[str]()
        for kind_name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", METRICS, re.M)
        for suffix in _SUFFIXES[kind]
    }
    for name, labels in re.findall(r"^(\w+)(?:\{(.*)\})? ", METRICS, re.M):
        found[name] |= set(re.findall(r'(\w+)="', labels))
    return found


@pytest.mark.parametrize(("title", "query"), queries())
def test_a_panel_asks_for_metrics_and_labels_that_exist(title: str, query: str) -> None:
    known = series()
    names = _WORDS.findall(query)
    assert names, title
    assert [name for name in names if name not in known] == []
    labels = {
        label.strip()
        for group in re.findall(r"\b(?:by|on|without) ?\(([^)]*)\)", query)
        for label in group.split(",")
        if label.strip()
    }
    labels |= set(re.findall(r"[{,]\s*(\w+)\s*=", query))
    assert labels <= set().union(*(known[name] for name in names)), title


@pytest.mark.parametrize(("title", "query"), queries())
def test_a_rate_is_taken_of_counters_and_of_nothing_else(title: str, query: str) -> None:
    counted = re.compile(r"\b(?:rate|increase)\((worker_\w+)")
    ends = ("_total", "_bucket", "_count", "_sum")
    assert [name for name in counted.findall(query) if not name.endswith(ends)] == []
    bare = re.findall(r"(?<!rate\()(?<!increase\()\bworker_\w+(?:_total|_bucket)\b", query)
    assert bare == [], f"{title} shows the total of a counter"


def test_every_metric_is_in_the_dashboard_but_those_that_are_for_alerts_and_tables() -> None:
    shown = {name for _, query in queries() for name in _WORDS.findall(query)}
    families = re.findall(r"^# TYPE (\S+)", METRICS, re.M)
    left = {name for name in families if not any(each.startswith(name) for each in shown)}
    assert left == {
        "worker_info",
        "worker_ledger_last_success_timestamp_seconds",
        "worker_nothing_arrives",
        "worker_store_limit_bytes",
        "worker_source_dead_total",
        "worker_source_due_timestamp_seconds",
        "worker_sources_untold",
    }


def test_panels_have_ids_of_their_own_and_do_not_overlap() -> None:
    ids = [panel["id"] for panel in panels()]
    assert len(ids) == len(set(ids))
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert max(x for x, _ in cells) < 24
        assert not cells & taken, panel["title"]
        taken |= cells


def test_every_panel_reads_the_data_source_that_is_provisioned() -> None:
    (datasource,) = loaded(GRAFANA / "provisioning/datasources/prometheus.yml")["datasources"]
    used = [target["datasource"]["uid"] for panel in panels() for target in panel["targets"]]
    used += [panel["datasource"]["uid"] for panel in panels()]
    assert set(used) == {datasource["uid"]}
    assert datasource["url"] == "http://prometheus:9090"


def test_the_dashboard_lies_where_grafana_looks_for_it() -> None:
    (provider,) = loaded(GRAFANA / "provisioning/dashboards/article-worker.yml")["providers"]
    grafana = services()["grafana"]
    folders = dict(volume.split(":")[1::-1] for volume in grafana["volumes"])
    assert folders[provider["options"]["path"]] == "./deploy/grafana/dashboards"
    home = grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home == f"{provider['options']['path']}/{DASHBOARD.name}"


def test_prometheus_scrapes_the_port_of_the_web_server() -> None:
    config = loaded(PROMETHEUS / "prometheus.yml")
    (job,) = config["scrape_configs"]
    web = services()["web"]
    (port,) = (port.rpartition(":")[2] for port in web["ports"])
    assert job["static_configs"] == [{"targets": [f"web:{port}"]}]
    assert job["job_name"] == "article-worker"  # alerts name this job


@pytest.fixture(scope="module")
def checker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        return promtool(tmp_path_factory.mktemp("promtool"))
    except NoServer as e:
        skip_or_fail(e)


def run(command: list[object], text: str = "") -> None:
    done = subprocess.run(
        [str(part) for part in command],
        input=text,
        capture_output=True,
        text=True,
        timeout=limit_s(),
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.long
@pytest.mark.processes
def test_promtool_accepts_the_metrics_the_config_and_every_query(
    checker: Path, tmp_path: Path
) -> None:
    run([checker, "check", "metrics"], METRICS)
    run([checker, "check", "config", PROMETHEUS / "prometheus.yml"])
    rules = [
        {"record": f"panel:{number}", "expr": query.replace("$__rate_interval", "5m")}
        for number, (_, query) in enumerate(queries())
    ]
    file = tmp_path / "queries.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    run([checker, "check", "rules", file])
