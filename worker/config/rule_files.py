"""Find and read one rule file, from the user's config folder or from the package.

The user's folder (WORKER_CONFIG_DIR) needs only the files that differ from the packaged ones.
"""

import tomllib
from collections.abc import Collection
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError

from worker.errors import BadConfig

_PACKAGE = Path(__file__).parents[1]
# In a wheel the defaults are package data; in a checkout they are beside the package.
PACKAGED = next(d for d in (_PACKAGE / "_config", _PACKAGE.parent / "config") if d.is_dir())

MOST_PROBLEMS = 5  # shown when a process refuses to start
_NAMES = ("code", "id", "name", "source")  # the keys that name an entry of a list

RuleModel = TypeVar("RuleModel", bound=BaseModel)


def find(name: str, config_dir: Path | None) -> Path:
    """Return the path of the rule file `name` in `config_dir`, or else in the package.

    Without a folder (None), it is the file in the package. Raises BadConfig when the folder
    `config_dir` does not exist.
    """
    if config_dir is not None and not config_dir.is_dir():
        raise BadConfig(f"WORKER_CONFIG_DIR: {config_dir} is not a folder")
    own_file = config_dir / name if config_dir else None
    return own_file if own_file and own_file.is_file() else PACKAGED / name


def names_in(folder: str, config_dir: Path | None) -> list[str]:
    """List the names of the rule files in a folder of the config, such as "rules".

    These are the `.toml` files in that folder of the package and of the user's folder `config_dir`,
    each once, as folder and name without `.toml`, such as "rules/weather", sorted.
    """
    folders = [parent / folder for parent in (PACKAGED, config_dir) if parent]
    return sorted({f"{folder}/{file.stem}" for parent in folders for file in parent.glob("*.toml")})


def unread_files(names: Collection[str], config_dir: Path | None) -> dict[Path, str]:
    """Find the `.toml` files in the user's config folder that no worker reads, such as misspelt
    ones.

    `names` are the names, without `.toml`, of the files that are read. The result maps the path of
    each unread file to the name that was probably meant, or to "" if no name is similar.
    """
    unread = (
        [f for f in sorted(config_dir.glob("*.toml")) if f.stem not in names] if config_dir else []
    )
    return {f: next(iter(get_close_matches(f.stem, names, n=1)), "") for f in unread}


def read(path: Path, rules: type[RuleModel], most: int = MOST_PROBLEMS) -> RuleModel:
    """Read a TOML file of rules, and validate it by the pydantic class `rules`.

    Returns an object of that class; the same object for the same text, as long as it is among the
    last ones. Raises BadConfig with a line for each of the first `most` problems, and one of
    advice; they name the file, the key and what was expected.
    """
    try:
        text = path.read_text("utf-8")
        return cast(RuleModel, _validated(rules, text))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as e:
        raise BadConfig(f"{path}: {e}") from e
    except ValidationError as e:
        values = tomllib.loads(text)
        problems = e.errors(include_url=False)
        explained = [_explain(path, rules, values, dict(problem)) for problem in problems]
        lines = limited([line for text in explained for line in text.split("\n")], most)
        packaged = PACKAGED / path.name
        if packaged != path and any(problem["type"] == "missing" for problem in problems):
            lines.append(f"A file needs all its keys: start from a copy of {packaged}")
        raise BadConfig("\n".join(lines)) from e


# Of twenty files usually one has changed, or none: validating all again takes half a second.
@lru_cache(maxsize=64)
def _validated(rules: type[BaseModel], text: str) -> BaseModel:
    return rules.model_validate(tomllib.loads(text))


def _explain(path: Path, rules: type[BaseModel], values: Any, problem: dict[str, Any]) -> str:
    key = _key_path(problem["loc"], values) or "(file)"
    if problem["type"] == "extra_forbidden":
        similar = get_close_matches(str(problem["loc"][-1]), _keys(rules), n=1)
        hint = f"; did you mean {similar[0]}?" if similar else ""
        return f"{path}: {key}: unknown key{hint}"
    if problem["type"] == "missing":
        return f"{path}: {key}: missing"
    value = problem.get("input")
    shown = f", got {value!r}" if isinstance(value, str | int | float | bool) else ""
    messages = problem["msg"].removeprefix("Value error, ").split("\n")
    return "\n".join(f"{path}: {key}: {message}{shown}" for message in messages)


def limited(lines: list[str], most: int) -> list[str]:
    """Return the first `most` lines of an error message; if it has more, also a line that says
    how many more."""
    more = len(lines) - most
    return [*lines[:most], f"… and {more} more"] if more > 0 else lines


def _key_path(location: tuple[int | str, ...], values: Any) -> str:
    """Return the path of a key in a file, such as `topic[sport].label`, for an error message.

    An entry of a list is shown by its name or code, or by its index if it has neither.
    """
    path_to_key = ""
    for part in location:
        try:
            values = values[part]
        except (KeyError, IndexError, TypeError):
            values = None
        if isinstance(part, str):
            path_to_key += f".{part}" if path_to_key else part
        else:
            names = values if isinstance(values, dict) else {}
            name = next((names[n] for n in _NAMES if isinstance(names.get(n), str)), part)
            path_to_key += f"[{name}]"
    return path_to_key


def _keys(rules: type[BaseModel]) -> list[str]:
    """Return all keys that a file of these rules may have, at any depth, for hints in errors."""
    keys: list[str] = []
    for name, field in rules.model_fields.items():
        keys.append(name)
        for inner in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                keys += _keys(inner)
    return keys
