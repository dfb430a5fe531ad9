"""docker-compose.yml as Compose sees it without a .env: every `${NAME:-default}` replaced."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"

_VARIABLE = re.compile(r"\$(?:(\$)|\{(\w+):-([^}]*)\})")
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}
_SIZES = {"b": 1, "k": 2**10, "m": 2**20, "g": 2**30}


def stack(variables: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The parsed file. A `$` that is neither `$$` nor a variable with a default is an error."""
    parsed: dict[str, Any] = _replaced(yaml.safe_load(FILE.read_text("utf-8")), variables or {})
    return parsed


def services(variables: Mapping[str, str] | None = None) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = stack(variables)["services"]
    return found


def defaults() -> dict[str, set[str]]:
    """Every variable of the file, with the defaults it is given there."""
    found: dict[str, set[str]] = {}
    for text in _strings(yaml.safe_load(FILE.read_text("utf-8"))):
        for _, name, default in _VARIABLE.findall(text):
            if name:
                found.setdefault(name, set()).add(default)
    return found


def seconds(duration: str) -> int:
    number, unit = re.fullmatch(r"(\d+)([smh]?)", duration).groups()  # type: ignore[union-attr]
    return int(number) * _UNITS[unit]


def size(text: str) -> int:
    """Bytes of `512m`, `512mb` or `1g`."""
    number, unit = re.fullmatch(r"(\d+)([bkmg])b?", text.lower()).groups()  # type: ignore[union-attr]
    return int(number) * _SIZES[unit]


def _replaced(value: Any, variables: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _replaced(inner, variables) for key, inner in value.items()}
    if isinstance(value, list):
        return [_replaced(inner, variables) for inner in value]
    if not isinstance(value, str):
        return value
    assert "$" not in _VARIABLE.sub("", value), f"no default: {value}"
    return _VARIABLE.sub(lambda m: "$" if m[1] else variables.get(m[2]) or m[3], value)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _strings(inner)
    elif isinstance(value, str):
        yield value
