"""deploy/kubernetes says what the code expects, and no probe kills a worker that works."""

import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from devtools.keda_rules import problems
from devtools.kubernetes_tools import kubectl, validator
from devtools.servers import NoServer
from devtools.waiting import limit_s
from tests.compose.stack import ROOT, services, size
from tests.missing_server import skip_or_fail
from tests.support.documented_commands import check
from worker.config.worker_rules import load_worker_rules
from worker.settings import Settings

FOLDER = ROOT / "deploy/kubernetes"
BASE, OVERLAY = (
    yaml.safe_load((FOLDER / name / "kustomization.yaml").read_text("utf-8"))
    for name in ("base", "news")
)
NAME = "app.kubernetes.io/name"


def manifests() -> dict[str, dict[str, Any]]:
    """Every manifest that kustomization.yaml lists, by kind and name."""
    found = {}
    for file in BASE["resources"]:
        for manifest in yaml.safe_load_all((FOLDER / "base" / file).read_text("utf-8")):
            found[f"{manifest['kind']}/{manifest['metadata']['name']}"] = manifest
    return found


MANIFESTS = manifests()
PODS = {name: m["spec"]["template"] for name, m in MANIFESTS.items() if "template" in m["spec"]}
WORKER = MANIFESTS["Deployment/article-worker"]
WEB = MANIFESTS["Deployment/article-worker-web"]


def container(manifest: dict[str, Any]) -> dict[str, Any]:
    (found,) = manifest["spec"]["template"]["spec"]["containers"]
    return dict(found)


