"""Read one validated file of rules from `config/*.toml`, or from the packaged defaults.

A file missing from WORKER_CONFIG_DIR is taken from the packaged defaults, so that an own folder
need hold only what differs.
"""

import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from worker.errors import BadConfig

_PACKAGE = Path(__file__).parents[1]
# In a wheel the defaults are package data, in a checkout they lie beside the package.
PACKAGED = next(d for d in (_PACKAGE / "_config", _PACKAGE.parent / "config") if d.is_dir())

_NAMES = ("code", "id", "name", "source")  # the keys that name an entry of a list

Rules = TypeVar("Rules", bound=BaseModel)


def find(name: str, config_dir: Path | None) -> Path:
    """The own file if there is one, else the packaged one. Raises BadConfig for a lost folder."""
    if config_dir is not None and not config_dir.is_dir():
        raise BadConfig(f"WORKER_CONFIG_DIR: {config_dir} is not a folder")
    own = config_dir / name if config_dir else None
    return own if own and own.is_file() else PACKAGED / name


def names_in(folder: str, config_dir: Path | None) -> list[str]:
    """The names of the files that a folder of rules holds, own and packaged, in their order."""
    homes = [home / folder for home in (PACKAGED, config_dir) if home]
    return sorted({f"{folder}/{file.stem}" for home in homes for file in home.glob("*.toml")})


def read(path: Path, rules: type[Rules]) -> Rules:
    """One validated file. Raises BadConfig with up to five lines: file, key, what was expected."""
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as e:
        raise BadConfig(f"{path}: {e}") from e
    try:
        return rules.model_validate(values)
    except ValidationError as e:
        problems = e.errors(include_url=False)
        lines = [_explain(path, rules, values, dict(problem)) for problem in problems[:5]]
        raise BadConfig("\n".join(lines)) from e


def _explain(path: Path, rules: type[BaseModel], values: Any, problem: dict[str, Any]) -> str:
    key = _named(problem["loc"], values) or "(file)"
    if problem["type"] == "extra_forbidden":
        near = get_close_matches(str(problem["loc"][-1]), _keys(rules), n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        return f"{path}: {key}: unknown key{hint}"
    if problem["type"] == "missing":
        return f"{path}: {key}: missing"
    got = problem.get("input")
    shown = f", got {got!r}" if isinstance(got, str | int | float | bool) else ""
    said = problem["msg"].removeprefix("Value error, ")
    return f"{path}: {key}: {said}{shown}"


def _named(place: tuple[int | str, ...], values: Any) -> str:
    """The way to a key: entries of a list by what they are called, if they are."""
    way = ""
    for part in place:
        try:
            values = values[part]
        except (KeyError, IndexError, TypeError):
            values = None
        if isinstance(part, str):
            way += f".{part}" if way else part
        else:
            names = values if isinstance(values, dict) else {}
            way += f"[{next((names[n] for n in _NAMES if isinstance(names.get(n), str)), part)}]"
    return way


def _keys(rules: type[BaseModel]) -> list[str]:
    """Every key that may stand somewhere in a file of these rules."""
    keys: list[str] = []
    for name, field in rules.model_fields.items():
        keys.append(name)
        for inner in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                keys += _keys(inner)
    return keys
