"""Tests stand alone: what several of them need is in tests/support, and no test imports another."""

import ast
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).parent


def imported(source: str) -> Iterator[str]:
    """Full names of everything that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def of_tests(source: str) -> list[str]:
    """Those of them that are in a test module."""
    modules = ((name, name.split(".")) for name in imported(source))
    return [
        name
        for name, parts in modules
        if parts[0] == "tests" and any(part.startswith("test_") for part in parts[1:])
    ]


def test_no_module_imports_a_test_module() -> None:
    modules = sorted(FOLDER.rglob("*.py"))
    assert len(modules) > 100
    found = {str(path.relative_to(FOLDER)): of_tests(path.read_text("utf-8")) for path in modules}
    assert {path: names for path, names in found.items() if names} == {}


def test_imports_of_test_modules_are_seen_in_every_form() -> None:
    assert of_tests("from tests.store.test_redo import cleaner") == [
        "tests.store.test_redo.cleaner"
    ]
    assert of_tests("def f():\n    import tests.test_redo as y") == ["tests.test_redo"]
    assert of_tests("from tests.support.lint import linted\nfrom tests import make") == []
    assert of_tests("from tests import test_redo") == ["tests.test_redo"]
