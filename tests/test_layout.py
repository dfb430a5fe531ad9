"""The tree explains itself: one word for one thing, rooms with a sign, and no import circle."""

import ast
import tokenize
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

import worker

ROOT = Path(worker.__file__).parent
# Names that tell a reader nothing about the thing that they stand for.
RIDDLES = frozenset(
    "its told said saying sayings gone mine theirs mates likes alike whom whose grave bury "
    "undertaker patrol doomed strays portrait sieve".split()
)


def modules() -> dict[str, Path]:
    """Every module by its dotted name, without the migrations, which are numbered."""
    found = {}
    for file in sorted(ROOT.rglob("*.py")):
        if "versions" in file.parts:
            continue
        parts = ("worker", *file.relative_to(ROOT).with_suffix("").parts)
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


MODULES = modules()


def tree(name: str) -> ast.Module:
    return ast.parse(MODULES[name].read_text("utf-8"))


def test_the_top_holds_few_modules_and_a_folder_for_each_part() -> None:
    entries = [p for p in ROOT.iterdir() if p.name not in ("__pycache__", "_config", "py.typed")]
    top = {p.stem for p in entries if p.suffix == ".py" and not p.stem.startswith("__")}
    assert top == {"background", "bootstrap", "celery", "errors", "settings", "tasks"}
    assert len([p for p in entries if p.is_dir()]) <= 16


@pytest.mark.parametrize("name", [n for n, f in MODULES.items() if f.name == "__init__.py"])
def test_every_folder_says_what_belongs_there(name: str) -> None:
    assert len(ast.get_docstring(tree(name)) or "") > 40


def test_no_two_modules_share_a_name() -> None:
    names = Counter(name.rpartition(".")[2] for name in MODULES)
    assert [name for name, count in names.items() if count > 1] == []


def classes_and_aliases() -> Iterator[tuple[str, str]]:
    """Public classes and type aliases with the module that defines them."""
    for name in MODULES:
        for node in tree(name).body:
            if isinstance(node, ast.ClassDef):
                yield node.name, name
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                alias = node.targets[0].id
                if alias[0].isupper() and not alias.isupper():
                    yield alias, name


def test_no_two_public_classes_share_a_name() -> None:
    homes = defaultdict(set)
    for name, module in classes_and_aliases():
        if not name.startswith("_"):
            homes[name].add(module)
    assert {name: found for name, found in homes.items() if len(found) > 1} == {}


def imports() -> dict[str, set[str]]:
    """The modules of the package that each module imports at any time."""
    graph: dict[str, set[str]] = {}
    for name in MODULES:
        found = graph[name] = set()
        for node in ast.walk(tree(name)):
            if isinstance(node, ast.ImportFrom) and node.module:
                whole = {f"{node.module}.{alias.name}" for alias in node.names}
                found |= (whole & MODULES.keys()) or ({node.module} & MODULES.keys())
            elif isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names} & MODULES.keys()
    return graph


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = imports()
    reached = {name: set(found) for name, found in graph.items()}
    for through in graph:
        for found in reached.values():
            if through in found:
                found |= reached[through]
    assert [name for name, found in reached.items() if name in found] == []


@pytest.mark.parametrize("name", MODULES)
def test_no_identifier_is_a_riddle(name: str) -> None:
    with MODULES[name].open("rb") as file:
        tokens = list(tokenize.tokenize(file.readline))
    riddles = {
        (token.start[0], token.string)
        for token in tokens
        if token.type == tokenize.NAME
        for part in [token.string.strip("_").lower().split("_")]
        if RIDDLES & set(part)
    }
    assert riddles == set()
