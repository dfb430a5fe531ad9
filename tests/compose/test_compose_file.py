"""docker-compose.yml says what the code expects: commands, names, addresses, limits.

compose-spec.json beside this file is the schema of the Compose Specification (Apache-2.0).
"""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from jsonschema import Draft202012Validator

from devtools.waiting import limit_s
from tests.compose.stack import FILE, ROOT, defaults, seconds, services, size, stack
from tests.support.documented_commands import check
from worker.config.worker_rules import load_worker_rules
from worker.settings import PREFIX, Settings

SERVICES = services()
BUILT = [name for name, service in SERVICES.items() if "build" in service]
LISTENING = {"valkey": 6379, "postgres": 5432, "web": 8080, "prometheus": 9090, "grafana": 3000}
STAYING = [*LISTENING, "worker"]
IN_PROFILES = {"seed": ["seed"], "prometheus": ["observability"], "grafana": ["observability"]}


def test_the_file_follows_the_compose_specification() -> None:
    schema = json.loads((Path(__file__).parent / "compose-spec.json").read_text("utf-8"))
    problems = Draft202012Validator(schema).iter_errors(stack())
    assert [f"{problem.json_path}: {problem.message}" for problem in problems] == []


@pytest.mark.parametrize("profile", [[], ["--profile", "seed"], ["--profile", "observability"]])
@pytest.mark.processes
def test_compose_itself_accepts_the_file(profile: list[str]) -> None:
    command = [*compose(), "--file", str(FILE), *profile, "config", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=limit_s(), check=False)
    assert (done.returncode, done.stderr) == (0, "")


def compose() -> list[str]:
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]):
            version = [*command, "version", "--short"]
            done = subprocess.run(
                version, capture_output=True, text=True, timeout=limit_s(), check=False
            )
            if done.returncode == 0 and not done.stdout.startswith("1."):
                return command
    pytest.skip("neither `docker compose` nor docker-compose 2 is installed")


