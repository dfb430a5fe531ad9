"""The Dockerfile copies what exists, installs what is locked and runs as nobody in particular."""

import json
import re
import shlex
from itertools import takewhile

import pytest

from tests.compose.stack import ROOT
from tests.support.documented_commands import check
from worker.settings import PREFIX, Settings

Instruction = tuple[str, str]


def instructions() -> list[Instruction]:
    text = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in lines]


def named(name: str) -> list[str]:
    return [value for found, value in instructions() if found == name]


def last_stage() -> list[Instruction]:
    return list(takewhile(lambda each: each[0] != "FROM", reversed(instructions())))[::-1]


def copied() -> list[str]:
    """Sources in this checkout, without what is copied from another stage."""
    lines = [shlex.split(value) for value in named("COPY")]
    return [source for line in lines if "--from" not in line[0] for source in line[:-1]]


def test_both_stages_stand_on_the_same_pinned_python() -> None:
    build, final = (value.split()[0] for value in named("FROM"))
    assert build == final
    assert re.fullmatch(r"python:3\.\d+-slim-\w+", final)
    version = final.removeprefix("python:").partition("-")[0]
    assert f"Python :: {version}" in (ROOT / "pyproject.toml").read_text("utf-8")


@pytest.mark.parametrize("source", copied())
def test_what_is_copied_exists(source: str) -> None:
    assert (ROOT / source).exists()


def test_the_build_context_holds_what_is_copied_and_nothing_else() -> None:
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert {rule[1:] for rule in rules if rule.startswith("!")} == set(copied())


def test_the_same_uv_installs_here_and_in_the_image() -> None:
    here = re.search(r"UV_VERSION := (\S+)", (ROOT / "Makefile").read_text("utf-8"))
    assert here is not None
    assert f" uv=={here[1]}" in " ".join(named("RUN"))


def test_only_what_is_locked_is_installed_and_no_development_tools() -> None:
    syncs = [command for command in named("RUN") if "uv sync" in command]
    assert len(syncs) == 2
    for command in syncs:
        assert "--frozen" in command
        assert re.findall(r"--extra (\S+)", command) == ["web"]  # the service `web` needs it
    assert syncs[0].endswith("--no-install-project")
    assert syncs[1].endswith("--no-editable")


def test_the_container_runs_under_a_number_that_is_not_root() -> None:
    users = [value for name, value in last_stage() if name == "USER"]
    assert users == ["10001:10001"]
    assert any("useradd --uid 10001 " in value for name, value in last_stage() if name == "RUN")


def test_the_environment_of_the_image_names_settings_only() -> None:
    pairs = shlex.split(" ".join(value for name, value in last_stage() if name == "ENV"))
    names = [pair.partition("=")[0] for pair in pairs]
    known = {PREFIX + field.upper() for field in Settings.model_fields}
    ours = {name for name in names if name.startswith(PREFIX)}
    assert ours
    assert ours <= known


def test_the_image_starts_a_worker_by_default() -> None:
    (command,) = [value for name, value in last_stage() if name == "CMD"]
    check(json.loads(command))
