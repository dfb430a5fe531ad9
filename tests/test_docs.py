"""The documentation says what is true: what is generated is compared, what is linked exists."""

import ast
import re
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
import yaml

from worker.cli import COMMANDS
from worker.cli.config_reference import reference
from worker.errors import Reason

ROOT = Path(__file__).parents[1]
WORKER = ROOT / "worker"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
DECISIONS = sorted((ROOT / "docs/decisions").glob("0*.md"))
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text("utf-8")


def test_the_configuration_reference_is_the_one_that_the_models_give() -> None:
    written = (ROOT / "docs/configuration.md").read_text("utf-8")
    assert written == reference(), "run: worker config --reference > docs/configuration.md"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    links = re.findall(r"\]\((?!http|#)([^)#]+)", page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text("utf-8")
    named = re.findall(r"`((?:worker|tests|config|docs|bench|training)/[\w./-]*\w/?)`", text)
    assert [path for path in named if not ("NAME" in path or (ROOT / path).exists())] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_a_page_names_exists(page: Path) -> None:
    named = re.findall(r"(?:^|`|\| )worker ([a-z]+)(?=[ `]|$)", page.read_text("utf-8"), re.M)
    assert {name for name in named if name not in COMMANDS} <= {"processes"}  # a word of English


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_that_ends_with_an_example(name: str) -> None:
    module, attribute = COMMANDS[name][0].split(":")
    command = getattr(import_module(f"worker.cli.{module}"), attribute)
    assert command.help
    assert command.epilog, f"{name}: no epilog"
    assert command.epilog.startswith("Example"), command.epilog


def test_the_path_of_one_article_has_eight_hops_through_files() -> None:
    hops = re.findall(r"^\| (\d) \| `(worker/[\w/]+\.py)` \|", ARCHITECTURE, re.M)
    assert [int(number) for number, _ in hops] == list(range(1, 9))
    assert all((ROOT / path).is_file() for _, path in hops)


def test_the_map_of_rooms_has_the_arrows_of_the_code() -> None:
    drawn = {
        room: set(re.findall(r"`(\w+)`", imports))
        for room, imports in re.findall(r"^\| \w* ?\| `(\w+)` \|.*\|([^|]*)\|$", ARCHITECTURE, re.M)
    }
    assert drawn == {room: imported_by(room) for room in rooms()}


def rooms() -> set[str]:
    paths = (path for path in WORKER.iterdir() if not path.name.startswith("_"))
    return {path.stem for path in paths if path.is_dir() or path.suffix == ".py"}


def imported_by(room: str) -> set[str]:
    """The other rooms that the modules of this one import."""
    path = WORKER / room
    files = path.rglob("*.py") if path.is_dir() else [path.with_suffix(".py")]
    names = {name for file in files for name in imports(ast.parse(file.read_text("utf-8")))}
    return {name for name in names if name in rooms()} - {room}


def imports(tree: ast.AST) -> Iterator[str]:
    """The rooms of `worker` that a module imports, also inside functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "worker":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("worker."):
            yield str(node.module).split(".")[1]
        elif isinstance(node, ast.Import):
            yield from (a.name.split(".")[1] for a in node.names if a.name.startswith("worker."))


def test_the_layers_of_the_map_are_those_that_are_checked() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    layers = next(c["layers"] for c in contracts if c["name"] == "Imports point down only")
    checked = {room for layer in layers for room in re.findall(r"worker\.(\w+)", layer)}
    assert rooms() == checked


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)
def test_every_decision_has_context_decision_and_consequences_and_is_listed(page: Path) -> None:
    text = page.read_text("utf-8")
    assert re.findall(r"^## (.+)$", text, re.M) == ["Context", "Decision", "Consequences"]
    title = text.partition("\n")[0].removeprefix(f"# {int(page.name[:4])}. ")
    assert f"[{title}]({page.name})" in (page.parent / "README.md").read_text("utf-8")


def test_the_numbers_of_decisions_have_no_gap() -> None:
    assert [int(page.name[:4]) for page in DECISIONS] == list(range(1, len(DECISIONS) + 1))


def test_the_operators_page_lists_every_reason_of_a_dead_letter() -> None:
    text = (ROOT / "docs/operations.md").read_text("utf-8").partition("## Dead letters")[2]
    assert set(re.findall(r"^\| `([a-z-]+)` \|", text, re.M)) == {reason.value for reason in Reason}


def test_the_workflow_runs_the_same_script_on_every_python_that_is_declared() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text("utf-8"))
    job = workflow["jobs"]["check"]
    assert [step["run"] for step in job["steps"] if "run" in step] == [".ci/run"]
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    declared = re.findall(r"Python :: (3\.\d+)", " ".join(settings["project"]["classifiers"]))
    rows = {(row["os"], row["python"]) for row in job["strategy"]["matrix"]["include"]}
    assert rows == {(f"{os}-latest", python) for os in ("ubuntu", "macos") for python in declared}


def test_the_commit_hooks_are_tools_of_the_virtual_environment() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    hooks = [hook for repository in config["repos"] for hook in repository["hooks"]]
    assert {repository["repo"] for repository in config["repos"]} == {"local"}
    tools = {hook["entry"].split()[0] for hook in hooks}
    assert tools == {f".venv/bin/{tool}" for tool in ("ruff", "mypy", "lint-imports")}


def test_the_version_is_the_newest_release_or_in_development_after_it() -> None:
    """So that workers of a release and of what comes after it are told apart."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    lock = tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))
    locked = next(p["version"] for p in lock["package"] if p["name"] == settings["project"]["name"])
    releases = re.findall(
        r"^## \[(\d+\.\d+\.\d+)\]", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M
    )
    version = settings["project"]["version"]
    assert version == locked
    development = version.partition(".dev")
    if development[1]:
        assert development[0] > releases[0]
        assert "## [Unreleased]\n" in (ROOT / "CHANGELOG.md").read_text("utf-8")
    else:
        assert version == releases[0]
