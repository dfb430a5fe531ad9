"""Imports point one way: between the packages of the repository, and between their modules."""

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAY_IMPORT = {
    "worker": set[str](),
    "devtools": {"worker"},
    "bench": {"worker", "devtools"},
    "training": {"worker", "devtools"},
    "tests": {"worker", "devtools", "bench", "training"},  # a test imports what it tests
}

Graph = dict[str, set[str]]


def imported_names(source: str) -> Iterator[str]:
    """Dotted names that a file imports anywhere: in functions and for type checking too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def import_graph(sources: dict[str, str]) -> Graph:
    """Edges between these modules, by dotted name; an imported name counts as its module."""

    def module_of(name: str) -> str:
        while name and name not in sources:
            name = name.rpartition(".")[0]
        return name

    return {
        module: {module_of(name) for name in imported_names(source)} - {"", module}
        for module, source in sources.items()
    }


@cache
def repository() -> Graph:
    files = [file for package in MAY_IMPORT for file in (ROOT / package).rglob("*.py")]
    return import_graph({dotted_name(file): file.read_text("utf-8") for file in files})


def dotted_name(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def cycle(graph: Graph) -> list[str]:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as e:
        return list(e.args[1])
    return []


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_a_package_imports_only_packages_below_it(package: str) -> None:
    forbidden = MAY_IMPORT.keys() - MAY_IMPORT[package] - {package}
    wrong = [
        f"{module} imports {name}"
        for module, names in repository().items()
        for name in names
        if module.partition(".")[0] == package and name.partition(".")[0] in forbidden
    ]
    assert wrong == []


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_no_module_imports_itself_through_others(package: str) -> None:
    inside = {m for m in repository() if m == package or m.startswith(f"{package}.")}
    assert len(inside) > 1
    assert cycle({module: repository()[module] & inside for module in inside}) == []


def test_a_cycle_is_found_wherever_the_import_stands() -> None:
    sources = {
        "a.one": "from a import two",
        "a.two": "def f():\n    from a.three import name",
        "a.three": "if TYPE_CHECKING:\n    import a.one",
    }
    assert set(cycle(import_graph(sources))) == sources.keys()
    assert cycle(import_graph(sources | {"a.three": ""})) == []
