"""Handlers of Celery's start-up signals: start the embedded broker, and set the log level.

The embedded broker is a server on this machine, used when the settings name no other.
"""

import logging
import sys
from typing import Any

import click

from worker.broker import embedded
from worker.errors import WorkerError, exit_code
from worker.settings import Settings

log = logging.getLogger("worker")


def refusal(error: WorkerError) -> SystemExit:
    """Print why a worker refuses to start, in one line, and return the SystemExit to raise.

    The line goes to standard error. A signal handler must raise SystemExit: Celery logs any other
    exception and goes on, or prints a page of traceback.
    """
    print(f"worker: {error}", file=sys.stderr)
    return SystemExit(exit_code(error))


def start_broker(**_: Any) -> None:
    """Start the embedded broker, a server on this machine, unless the settings name another broker.

    Celery calls this by its signal `celeryd_init`, before it prints its banner, connects or forks.
    Raises SystemExit when the broker does not start.
    """
    settings = Settings.load()
    if not settings.embedded_broker:
        return
    try:
        embedded.ensure(settings.var_dir)
    except WorkerError as e:
        raise refusal(e) from e


def set_log_level(logger: logging.Logger, **_: Any) -> None:
    """Give this package's loggers the level in the settings, and leave Celery's own at WARNING.

    Does nothing when Celery was started with its option `--loglevel`, which sets the level of all
    loggers. Celery calls this by its signal `after_setup_logger`.
    """
    if _has_loglevel_option():
        return
    level = logging.getLevelName(Settings.load().log_level)
    log.setLevel(level)
    logger.setLevel(max(logger.level, level))


def _has_loglevel_option() -> bool:
    """Whether `celery worker` was given --loglevel, or its variable CELERY_WORKER_LOGLEVEL."""
    context = click.get_current_context(silent=True)
    source = context.get_parameter_source("loglevel") if context else None
    return source not in (None, click.core.ParameterSource.DEFAULT)
