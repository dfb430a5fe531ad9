"""Settings are where things are: the environment, prefix `WORKER_`, read here and nowhere else."""

import os
import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Self

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from worker.address import masked as masked  # settings are printed masked
from worker.errors import BadConfig

PREFIX = "WORKER_"
# Kubernetes puts these into every container beside a service that is called "worker".
_FOREIGN = re.compile(r"WORKER_(SERVICE_|PORT$|PORT_)")


class Settings(BaseSettings):
    """Every field is also an environment variable: `store_url` is WORKER_STORE_URL."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, env_ignore_empty=True)

    broker_url: str = Field(default="", description="Redis or Valkey; unset: the embedded one")
    store_url: str = Field(default="", description="SQLAlchemy URL; unset: SQLite in var_dir")
    index_url: str = Field(default="", description="Redis or Valkey; unset: the broker's")
    var_dir: Path = Field(default=Path("var"), description="where embedded data lives")
    config_dir: Path | None = Field(default=None, description="own rules; unset: the packaged")
    processes: int = Field(default=2, ge=1, le=256, description="worker processes of `worker run`")
    log_level: str = Field(
        default="INFO",
        pattern="^(DEBUG|INFO|WARNING|ERROR)$",
        description="log level of `worker run`: DEBUG, INFO, WARNING or ERROR",
    )

    @field_validator("var_dir", "config_dir")
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        return path.expanduser().absolute() if path else path

    @property
    def embedded_broker(self) -> bool:
        return not self.broker_url

    @property
    def embedded_store(self) -> bool:
        return not self.store_url

    @property
    def store(self) -> str:
        """The store's URL, with the embedded default filled in."""
        return self.store_url or f"sqlite:///{self.store_file}"

    @property
    def store_file(self) -> Path:
        """Where the embedded store lies."""
        return self.var_dir / "articles.sqlite3"

    def heartbeat(self, node: str) -> Path:
        """The file that the worker with this Celery node name touches while it works."""
        return self.var_dir / f"{node}.heartbeat"

    def config_report(self, node: str) -> Path:
        """Where the worker with this Celery node name says which config it runs with."""
        return self.var_dir / f"{node}.config.json"

    @classmethod
    def load(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Settings from the environment. Raises BadConfig with the variable's name."""
        _refuse_unknown(environ)
        try:
            return cls()
        except ValidationError as e:
            first = e.errors(include_url=False, include_input=True)[0]
            name = PREFIX + str(first["loc"][0]).upper()
            raise BadConfig(f"{name}: {first['msg']}, got {first['input']!r}") from e

    def origins(self, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
        """Where each value came from: the variable's name, or "default"."""
        names = {field: PREFIX + field.upper() for field in type(self).model_fields}
        return {f: name if environ.get(name) else "default" for f, name in names.items()}


def _refuse_unknown(environ: Mapping[str, str]) -> None:
    known = [PREFIX + field.upper() for field in Settings.model_fields]
    for name in environ:
        if name.startswith(PREFIX) and name not in known and not _FOREIGN.match(name):
            near = get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(known)}"
            raise BadConfig(f"{name}: unknown setting{hint}")
