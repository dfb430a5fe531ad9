"""Signal handlers that start the embedded broker and set up the log when a worker starts."""

import logging
import sys
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import click

from worker.broker import embedded
from worker.errors import WorkerError, exit_code
from worker.model.log_formats import formatter
from worker.model.log_lines import keep_on_one_line
from worker.model.private_files import restrict_umask
from worker.settings import Settings

log = logging.getLogger("worker")

_TASK_LOGGERS = ("celery.worker.strategy", "celery.app.trace")  # "received", "succeeded"


_names = SimpleNamespace(worker="")  # of this worker in Celery, when it is known


def refusal(error: WorkerError) -> SystemExit:
    """Print why a worker refuses to start, in one line, and return the SystemExit to raise.

    The line goes to standard error. A signal handler must raise SystemExit: Celery logs any other
    exception and goes on, or prints a page of traceback.
    """
    print(f"worker: {error}", file=sys.stderr)
    return SystemExit(exit_code(error))


def start_broker(sender: str = "", instance: Any = None, **_: Any) -> None:
    """Make the folder var private, and start the embedded broker unless the settings name another.

    Celery calls this by its signal `celeryd_init`, before the banner, the first connection and any
    fork. Raises SystemExit when the broker does not start.
    """
    restrict_umask()
    settings = Settings.load()
    _names.worker = sender
    if instance is not None and settings.log_format != "text":
        instance.quiet = True  # its banner is no log line
        log_to_stderr(settings.log_format, sender)
        _log_signals(settings.log_format, sender)
    try:
        settings.make_var_dir()
        if settings.embedded_broker:
            embedded.ensure(settings.var_dir)
    except WorkerError as e:
        raise refusal(e) from e


def _log_signals(log_format: str, worker: str) -> None:
    """Let Celery print what it says about signals as log lines."""
    from worker.broker.celery_internals import reword_signals  # a producer does without it

    if form := formatter(log_format, worker):

        def as_line(text: str) -> str:
            return form.format(logging.LogRecord("celery", logging.INFO, "", 0, text, (), None))

        reword_signals(as_line)


def set_up_log(logger: logging.Logger, **_: Any) -> None:
    """Give the loggers of this package the form and the level in the settings.

    Celery calls this by its signal `after_setup_logger`. The root logger keeps WARNING. With the
    option `--loglevel`, that level holds for both. The two lines that Celery writes for each task
    are shown with the level DEBUG only: worker.pipeline logs what became of the articles.
    """
    settings = Settings.load()
    set_up_handlers(logger.handlers, settings.log_format, _names.worker)
    set_up_handlers(logging.getLogger("multiprocessing").handlers, settings.log_format)
    if not _has_loglevel_option():
        level = logging.getLevelName(settings.log_level)
        log.setLevel(level)
        logger.setLevel(max(logger.level, level))
    if logger.getEffectiveLevel() > logging.DEBUG:
        for name in _TASK_LOGGERS:
            logging.getLogger(name).setLevel(logging.WARNING)


def set_up_task_log(logger: logging.Logger, **_: Any) -> None:
    """Give Celery's logger for tasks the form in the settings.

    Celery calls this by its signal `after_setup_task_logger`.
    """
    set_up_handlers(logger.handlers, Settings.load().log_format, _names.worker)


def log_to_stderr(log_format: str, worker: str = "") -> None:
    """Write log lines, and warnings of Python, to standard error in the form `log_format`.

    It is for the time before Celery sets up its log, and for processes in which it does not; with
    the form `text`, nothing changes.
    """
    if log_format != "text":
        handler = logging.StreamHandler()
        set_up_handlers([handler], log_format, worker)
        logging.getLogger().addHandler(handler)
        logging.captureWarnings(True)


def set_up_handlers(handlers: Iterable[logging.Handler], log_format: str, worker: str = "") -> None:
    """Let these handlers write one line for each record, in the form `log_format`: text, logfmt or
    json. `worker` is the name of this worker in Celery."""
    for handler in handlers:
        if form := formatter(log_format, worker):
            handler.setFormatter(form)
        else:
            handler.addFilter(keep_on_one_line)


def _has_loglevel_option() -> bool:
    """Whether `celery worker` was given --loglevel, or its variable CELERY_WORKER_LOGLEVEL."""
    context = click.get_current_context(silent=True)
    source = context.get_parameter_source("loglevel") if context else None
    return source not in (None, click.core.ParameterSource.DEFAULT)
