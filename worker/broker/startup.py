"""Signal handlers that start the embedded broker and set up the log when a worker starts."""

import logging
import sys
from typing import Any

import click

from worker.broker import embedded
from worker.errors import WorkerError, exit_code
from worker.model.log_lines import keep_on_one_line
from worker.model.private_files import restrict_umask
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
    """Make the folder var private, and start the embedded broker unless the settings name another.

    Celery calls this by its signal `celeryd_init`, before the banner, the first connection and any
    fork. Raises SystemExit when the broker does not start.
    """
    restrict_umask()
    settings = Settings.load()
    try:
        settings.make_var_dir()
        if settings.embedded_broker:
            embedded.ensure(settings.var_dir)
    except WorkerError as e:
        raise refusal(e) from e


def set_log_level(logger: logging.Logger, **_: Any) -> None:
    """Give the loggers of this package the level in the settings, and keep log lines on one line.

    Celery calls this by its signal `after_setup_logger`. The root logger keeps WARNING, so Celery's
    lines per task are not shown. With the option `--loglevel`, that level holds for both.
    """
    for handler in logger.handlers:
        handler.addFilter(keep_on_one_line)
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
