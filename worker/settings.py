"""The settings of the worker, read from environment variables with the prefix `WORKER_`.

No other module reads these variables.
"""

import os
import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Self
from urllib.parse import unquote

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from worker.errors import BadConfig
from worker.model.broker_address import broker_address, check_store, index_address
from worker.model.masking import masked as masked  # settings are printed masked
from worker.private_files import create_private, make_private

PREFIX = "WORKER_"
# Kubernetes sets these variables in containers next to a service named "worker".
_KUBERNETES = re.compile(r"WORKER_(SERVICE_|PORT$|PORT_)")


class Settings(BaseSettings):
    """Where broker, store, index, data and config are, and how many processes a worker has.

    Every field is also an environment variable: `store_url` is WORKER_STORE_URL.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, env_ignore_empty=True, str_strip_whitespace=True
    )

    broker_url: str = Field(default="", description="Redis or Valkey; unset: the embedded one")
    store_url: str = Field(default="", description="SQLAlchemy URL; unset: SQLite in var_dir")
    index_url: str = Field(default="", description="Redis or Valkey; unset: the broker's")
    var_dir: Path = Field(default=Path("var"), description="where embedded data lives")
    config_dir: Path | None = Field(default=None, description="own rules; unset: the packaged")
    processes: int = Field(default=2, ge=1, le=256, description="worker processes of `worker run`")
    log_level: str = Field(
        default="INFO",
        pattern="^(DEBUG|INFO|WARNING|ERROR)$",
        description="log level of the worker's own lines: DEBUG, INFO, WARNING or ERROR; "
        "`--loglevel` of Celery goes first",
    )

    @field_validator("var_dir", "config_dir")
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        return path.expanduser().absolute() if path else path

    def refuse_celery_broker(self, environ: Mapping[str, str] = os.environ) -> None:
        """Raise BadConfig when CELERY_BROKER_URL or a similar variable names another broker.

        Celery's own variables are not used here, so the worker would connect elsewhere than
        intended.
        """
        for name in ("CELERY_BROKER_URL", "CELERY_BROKER_READ_URL", "CELERY_BROKER_WRITE_URL"):
            if environ.get(name) and environ[name] != self.broker_url:
                problem = f"{name} (or `celery --broker`) is not read here"
                raise BadConfig(f"{problem}: give the broker in WORKER_BROKER_URL")

    @property
    def embedded_broker(self) -> bool:
        return not self.broker_url

    @property
    def embedded_store(self) -> bool:
        return not self.store_url

    @property
    def store(self) -> str:
        """The SQLAlchemy URL of the store; that of the embedded SQLite file when none is set."""
        return self.store_url or f"sqlite:///{self.store_file}"

    @property
    def store_file(self) -> Path:
        """The SQLite file of the embedded store."""
        return self.var_dir / "articles.sqlite3"

    def make_var_dir(self) -> None:
        """Create the folder for embedded data (WORKER_VAR_DIR), and make it and its files private.

        Raises BadConfig when that fails.
        """
        try:
            make_private(self.var_dir)
            if self.embedded_store:
                create_private(self.store_file)
        except OSError as e:
            problem = f"WORKER_VAR_DIR: {self.var_dir}: {e.strerror}"
            raise BadConfig(f"{problem}; choose a folder that can be written") from e

    def heartbeat(self, node: str) -> Path:
        """The file that the worker with this Celery node name touches while it makes progress."""
        return self.var_dir / f"{node}.heartbeat"

    def config_report(self, node: str) -> Path:
        """The file in which the worker with this Celery node name reports the config in force."""
        return self.var_dir / f"{node}.config.json"

    @classmethod
    def load(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Read the settings from the environment, and check them without connecting.

        Raises BadConfig that names the variable, also for an unknown one with the prefix `WORKER_`.
        """
        _refuse_unknown(environ)
        try:
            settings = cls()
        except ValidationError as e:
            first = e.errors(include_url=False, include_input=True)[0]
            name = PREFIX + str(first["loc"][0]).upper()
            raise BadConfig(f"{name}: {first['msg']}, got {first['input']!r}") from e
        settings._check_addresses()
        return settings

    def _check_addresses(self) -> None:
        if self.broker_url:
            broker_address(self.broker_url)
        if self.index_url:
            index_address(self.index_url)
        if self.store_url:
            check_store(self.store_url)
            _check_folder(self.store_url)

    def origins(self, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
        """The origin of each field's value: the name of its environment variable, or "default"."""
        names = {field: PREFIX + field.upper() for field in type(self).model_fields}
        return {f: name if environ.get(name) else "default" for f, name in names.items()}


def _check_folder(store_url: str) -> None:
    """Check that the folder of a SQLite store exists, because SQLite creates only the file.

    Raises BadConfig.
    """
    scheme, _, rest = store_url.partition("://")
    if scheme.partition("+")[0] != "sqlite":
        return
    file = Path(unquote(rest.partition("?")[0].removeprefix("/"))).absolute()
    if not file.parent.is_dir():
        raise BadConfig(f"WORKER_STORE_URL: there is no folder {file.parent}; make it first")
    if file.is_dir():
        raise BadConfig(f"WORKER_STORE_URL: {file} is a folder, expected a file")


def _refuse_unknown(environ: Mapping[str, str]) -> None:
    names = [PREFIX + field.upper() for field in Settings.model_fields]
    for name in environ:
        if name.startswith(PREFIX) and name not in names and not _KUBERNETES.match(name):
            similar = get_close_matches(name, names, n=1)
            hint = f"; did you mean {similar[0]}?" if similar else f"; known are {', '.join(names)}"
            raise BadConfig(f"{name}: unknown setting{hint}")