def test_every_file_of_the_folder_is_used() -> None:
    files = {str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.*")}
    used = {f"base/{file}" for file in [*BASE["resources"], "kustomization.yaml"]}
    assert files == used | {"news/kustomization.yaml", "news/settings.env"}


@pytest.mark.parametrize("name", PODS)
def test_a_pod_has_no_more_rights_than_it_needs(name: str) -> None:
    spec = PODS[name]["spec"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] == 10001  # as in the Dockerfile
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    # Variables that Kubernetes would add for services begin like settings.
    assert spec["enableServiceLinks"] is False
    assert not spec.keys() & {"hostNetwork", "hostPID", "hostIPC", "serviceAccountName"}
    (only,) = spec["containers"]
    assert only["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert only["resources"]["requests"].keys() >= {"cpu", "memory"}
    assert only["resources"]["limits"].keys() == {"memory"}


@pytest.mark.parametrize("name", PODS)
def test_commands_settings_and_folders_are_those_of_the_code(name: str) -> None:
    (only,) = PODS[name]["spec"]["containers"]
    check(only["command"])
    own = {variable["name"]: variable["value"] for variable in only.get("env", [])}
    shared = (FOLDER / "news/settings.env").read_text("utf-8").splitlines()
    settings = Settings.load(own | dict(line.split("=", 1) for line in shared))
    assert not settings.embedded_broker
    assert not settings.embedded_store
    writable = [Path(mount["mountPath"]) for mount in only["volumeMounts"]]
    assert any(settings.var_dir.is_relative_to(folder) for folder in writable)
    volumes = PODS[name]["spec"]["volumes"]
    mounts = {mount["name"] for mount in only["volumeMounts"]}
    assert {volume["name"] for volume in volumes} == mounts
    assert all("sizeLimit" in volume["emptyDir"] for volume in volumes)
    assert only["envFrom"] == [{"secretRef": {"name": OVERLAY["secretGenerator"][0]["name"]}}]
    assert only["image"] == OVERLAY["images"][0]["name"]


def test_the_worker_runs_as_in_compose() -> None:
    there, here = services()["worker"], container(WORKER)
    kept = [part for part in there["command"] if not part.startswith("--loglevel")]
    assert here["command"] == kept
    memory = here["resources"]["limits"]["memory"].removesuffix("i")
    assert size(memory) >= size(there["mem_limit"])


def test_the_autoscaler_alone_sets_the_number_of_workers() -> None:
    assert "replicas" not in WORKER["spec"]
    scaled = MANIFESTS["ScaledObject/article-worker"]
    assert problems(scaled) == []
    assert scaled["spec"]["scaleTargetRef"]["name"] == WORKER["metadata"]["name"]
    assert scaled["spec"]["minReplicaCount"] == 1


def test_the_autoscaler_asks_the_web_server_by_its_service() -> None:
    (trigger,) = MANIFESTS["ScaledObject/article-worker"]["spec"]["triggers"]
    service = MANIFESTS["Service/article-worker-web"]
    (port,) = service["spec"]["ports"]
    host = f"{service['metadata']['name']}.{OVERLAY['namespace']}.svc"
    assert trigger["metadata"]["url"] == f"http://{host}:{port['port']}/scale"
    labels = WEB["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"].items() <= labels.items()
    (named,) = container(WEB)["ports"]
    assert (port["targetPort"], named["containerPort"]) == (named["name"], port["port"])


def test_a_pod_is_selected_by_its_own_labels() -> None:
    for manifest in (WORKER, WEB):
        labels = manifest["spec"]["template"]["metadata"]["labels"]
        assert manifest["spec"]["selector"]["matchLabels"].items() <= labels.items()
    budget = MANIFESTS["PodDisruptionBudget/article-worker"]["spec"]
    assert budget["selector"]["matchLabels"] == WORKER["spec"]["selector"]["matchLabels"]


def test_a_node_with_the_only_worker_can_be_drained() -> None:
    budget = MANIFESTS["PodDisruptionBudget/article-worker"]["spec"]
    assert budget["maxUnavailable"] == 1
    assert "minAvailable" not in budget
    assert budget["unhealthyPodEvictionPolicy"] == "AlwaysAllow"


def test_a_stopping_worker_is_not_killed_before_its_drain_ends() -> None:
    grace_s = WORKER["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    assert grace_s > load_worker_rules().time.drain_s + 15


def test_nobody_reaches_a_worker_and_only_its_readers_reach_the_web_server() -> None:
    everyone = MANIFESTS["NetworkPolicy/article-worker"]["spec"]
    (expression,) = everyone["podSelector"]["matchExpressions"]
    names = {template["metadata"]["labels"][NAME] for template in PODS.values()}
    assert (expression["key"], set(expression["values"])) == (NAME, names)
    assert set(everyone["policyTypes"]) == {"Ingress", "Egress"}
    assert "ingress" not in everyone
    open_ports = {port["port"] for rule in everyone["egress"] for port in rule["ports"]}
    assert open_ports == {53, 5432, 6379}
    web = MANIFESTS["NetworkPolicy/article-worker-web"]["spec"]
    (rule,) = web["ingress"]
    assert {port["port"] for port in rule["ports"]} == {8080}
    assert len(rule["from"]) == 2  # an empty list would let everybody in


def heartbeat_check(folder: Path) -> bool:
    """Run the command of the probe of workers on heartbeat files in this folder."""
    command = container(WORKER)["livenessProbe"]["exec"]["command"]
    here = [part.replace("/tmp/worker", str(folder)) for part in command]  # noqa: S108
    assert here != command
    return subprocess.run(here, check=False, capture_output=True, timeout=limit_s()).returncode == 0


def touched(folder: Path, age_s: float) -> None:
    file = Settings.load({"WORKER_VAR_DIR": str(folder)}).heartbeat("celery@pod-1")
    folder.mkdir(exist_ok=True)
    file.touch()
    os.utime(file, (time.time() - age_s,) * 2)


@pytest.mark.processes
def test_the_probe_of_a_worker_looks_at_the_age_of_its_heartbeat_file(tmp_path: Path) -> None:
    longest_s = 2 * load_worker_rules().time.hard_limit_s  # as in `worker health`
    folder = tmp_path / "worker"
    assert not heartbeat_check(folder)  # the worker is not ready yet
    folder.mkdir()
    assert not heartbeat_check(folder)
    (folder / "celery@pod-1.config.json").touch()
    assert not heartbeat_check(folder)
    for age_s, works in ((0, True), (longest_s - 20, True), (longest_s + 20, False)):
        touched(folder, age_s)
        assert heartbeat_check(folder) == works


def test_a_starting_worker_has_time_and_a_busy_one_is_never_killed() -> None:
    start, live = container(WORKER)["startupProbe"], container(WORKER)["livenessProbe"]
    assert start["exec"] == live["exec"]
    assert start["periodSeconds"] * start["failureThreshold"] >= 120
    assert live["failureThreshold"] >= 3  # a node without CPU makes one probe late
    assert live["timeoutSeconds"] >= 10
    assert "readinessProbe" not in container(WORKER)  # nobody connects to it


def test_the_web_server_is_reached_also_while_broker_or_store_is_away() -> None:
    probes = [value for name, value in container(WEB).items() if name.endswith("Probe")]
    assert len(probes) == 3
    assert {probe["httpGet"]["path"] for probe in probes} == {"/livez"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What kustomize makes of the overlay, with another namespace and another image."""
    folder = tmp_path_factory.mktemp("kubernetes")
    try:
        program = kubectl(folder)
    except NoServer as e:
        skip_or_fail(e)
    shutil.copytree(FOLDER, folder / "kubernetes")
    image = {"name": "article-worker", "newName": "registry.example/aw", "newTag": "7"}
    overlay = OVERLAY | {"namespace": "paper", "images": [image]}
    (folder / "kubernetes/news/kustomization.yaml").write_text(yaml.safe_dump(overlay))
    command = [str(program), "kustomize", str(folder / "kubernetes/news")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=limit_s(), check=False)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def refusals(found: list[dict[str, Any]], file: Path) -> str:
    """What Kubernetes' own schemas, strictly read, say against these manifests."""
    file.write_text(yaml.safe_dump_all(found))
    try:
        command = validator()
    except NoServer as e:
        skip_or_fail(e)
    said = []
    for version in ("1.27", "1.37"):
        done = subprocess.run(
            [*command, "--strict", "--quiet", "--no-warn", "-k", version, str(file)],
            capture_output=True,
            text=True,
            timeout=limit_s(),
            check=False,
        )
        said += [done.stdout + done.stderr] if done.returncode else []
    return "\n".join(said)


@pytest.mark.long
@pytest.mark.processes
def test_kubernetes_accepts_every_manifest_that_kustomize_builds(
    built: list[dict[str, Any]], tmp_path: Path
) -> None:
    own = [manifest for manifest in built if manifest["kind"] != "ScaledObject"]
    assert len(own) == len(MANIFESTS)  # one is left out, and a secret is made
    assert refusals(own, tmp_path / "good.yaml") == ""
    (scaled,) = (manifest for manifest in built if manifest["kind"] == "ScaledObject")
    assert problems(scaled) == []


@pytest.mark.long
@pytest.mark.processes
def test_a_misspelt_field_is_refused(built: list[dict[str, Any]], tmp_path: Path) -> None:
    (budget,) = (each for each in built if each["kind"] == "PodDisruptionBudget")
    budget = budget | {"spec": budget["spec"] | {"maxUnavailible": 1}}
    assert "maxUnavailible" in refusals([budget], tmp_path / "bad.yaml")


@pytest.mark.long
@pytest.mark.processes
def test_an_overlay_moves_everything_to_its_namespace(built: list[dict[str, Any]]) -> None:
    assert {manifest["metadata"]["namespace"] for manifest in built} == {"paper"}
    (scaled,) = (manifest for manifest in built if manifest["kind"] == "ScaledObject")
    (trigger,) = scaled["spec"]["triggers"]
    assert trigger["metadata"]["url"] == "http://article-worker-web.paper.svc:8080/scale"
    (secret,) = (each for each in built if each["kind"] == "Secret")
    pods = [
        each["spec"]["template"]["spec"] for each in built if "template" in each.get("spec", {})
    ]
    for pod in pods:
        (only,) = pod["containers"]
        assert only["envFrom"] == [{"secretRef": {"name": secret["metadata"]["name"]}}]
        assert only["image"] == "registry.example/aw:7"
