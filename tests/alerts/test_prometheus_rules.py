"""The alerts for Prometheus: each has a remedy in the runbook, and uses metrics that exist."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from devtools.promtool import promtool
from devtools.servers import NoServer
from tests.missing_server import skip_or_fail
from worker.config.monitoring_rules import load_monitoring_rules

ROOT = Path(__file__).parents[2]
ALERTS = ROOT / "deploy/prometheus/alerts.yml"
CASES = Path(__file__).parent / "prometheus_cases.yml"
RUNBOOK = (ROOT / "docs/runbook.md").read_text("utf-8")
(GROUP,) = yaml.safe_load(ALERTS.read_text("utf-8"))["groups"]
RULES: list[dict[str, Any]] = GROUP["rules"]
NAMES = [rule["alert"] for rule in RULES]
# The metrics of `worker web` that alerts use, with the labels that they may name.
METRICS = {
    "worker_articles_total": {"outcome"},
    "worker_broker_memory_bytes": set(),
    "worker_broker_memory_limit_bytes": set(),
    "worker_config_refused": set(),
    "worker_dead_letters_total": {"reason"},
    "worker_drain_seconds": set(),
    "worker_journal_entries": set(),
    "worker_ledger_last_success_timestamp_seconds": set(),
    "worker_ledger_missing": set(),
    "worker_probe_success": {"what"},
    "worker_queue_messages": {"lane", "priority"},
    "worker_queue_oldest_seconds": {"lane"},
    "worker_nothing_arrives": set(),
    "worker_source_silent": {"source"},
    "worker_sources": {"state"},
    "worker_store_bytes": {"table"},
    "worker_store_limit_bytes": set(),
    "worker_workers": set(),
    "up": {"job"},
}


def anchor(name: str) -> str:
    """The name of an alert as the runbook writes it: NoWorkers is no-workers."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


def test_there_are_seventeen_alerts_with_different_names() -> None:
    assert len(set(NAMES)) == len(NAMES) == 17


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_an_alert_says_what_is_wrong_how_urgent_it_is_and_where_the_remedy_is(
    rule: dict[str, Any],
) -> None:
    assert rule["labels"]["severity"] in ("page", "ticket")
    notes = rule["annotations"]
    assert notes["summary"].endswith(".")
    assert notes["description"].endswith(".")
    assert notes["runbook_url"] == f"docs/runbook.md#{anchor(rule['alert'])}"
    assert f"\n## {anchor(rule['alert'])}\n" in RUNBOOK


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_an_alert_uses_only_metrics_and_labels_that_exist(rule: dict[str, Any]) -> None:
    used = re.findall(r"\b(worker_[a-z_]+|up)\b(?:\{([^}]*)\})?", rule["expr"])
    assert used
    for metric, selector in used:
        labels = set(re.findall(r"(\w+)\s*=", selector))
        assert labels <= METRICS[metric], metric


def test_the_runbook_has_a_remedy_for_every_alert_of_prometheus_and_of_the_workers() -> None:
    sources = [path.read_text("utf-8") for path in (ROOT / "worker/monitoring").glob("*.py")]
    own = {name for text in sources for name in re.findall(r'name="([a-z-]+)"', text)}
    assert len(own) > 10
    assert set(re.findall(r"^## ([a-z-]+)$", RUNBOOK, re.M)) == own | set(map(anchor, NAMES))


def test_both_kinds_of_alerts_wait_equally_long() -> None:
    seconds = {"s": 1, "m": 60, "h": 3600}
    waits = {
        anchor(rule["alert"]): int(rule["for"][:-1]) * seconds[rule["for"][-1]]
        for rule in RULES
        if "for" in rule
    }
    own = load_monitoring_rules().alerts.for_s
    assert {name: own[name] for name in own if name in waits} == {
        name: waits[name] for name in own if name in waits
    }
    assert set(waits) - set(own) == {"blind"}  # Prometheus alone has this one


def test_every_alert_has_a_case_in_which_it_fires_and_one_in_which_it_does_not() -> None:
    cases = yaml.safe_load(CASES.read_text("utf-8"))["tests"]
    expected = [check for case in cases for check in case["alert_rule_test"]]
    fires = {check["alertname"] for check in expected if check["exp_alerts"]}
    silent = {check["alertname"] for check in expected if not check["exp_alerts"]}
    assert fires == silent == set(NAMES)


def test_every_alert_has_a_case_in_which_it_ends_after_it_has_fired() -> None:
    ended = set()
    for case in yaml.safe_load(CASES.read_text("utf-8"))["tests"]:
        checks = [(c["alertname"], minutes(c["eval_time"]), c) for c in case["alert_rule_test"]]
        fired = {name: at for name, at, check in checks if check["exp_alerts"]}
        ended |= {n for n, at, c in checks if n in fired and at > fired[n] and not c["exp_alerts"]}
    assert ended == set(NAMES)


def minutes(text: str) -> int:
    return int(text[:-1]) * {"m": 1, "h": 60}[text[-1]]


@pytest.mark.long
@pytest.mark.processes
def test_promtool_accepts_the_rules_and_they_fire_when_they_should(tmp_path: Path) -> None:
    try:
        program = promtool(tmp_path)
    except NoServer as e:
        skip_or_fail(e)
    cases = tmp_path / "cases.yml"
    cases.write_text(CASES.read_text("utf-8").replace("ALERTS", str(ALERTS)))
    for arguments in (["check", "rules", ALERTS], ["test", "rules", cases]):
        result = subprocess.run([program, *arguments], capture_output=True, text=True)
        assert result.returncode == 0, result.stdout + result.stderr