def test_the_example_environment_names_every_variable_with_its_default() -> None:
    lines = (ROOT / ".env.example").read_text("utf-8").splitlines()
    example = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert {name: {value} for name, value in example.items()} == defaults()
    # A shell that sources the file must not set what the worker then refuses as unknown.
    assert [name for name in example if name.startswith(PREFIX)] == []


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_no_more_rights_and_resources_than_it_needs(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True
    assert float(service["cpus"]) > 0
    assert size(service["mem_limit"]) > 0
    assert service["pids_limit"] > 0
    assert "build" in service or service["user"] not in ("", "root", "0")
    assert not service.keys() & {"privileged", "cap_add", "network_mode", "pid", "devices"}


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_published_on_the_loopback_address_only(name: str) -> None:
    ports = SERVICES[name].get("ports", [])
    expected = [f"127.0.0.1:{LISTENING[name]}:{LISTENING[name]}"] if name in LISTENING else []
    assert ports == expected


@pytest.mark.parametrize("name", [name for name in SERVICES if name not in BUILT])
def test_images_of_others_are_pinned_to_a_version(name: str) -> None:
    assert re.search(r":v?\d[\w.-]*$", SERVICES[name]["image"])


@pytest.mark.parametrize("name", [name for name in BUILT if name != "web"])
def test_any_number_of_a_service_of_ours_may_run_at_once(name: str) -> None:
    assert not SERVICES[name].keys() & {"container_name", "hostname", "ports"}
    shared = [volume for volume in SERVICES[name].get("volumes", []) if not volume.endswith(":ro")]
    assert shared == []


def test_the_number_of_workers_is_a_variable_that_outlives_an_upgrade() -> None:
    # `up` removes the containers that an earlier `up --scale` has added.
    assert {name for name, service in SERVICES.items() if "scale" in service} == {"worker"}
    assert SERVICES["worker"]["scale"] == "1"
    assert services({"WORKERS": "4"})["worker"]["scale"] == "4"
    assert all("deploy" not in service for service in SERVICES.values())  # it would go first


def test_what_most_do_not_need_starts_only_on_request() -> None:
    profiles = {name: service.get("profiles") for name, service in SERVICES.items()}
    assert {name: found for name, found in profiles.items() if found} == IN_PROFILES


def test_all_services_of_ours_run_the_same_image_of_this_checkout() -> None:
    images = {(SERVICES[name]["build"], SERVICES[name]["image"]) for name in BUILT}
    assert images == {(".", "article-worker:local")}


def test_data_lies_in_named_volumes() -> None:
    mounts = {
        name: [volume for volume in service.get("volumes", []) if not volume.endswith(":ro")]
        for name, service in SERVICES.items()
    }
    assert {name: found for name, found in mounts.items() if found} == {
        "valkey": ["valkey:/data"],
        "postgres": ["postgres:/var/lib/postgresql"],
        "prometheus": ["prometheus:/prometheus"],
        "grafana": ["grafana:/var/lib/grafana"],
    }
    assert set(stack()["volumes"]) == {"valkey", "postgres", "prometheus", "grafana"}


@pytest.mark.parametrize("name", SERVICES)
def test_files_that_a_service_reads_are_in_this_checkout(name: str) -> None:
    read = [v for v in SERVICES[name].get("volumes", []) if v.endswith(":ro")]
    assert [v for v in read if not (ROOT / v.split(":")[0]).is_dir()] == []


def test_a_worker_starts_after_the_broker_answers_and_the_schema_is_current() -> None:
    waits = {
        name: {other: how["condition"] for other, how in service.get("depends_on", {}).items()}
        for name, service in SERVICES.items()
    }
    assert waits == {
        "valkey": {},
        "postgres": {},
        "migrate": {"postgres": "service_healthy"},
        "worker": {"valkey": "service_healthy", "migrate": "service_completed_successfully"},
        "web": {"valkey": "service_healthy", "migrate": "service_completed_successfully"},
        "prometheus": {},
        "grafana": {"prometheus": "service_healthy"},
        "seed": {"valkey": "service_healthy"},
    }


def test_what_stays_up_is_started_again_and_what_runs_once_is_not() -> None:
    for name, service in SERVICES.items():
        stays = name in STAYING
        assert service["restart"] == ("unless-stopped" if stays else "no")
        assert ("healthcheck" in service) == stays


@pytest.mark.parametrize("name", BUILT)
def test_commands_are_commands_of_the_code(name: str) -> None:
    check(SERVICES[name]["command"])


def test_the_health_check_of_the_worker_is_a_command_of_the_code() -> None:
    how, *command = SERVICES["worker"]["healthcheck"]["test"]
    assert how == "CMD"
    check(command)


@pytest.mark.parametrize("name", BUILT)
def test_environment_names_are_settings_and_nothing_is_embedded(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = SERVICES[name]["environment"]
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    settings = Settings.load(environment)
    assert not settings.embedded_broker
    assert not settings.embedded_store
    # The root file system is read-only: what the worker writes must go to memory.
    assert str(settings.var_dir.parent) in SERVICES[name]["tmpfs"]


@pytest.mark.parametrize("secret", ["articles", "another-1"])
def test_addresses_lead_to_the_servers_of_the_stack(secret: str) -> None:
    found = services({"POSTGRES_PASSWORD": secret, "VALKEY_PASSWORD": secret})
    valkey, postgres = found["valkey"], found["postgres"]
    account = postgres["environment"]
    assert valkey["command"][1:3] == ["--requirepass", secret]
    assert set(valkey["environment"].values()) == {secret}
    for name in BUILT:
        broker, store = urls(found[name])
        assert (broker.hostname, broker.port, broker.password) == ("valkey", 6379, secret)
        assert (store.hostname, store.port, store.password) == ("postgres", 5432, secret)
        assert store.username == account["POSTGRES_USER"]
        assert store.path == f"/{account['POSTGRES_DB']}"
        assert account["POSTGRES_PASSWORD"] == secret


def urls(service: dict[str, Any]) -> tuple[Any, Any]:
    environment = service["environment"]
    return urlsplit(environment["WORKER_BROKER_URL"]), urlsplit(environment["WORKER_STORE_URL"])


@pytest.mark.parametrize("name", STAYING)
def test_a_service_has_time_to_start_to_answer_and_to_stop(name: str) -> None:
    health = SERVICES[name]["healthcheck"]  # the schema takes any text for a duration
    assert seconds(health["timeout"]) <= seconds(health["interval"])
    assert seconds(health["start_period"]) >= 60
    assert seconds(SERVICES[name]["stop_grace_period"]) >= 30


def test_a_stopping_worker_is_not_killed_before_its_drain_ends() -> None:
    grace_s = seconds(SERVICES["worker"]["stop_grace_period"])
    assert grace_s > load_worker_rules().time.drain_s + 5


def test_memory_limits_leave_room_for_what_runs_below_them() -> None:
    worker, valkey = SERVICES["worker"], SERVICES["valkey"]
    processes = int(worker["cpus"])
    assert f"--concurrency={processes}" in worker["command"]
    children = processes * load_worker_rules().child.max_memory_mb * 10**6
    assert size(worker["mem_limit"]) > children + 300 * 10**6
    held = valkey["command"][valkey["command"].index("--maxmemory") + 1]
    assert size(valkey["mem_limit"]) > 2 * size(held)
