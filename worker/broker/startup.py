"""Signal handlers for the start of a worker: the embedded broker, the log level, and refusals."""

import logging
import sys
from typing import Any

import click

from worker.broker import embedded
from worker.errors import WorkerError, exit_code
from worker.settings import Settings

log = logging.getLogger("worker")


def refusal(error: WorkerError) -> SystemExit:
    """Print the error in one line on standard error, and return the SystemExit to raise.

    Celery logs any other exception of a signal handler and goes on, or prints a page of traceback.
    """
    print(f"worker: {error}", file=sys.stderr)
    return SystemExit(exit_code(error))


def start_broker(**_: Any) -> None:
    """Start the embedded broker unless the settings name another one.

    For Celery's signal `celeryd_init`, which comes before the banner, the first connection and any
    fork.
    """
    settings = Settings.load()
    if not settings.embedded_broker:
        return
    try:
        embedded.ensure(settings.var_dir)
    except WorkerError as e:
        raise refusal(e) from e


def set_log_level(logger: logging.Logger, **_: Any) -> None:
    """Give the loggers of this package the level of the settings; the root logger keeps WARNING.

    For Celery's signal `after_setup_logger`. So the lines per batch and per dead letter are shown,
    and Celery's own lines are not. With `--loglevel` the level of that option holds for both.
    """
    if _has_loglevel_option():
        return
    level = logging.getLevelName(Settings.load().log_level)
    log.setLevel(level)
    logger.setLevel(max(logger.level, level))


def _has_loglevel_option() -> bool:
    """Whether --loglevel, or its variable CELERY_WORKER_LOGLEVEL, was passed to `celery worker`."""
    context = click.get_current_context(silent=True)
    source = context.get_parameter_source("loglevel") if context else None
    return source not in (None, click.core.ParameterSource.DEFAULT)
