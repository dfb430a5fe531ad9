"""Operations of the API on settings and rules: what is in force here, and where workers differ."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from worker.broker.presence import PresentWorker
from worker.config.loader import Config
from worker.config.rule_files import unread_files
from worker.errors import BadConfig, Unavailable
from worker.monitoring.config_values import effective_settings, rule_values
from worker.settings import PREFIX
from worker.web.api_operations import Arguments, Operation
from worker.web.caller import Caller
from worker.web.console_context import Console


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSetting:
    """A setting of this server: its name, the environment variable that sets it, its value without
    secrets, and where the value comes from, which is that variable or "default"."""

    name: str
    variable: str
    value: str
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRuleFile:
    """A rule file that this server has read: its name, its path, and the rules in it. Topics are
    left out; /api/rules lists them."""

    name: str
    path: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerConfig:
    """Which version and rules one worker runs with.

    `digest` is a checksum of its rules. `refused` is true if rule files were changed on its machine
    and are invalid, so that it goes on with the rules before. `differs` names what is not as on
    this server: "version", "rules".
    """

    node: str
    version: str
    digest: str
    refused: bool
    differs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigInForce:
    """The settings and rules of this server, and the workers that have another version or other
    rules.

    `digest` is a checksum of the rules here, "" if they are invalid, and `problem` says why then.
    `unread` maps files that nobody reads to the name that was probably meant. `workers_differ`
    names what is not equal on all workers: "version", "rules". `workers_known` is false if the
    broker does not tell which workers run.
    """

    version: str
    digest: str
    problem: str
    settings: tuple[ShownSetting, ...]
    files: tuple[ShownRuleFile, ...]
    unread: Mapping[str, str]
    workers: tuple[WorkerConfig, ...]
    workers_differ: tuple[str, ...]
    workers_known: bool


def show_config(console: Console, _: Caller, __: Arguments) -> ConfigInForce:
    """Return settings and rules in force here, and how those of the workers differ from them."""
    rules, problem = _rules(console)
    present = _present_workers(console)
    here = version("article-worker"), rules.digest if rules else ""
    return ConfigInForce(
        version=here[0],
        digest=here[1],
        problem=problem,
        settings=tuple(_settings(console)),
        files=tuple(_files(rules)) if rules else (),
        unread=_unread(console, rules) if rules else {},
        workers=tuple(_worker(worker, *here) for worker in present or ()),
        workers_differ=_differences(present or ()),
        workers_known=present is not None,
    )


def _rules(console: Console) -> tuple[Config | None, str]:
    try:
        return console.rules.get(), ""
    except BadConfig as e:
        return None, str(e)


def _present_workers(console: Console) -> tuple[PresentWorker, ...] | None:
    try:
        status = console.read_status()
    except Unavailable:
        return None
    return None if "broker" in status.unreachable else status.workers


def _settings(console: Console) -> Iterable[ShownSetting]:
    origins = console.settings.origins()
    for name, value in effective_settings(console.settings).items():
        variable = f"{PREFIX}{name.upper()}"
        yield ShownSetting(name=name, variable=variable, value=value, origin=origins[name])


def _files(rules: Config) -> Iterable[ShownRuleFile]:
    for name, path in rules.files.items():
        yield ShownRuleFile(
            name=name, path=str(path), values=rule_values(rules, name, topics=False)
        )


def _unread(console: Console, rules: Config) -> dict[str, str]:
    found = unread_files(rules.files, console.settings.config_dir)
    return {str(path): meant for path, meant in found.items()}


def _worker(worker: PresentWorker, version_here: str, digest_here: str) -> WorkerConfig:
    state = worker.state
    differs = []
    if state.version != version_here:
        differs.append("version")
    if digest_here and state.digest != digest_here:
        differs.append("rules")
    return WorkerConfig(
        node=state.node,
        version=state.version,
        digest=state.digest,
        refused=state.refused,
        differs=tuple(differs),
    )


def _differences(workers: Iterable[PresentWorker]) -> tuple[str, ...]:
    states = [worker.state for worker in workers]
    values = {
        "version": {state.version for state in states},
        "rules": {state.digest for state in states},
    }
    return tuple(name for name, found in values.items() if len(found) > 1)


OPERATIONS = (
    Operation(
        path="/api/config",
        summary="Show settings and rules in force, and which workers have others.",
        arguments=Arguments,
        answer=ConfigInForce,
        run=show_config,
    ),
)
