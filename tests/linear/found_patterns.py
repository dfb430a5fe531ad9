"""Find every regular expression of the package.

They are attributes of modules, arguments of functions of `re`, and the rules that ship in config/.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any, NamedTuple

import worker
from worker.clean.cleaning_rules import CleaningRules
from worker.config.loader import load_config
from worker.store.reading import search
from worker.store.reading.search import read_terms

_METHODS = frozenset("search match fullmatch sub subn split findall finditer".split())
_FOLDER = Path(worker.__file__).parent


class Found(NamedTuple):
    """One regular expression, the methods that are called on it, and the longest text they get."""

    name: str  # module and attribute, or module and line of a call, or file of rules
    pattern: re.Pattern[Any]
    methods: tuple[str, ...]
    max_chars: int = 0  # 0: no limit is known here
    joined: bool = False  # an expression joined of patterns that are found by themselves


@cache
def found_patterns() -> tuple[Found, ...]:
    """Return all patterns of the package, each object once."""
    found: dict[int, Found] = {}
    for name in _modules():
        module = import_module(name)
        used = _used_methods(_tree(name))
        for attribute, value in vars(module).items():
            for path, pattern in _inside(value, attribute):
                methods = used.get(attribute, set())
                known = found.get(id(pattern))
                methods |= set(known.methods) if known else set()
                first = known.name if known else f"{name}.{path}"
                found[id(pattern)] = Found(first, pattern, tuple(sorted(methods)))
    return (*found.values(), *_inline_patterns(), *_rule_patterns(), *_search_patterns())


def dynamic_calls() -> set[str]:
    """Return the calls of functions of `re` whose pattern is no literal, as "module: function"."""
    return {
        f"{name}: {function}"
        for name in _modules()
        for function, call in _calls(_tree(name))
        if function and not isinstance(call.args[0], ast.Constant)
    }


def _modules() -> list[str]:
    names = (module.name for module in walk_packages(worker.__path__, "worker."))
    return [n for n in names if not n.startswith("worker.store.migrations") and "__main__" not in n]


@cache
def _tree(name: str) -> ast.Module:
    path = _FOLDER.parent / Path(*name.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(file.read_text(encoding="utf-8"))


def _used_methods(tree: ast.Module) -> dict[str, set[str]]:
    """Return the methods of patterns that a module calls on each of its names."""
    used: defaultdict[str, set[str]] = defaultdict(set)
    for node in ast.walk(tree):
        called = isinstance(node, ast.Attribute) and node.attr in _METHODS
        if called and isinstance(node.value, ast.Name):
            used[node.value.id].add(node.attr)
    return used


def _inside(value: object, path: str, depth: int = 0) -> Iterator[tuple[str, re.Pattern[Any]]]:
    if isinstance(value, re.Pattern):
        yield path, value
    elif depth < 4 and isinstance(value, list | tuple | set | frozenset):
        for number, item in enumerate(value):
            yield from _inside(item, f"{path}[{number}]", depth + 1)
    elif depth < 4 and isinstance(value, dict):
        for key, item in value.items():
            yield from _inside(item, f"{path}[{key!r}]", depth + 1)


def _calls(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    """Yield the calls of functions of `re`, with the function around them; "" at module level."""
    for function in [tree, *(n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef))]:
        name = function.name if isinstance(function, ast.FunctionDef) else ""
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
                on_re = isinstance(node.func.value, ast.Name) and node.func.value.id == "re"
                if on_re and (node.func.attr in _METHODS or node.func.attr == "compile"):
                    yield name, node


def _inline_patterns() -> Iterator[Found]:
    for name in _modules():
        for function, call in _calls(_tree(name)):
            method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
            if function and isinstance(call.args[0], ast.Constant):
                pattern = re.compile(call.args[0].value)
                yield Found(f"{name}: {function}", pattern, (method,))


def _rule_patterns() -> Iterator[Found]:
    """Yield the patterns of config/cleaning.toml, with the longest text that each is tried on."""
    rules = load_config().cleaning
    for rule in rules.lines.rules:
        method = ("search",) if rule.position == "end" else ("fullmatch",)
        for language, pattern in rule.patterns.items():
            name = f"cleaning.toml: lines.{rule.name}.{language}"
            yield Found(name, re.compile(pattern), method, rule.max_chars)
    for kind in rules.failed_fetch.pages:
        by_table = {
            "titles": ("fullmatch",),
            "lines": ("fullmatch",),
            "signs": ("search",),
            "mentions": ("search",),
        }
        for table, methods in by_table.items():
            for language, pattern in getattr(kind, table).items():
                name = f"cleaning.toml: failed_fetch.{kind.name}.{table}.{language}"
                yield Found(
                    name, re.compile(pattern), methods, rules.failed_fetch.max_sentence_chars
                )
    yield from _joined_patterns(rules)


def _search_patterns() -> Iterator[Found]:
    """Yield patterns by which the words of a search are found in a text, for its snippet."""
    for term in read_terms('harbour "a b c" word* "!"'):
        pattern = re.compile(search._pattern(term), re.IGNORECASE)
        yield Found(f"search: {' '.join(term.words)}", pattern, ("search",), search.SCANNED)


def _joined_patterns(rules: CleaningRules) -> Iterator[Found]:
    """Yield the expressions into which the rules of each language are joined."""
    longest = rules.lines.max_chars
    announced = rules.credits.announced
    yield Found("cleaning.toml: credits", announced, ("match", "finditer"), longest)
    for language in sorted(rules.lines.languages):
        sets = rules.rule_sets(language)
        prefixes = f"cleaning.toml: prefixes of {language}"
        yield Found(prefixes, sets.prefix_filter, ("match",), longest, joined=True)
        expression = sets.select(True, True, False).expression
        name = f"cleaning.toml: rules of {language}"
        yield Found(name, expression, ("fullmatch",), longest, joined=True)
