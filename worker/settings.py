"""The settings of the worker, read from environment variables with the prefix `WORKER_`.

No other module reads these variables.
"""

import logging
import os
import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Self
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from worker.errors import BadConfig
from worker.model.alert_addresses import (
    check_http_url,
    mail_addresses,
    masked_http_url,
    smtp_server,
)
from worker.model.broker_address import broker_address, check_store, index_address, is_unverified
from worker.model.masking import STARS
from worker.model.masking import masked as masked  # settings are printed masked
from worker.model.private_files import create_private, make_private

log = logging.getLogger("worker")

PREFIX = "WORKER_"
_warned: set[str] = set()  # settings whose server is not verified, and that were logged
# Kubernetes sets these variables in containers next to a service named "worker" or "worker-web".
_KUBERNETES = re.compile(r"WORKER_(WEB_)?(SERVICE_|PORT$|PORT_)")


class Settings(BaseModel):
    """Where broker, store, index, data and config are, and how many processes a worker has.

    A field is set by an environment variable: `store_url` by WORKER_STORE_URL. Without `broker_url`
    or `store_url`, a server or SQLite file in the folder `var_dir` is used, without `index_url` the
    broker's server, and without `config_dir` the rules in the package. `processes` is for `worker
    run`, and `log_level` for the log lines of this package. `web_read_only`, `web_password` and
    `web_password_file` are for `worker web`.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", str_strip_whitespace=True, validate_default=True
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
    web_read_only: bool = Field(
        default=False,
        description="1: `worker web` changes nothing, and may listen on any address without a "
        "password",
    )
    web_password: SecretStr = Field(
        default=SecretStr(""),
        description="password of `worker web`; unset: it listens on this machine only",
    )
    web_password_file: Path | None = Field(
        default=None, description="file with that password, such as a mounted secret"
    )
    log_format: str = Field(
        default="text",
        pattern="^(text|logfmt|json)$",
        description="form of log lines: text, logfmt or json; docs/logs.md lists their fields",
    )
    alert_webhook: str = Field(default="", description="address to which alerts are posted")
    alert_secret: str = Field(default="", description="secret that signs what is posted there")
    alert_mail_to: str = Field(
        default="", description="mail addresses for alerts, with commas between them"
    )
    alert_mail_from: str = Field(default="", description="sender of these mails; unset: the first")
    smtp_url: str = Field(
        default="", description="server for these mails, `smtp://user:password@host:587`"
    )
    sentry_dsn: str = Field(
        default="", description="address of a Sentry project for errors; needs the extra `sentry`"
    )

    @property
    def shown(self) -> dict[str, str]:
        """The values of all settings as text, without secrets, by the names of their fields."""
        values = {name: masked(str(value or "")) for name, value in self}
        for name in ("alert_mail_to", "alert_mail_from"):
            values[name] = getattr(self, name)
        for name in ("alert_webhook", "sentry_dsn"):
            values[name] = masked_http_url(getattr(self, name)) if getattr(self, name) else ""
        return values | {"alert_secret": STARS if self.alert_secret else ""}

    @field_validator("var_dir", "config_dir", "web_password_file")
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        return path.expanduser().absolute() if path else path

    def refuse_celery_broker(self, environ: Mapping[str, str] = os.environ) -> None:
        """Raise BadConfig when CELERY_BROKER_URL or a similar variable names another broker.

        This worker does not use Celery's variables, so it would connect to another broker than the
        user intended.
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
        """The SQLAlchemy URL of the store; that of a SQLite file in `var_dir` when none is set."""
        return self.store_url or f"sqlite:///{self.store_file}"

    @property
    def store_file(self) -> Path:
        """The SQLite file in `var_dir` that holds the articles when no other store is set."""
        return self.var_dir / "articles.sqlite3"

    def refuse_missing_store(self) -> None:
        """Raise BadConfig when the store is a SQLite file that does not exist or is empty.

        A command that only reads would create it otherwise, for instance in a wrong folder. The
        error names the file, and the setting by which it was found.
        """
        file = _sqlite_file(self.store)
        if file is None or (file.is_file() and file.stat().st_size):
            return
        where = f"there is no store: {file}"
        if self.store_url:
            raise BadConfig(f"WORKER_STORE_URL: {where}; run `worker migrate` to make one")
        raise BadConfig(
            f"{where} (WORKER_STORE_URL is unset, so it is in WORKER_VAR_DIR, by default ./var); "
            "go to the folder of your worker, or set one of them"
        )

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
        """The path of the file that a worker touches while it makes progress.

        `node` is the worker's name in Celery, such as `celery@host`.
        """
        return self.var_dir / f"{node}.heartbeat"

    def config_report(self, node: str) -> Path:
        """The path of the file in which a worker reports which config it runs with.

        `node` is the worker's name in Celery, such as `celery@host`.
        """
        return self.var_dir / f"{node}.config.json"

    @classmethod
    def load(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Read the settings from environment variables, and check them without connecting anywhere.

        Raises BadConfig that names the variable, also when the prefix `WORKER_` is followed by the
        name of no setting.
        """
        _refuse_unknown(environ)
        try:
            settings = cls.model_validate(_values(environ))
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
            warn_unverified(self.index_url, "WORKER_INDEX_URL")
        if self.store_url:
            check_store(self.store_url)
            _check_folder(self.store_url)
        self._check_alerts()

    def _check_alerts(self) -> None:
        for name in ("alert_webhook", "sentry_dsn"):
            if url := getattr(self, name):
                check_http_url(url, PREFIX + name.upper())
        recipients = mail_addresses(self.alert_mail_to)
        if self.smtp_url:
            smtp_server(self.smtp_url)
        if bool(recipients) != bool(self.smtp_url):
            raise BadConfig("WORKER_ALERT_MAIL_TO and WORKER_SMTP_URL: give both or none")

    def origins(self, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
        """The origin of each setting's value: the name of an environment variable, or "default"."""
        names = {field: PREFIX + field.upper() for field in type(self).model_fields}
        return {f: name if environ.get(name) else "default" for f, name in names.items()}


def warn_unverified(url: str, name: str) -> None:
    """Log once in this process that the certificate of the server at `url` is not verified.

    Does nothing for other addresses. `name` is the setting or argument that has the address.
    """
    if is_unverified(url) and name not in _warned:
        _warned.add(name)
        log.warning("tls.unverified setting=%s; ssl_cert_reqs=none accepts any server", name)


def _check_folder(store_url: str) -> None:
    """Check that the folder of a SQLite store exists, because SQLite creates only the file.

    Raises BadConfig.
    """
    file = _sqlite_file(store_url)
    if file is None:
        return
    if not file.parent.is_dir():
        raise BadConfig(f"WORKER_STORE_URL: there is no folder {file.parent}; make it first")
    if file.is_dir():
        raise BadConfig(f"WORKER_STORE_URL: {file} is a folder, expected a file")


def _sqlite_file(store_url: str) -> Path | None:
    """The file of a SQLite store; None for another store, and for a URI with options of SQLite."""
    scheme, _, rest = store_url.partition("://")
    path = rest.partition("?")[0].removeprefix("/")
    is_file = rest.startswith("/") and path and not path.startswith("file:")
    if scheme.partition("+")[0] != "sqlite" or not is_file:
        return None
    return Path(unquote(path)).absolute()


def _values(environ: Mapping[str, str]) -> dict[str, str]:
    """The values of the settings that are in the environment, by the names of their fields.

    An empty variable counts as unset. A name may be in small letters, too; that in capitals goes
    first.
    """
    found = {name.upper(): value for name, value in environ.items() if value}
    found |= {name: value for name, value in environ.items() if value}
    names = {field: PREFIX + field.upper() for field in Settings.model_fields}
    return {field: found[name] for field, name in names.items() if name in found}


def _refuse_unknown(environ: Mapping[str, str]) -> None:
    names = [PREFIX + field.upper() for field in Settings.model_fields]
    for name in environ:
        if name.startswith(PREFIX) and name not in names and not _KUBERNETES.match(name):
            similar = get_close_matches(name, names, n=1)
            hint = f"; did you mean {similar[0]}?" if similar else f"; known are {', '.join(names)}"
            raise BadConfig(f"{name}: unknown setting{hint}")
