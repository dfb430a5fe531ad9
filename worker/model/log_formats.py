"""Write log lines for machines: as JSON, or as logfmt (pairs key=value). One line is one event.

docs/logs.md lists the fields. Both forms also take the lines of Celery and other libraries, which
have a `message` in place of an event and values.
"""

import json
import logging
import os
from datetime import UTC, datetime
from typing import Any

from worker.model.log_lines import LogEvent, context, log_event, quoted

RESERVED = frozenset(
    ("time", "level", "logger", "event", "message", "worker", "pid", "task_id", "traceparent")
) | {"traceback"}

Fields = dict[str, str | int | float | bool]


class JsonFormatter(logging.Formatter):
    """Formats log records as JSON, one object a line in ASCII. `worker` is the name of this worker
    in Celery."""

    def __init__(self, worker: str = "") -> None:
        super().__init__()
        self._worker = worker

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(fields_of(record, self._worker), ensure_ascii=True, default=str)


class LogfmtFormatter(logging.Formatter):
    """Formats log records as logfmt: pairs key=value, with values in quotes where that is needed.
    `worker` is the name of this worker in Celery."""

    def __init__(self, worker: str = "") -> None:
        super().__init__()
        self._worker = worker

    def format(self, record: logging.LogRecord) -> str:
        pairs = fields_of(record, self._worker).items()
        return " ".join(f"{key}={quoted(_text(value))}" for key, value in pairs)


def formatter(log_format: str, worker: str) -> logging.Formatter | None:
    """Return the formatter for the setting WORKER_LOG_FORMAT; None for `text`, which is Celery's
    own form."""
    kinds: dict[str, Any] = {"json": JsonFormatter, "logfmt": LogfmtFormatter}
    return kinds[log_format](worker) if log_format in kinds else None


def fields_of(record: logging.LogRecord, worker: str) -> Fields:
    """Return all that a log record says, in the order in which it is written.

    A key of an event that is also one of the general keys gets a `_` at its end.
    """
    found = getattr(record, "log_event", None)
    is_own = record.name.partition(".")[0] == "worker"
    event = found if isinstance(found, LogEvent) else log_event(record) if is_own else None
    at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    fields: Fields = {"time": at.replace("+00:00", "Z"), "level": record.levelname.lower()}
    fields["logger"] = record.name
    if event and event.name:
        fields["event"] = event.name
        own = event.fields.items()
        fields |= {f"{key}_" if key in RESERVED else key: value for key, value in own}
    message = event.note if event and event.name else _message(record)
    if message:
        fields["message"] = message
    if worker:
        fields["worker"] = worker
    fields["pid"] = record.process or os.getpid()
    task_id, traceparent = context()
    fields |= {"task_id": task_id} if task_id else {}
    fields |= {"traceparent": traceparent} if traceparent else {}
    if record.exc_info:
        fields["traceback"] = logging.Formatter().formatException(record.exc_info)
    elif record.exc_text:
        fields["traceback"] = record.exc_text
    return fields


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - a library may log with wrong arguments
        return str(record.msg)


def _text(value: str | float) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
