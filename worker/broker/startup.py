"""What a worker does first: refuse in one line, start the embedded broker, show its own lines."""

import logging
import sys
from typing import Any

import click

from worker.broker import embedded
from worker.errors import WorkerError, exit_code
from worker.settings import Settings

log = logging.getLogger("worker")


def refusal(error: WorkerError) -> SystemExit:
    """Say why on standard error, in one line; raise what this returns to end with its exit code.

    Celery logs other errors of its signals and goes on, or shows them with a page of traceback.
    """
    print(f"worker: {error}", file=sys.stderr)
    return SystemExit(exit_code(error))


def start_broker(**_: Any) -> None:
    """Celery's signal `celeryd_init`: before the banner, the first connection and any fork."""
    settings = Settings.load()
    if not settings.embedded_broker:
        return
    try:
        embedded.ensure(settings.var_dir)
    except WorkerError as e:
        raise refusal(e) from e


def show_own_lines(logger: logging.Logger, **_: Any) -> None:
    """Celery's signal `after_setup_logger`: one line a batch and one a dead letter, as the root
    logger's level, which is WARNING, would hide them.

    Celery's own lines stay hidden. `--loglevel` holds for all lines alike, theirs and ours.
    """
    if _level_is_given():
        return
    level = logging.getLevelName(Settings.load().log_level)
    log.setLevel(level)
    logger.setLevel(max(logger.level, level))


def _level_is_given() -> bool:
    """Whether --loglevel, or its variable CELERY_WORKER_LOGLEVEL, was given to `celery worker`."""
    context = click.get_current_context(silent=True)
    given = context.get_parameter_source("loglevel") if context else None
    return given not in (None, click.core.ParameterSource.DEFAULT)
