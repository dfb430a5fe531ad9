"""Changed rules are taken up by running workers between batches; broken ones are not."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from devtools.waiting import limit_s, until
from worker.cli import group
from worker.cli.doctor_command import run_checks
from worker.client.producer import Producer
from worker.runtime.config_reload import CurrentConfig, files_state
from worker.runtime.config_report import read_report
from worker.settings import Settings
from worker.store.sql_store import SqlStore
from worker.store.values import Query

RULES = """
[[topics]]
code = "own:{word}"
label = "{word}"
rules = [{{ any = ["{word}"], score = 0.9, matches = ["a {example}"] }}]
"""


def write(folder: Path, name: str, word: str, example: str = "") -> None:
    """In one step, as a deployment does."""
    draft = folder / f"{name}.draft"
    draft.write_text(RULES.format(word=word, example=example or word))
    draft.replace(folder / "rules" / f"{name}.toml")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "config" / "rules").mkdir(parents=True)
    write(tmp_path / "config", "own", "zebra")
    return tmp_path / "config"


@pytest.fixture
def environment(
    config: Path, tmp_path: Path, valkey_url: str, sqlite_store_url: str, producer: Producer
) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("WORKER_")}
    return clean | {
        "WORKER_VAR_DIR": str(tmp_path / "var"),
        "WORKER_CONFIG_DIR": str(config),
        "WORKER_BROKER_URL": valkey_url,
        "WORKER_STORE_URL": sqlite_store_url,
    }


@pytest.fixture
def running(environment: dict[str, str], tmp_path: Path) -> Iterator[Path]:
    """A worker with two children; its log."""
    log = tmp_path / "worker.log"
    command = [sys.executable, "-m", "celery", "-A", "worker", "worker", "--concurrency", "2"]
    command += ["--hostname", "celery@test", "--loglevel", "INFO", "--without-gossip"]
    with log.open("w") as out:
        worker = subprocess.Popen(command, env=environment, stdout=out, stderr=out)
        try:
            until(lambda: "ready." in log.read_text(), "the worker starts")
            yield log
        finally:
            worker.terminate()
            worker.wait(limit_s())


def cli(environment: dict[str, str], *arguments: str) -> Result:
    return CliRunner().invoke(group, arguments, env=environment)


class Desk:
    """Sends stories and reads their tags."""

    def __init__(self, producer: Producer, store: SqlStore) -> None:
        self.producer, self.store, self.sent = producer, store, 0

    def codes(self, title: str) -> set[str]:
        self.sent += 1
        raw = {"id": str(self.sent), "title": title, "content": f"Number {self.sent} it is."}
        (receipt,) = self.producer.enqueue([raw | {"source": {"id": "desk"}}])
        until(lambda: receipt in self.store.outcomes([receipt]), "it is stored")
        article_id = self.store.outcomes([receipt])[receipt].article_id
        (stored,) = self.store.records([article_id])
        return {tag.code for tag in stored.tags if tag.code.startswith("own:")}


def test_running_workers_take_up_good_rules_and_refuse_bad_ones(
    running: Path,
    environment: dict[str, str],
    config: Path,
    producer: Producer,
    sqlite_store_url: str,
) -> None:
    store = SqlStore(sqlite_store_url)
    desk = Desk(producer, store)
    assert desk.codes("A zebra") == {"own:zebra"}

    write(config, "more", "okapi")
    until(lambda: desk.codes("A zebra and an okapi") == {"own:zebra", "own:okapi"}, "taken up")

    write(config, "more", "gnu", example="gnus")
    until(lambda: desk.codes("A gnu and an okapi") and "config.refused" in running.read_text(), "")
    assert desk.codes("A gnu and an okapi") == {"own:okapi"}
    assert "own:gnu/any" in running.read_text()
    health = cli(environment, "health", "--node", "celery@test")
    assert health.exit_code == 0, health.stderr
    assert "own:gnu/any" in health.stderr
    doctor = cli(environment, "doctor")
    assert doctor.exit_code == 1
    assert "more.toml" in doctor.stdout

    write(config, "more", "gnu")
    until(lambda: desk.codes("A gnu and an okapi") == {"own:gnu"}, "mended")
    until(lambda: "own:gnu" not in cli(environment, "health", "--node", "celery@test").stderr, "")

    # What was tagged before is done over, without a revision or a sighting.
    retag = cli(environment, "retag", "--rate", "1000", "--json")
    assert retag.stdout, retag.stderr
    assert (retag.exit_code, json.loads(retag.stdout)["undone"]) == (0, 0), retag.stderr
    found = store.search(Query(limit=1000))
    assert len(found) == desk.sent
    for each in found:
        assert {t for t in each.tags if "own:" in t} <= {"taxonomy:own:zebra", "taxonomy:own:gnu"}
        stored = store.show(each.article_id)
        assert stored
        assert (stored["article"]["revision"], stored["article"]["sightings"]) == (1, 1)
    store.close()


def test_a_process_that_comes_late_keeps_the_last_good_rules_not_its_own(
    environment: dict[str, str], config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.runtime.config_reload.SETTLED_S", 0.0)
    for name, value in environment.items():
        if name.startswith("WORKER_"):
            monkeypatch.setenv(name, value)
    settings = Settings.load()
    report = settings.config_report("celery@test")
    busy, idle = CurrentConfig(settings, report), CurrentConfig(settings, report)
    write(config, "more", "okapi")
    good = busy.pipeline().config
    assert good.digest != idle.in_force.config.digest
    write(config, "more", "gnu", example="gnus")
    assert busy.pipeline().config is good
    late = idle.pipeline().config
    assert (late.digest, late.tagging.version) == (good.digest, good.tagging.version)
    told = read_report(report)
    assert told
    assert (told.digest, "own:gnu/any" in told.refused) == (good.digest, True)


def test_the_doctor_says_that_an_idle_worker_still_has_older_rules(
    environment: dict[str, str], config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.runtime.config_reload.SETTLED_S", 0.0)
    for name, value in environment.items():
        if name.startswith("WORKER_"):
            monkeypatch.setenv(name, value)
    settings = Settings.load()
    worker = CurrentConfig(settings, settings.config_report("celery@test"))
    settings.heartbeat("celery@test").touch()

    def rules_of_worker() -> tuple[str, str]:
        [found] = [r for r in run_checks(settings) if r.what == "rules of celery@test"]
        return found.state, found.mend

    assert rules_of_worker() == ("ok", "")
    write(config, "more", "okapi")
    state, mend = rules_of_worker()
    assert state == "note"
    assert "before its next batch" in mend
    worker.pipeline()
    assert rules_of_worker() == ("ok", "")
    write(config, "more", "okapi", example="nothing")  # what is refused is no older config
    assert rules_of_worker()[0] == "ok"
    worker.pipeline()
    assert rules_of_worker()[0] == "mend"


def test_a_stamp_changes_with_every_file_that_counts(config: Path) -> None:
    seen = {files_state(config)}
    write(config, "own", "quagga")
    seen.add(files_state(config))
    (config / "cleaning.toml").write_text("")
    seen.add(files_state(config))
    (config / "rules" / "own.toml").unlink()
    seen.add(files_state(config))
    (config / "notes.txt").write_text("no rules")
    seen.add(files_state(config))
    assert len(seen) == 4
