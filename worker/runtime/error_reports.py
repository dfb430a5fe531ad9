"""Send errors of a worker to Sentry, without anything of the articles. It needs the extra `sentry`.

An error's message, the values of variables, and the arguments of a log line may have text of an
article or a password in them. So a report is made anew from the few parts that have neither: the
name of the event, the type of the error, the places in the code, and some ids.
"""

import logging
from collections.abc import Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from worker.errors import BadConfig
from worker.model.log_lines import LogEvent, context
from worker.settings import Settings

if TYPE_CHECKING:
    from sentry_sdk.transport import Transport

_KEPT = (
    *("event_id", "timestamp", "level", "platform", "logger"),
    *("release", "environment", "server_name", "sdk"),
)
_FRAME = (
    *("filename", "abs_path", "function", "module", "lineno", "in_app"),
    *("pre_context", "context_line", "post_context"),  # lines of code
)
# Keys of log events that have ids or words of this package, never text of an article.
_TAGS = (
    *("source", "stage", "reason", "receipt", "letter", "article", "task", "id"),
    *("loop", "what", "count", "messages", "queue", "tag"),
)


def start(settings: Settings, worker: str, transport: "type[Transport] | None" = None) -> None:
    """Send all log records of level ERROR from now on to the project WORKER_SENTRY_DSN.

    Does nothing if that is not set. `worker` is the name of this worker. `transport` replaces the
    one that sends over HTTP. Raises BadConfig if the extra is not installed or the address is
    invalid.
    """
    if not settings.sentry_dsn:
        return
    try:
        import sentry_sdk
        from sentry_sdk.integrations.logging import LoggingIntegration
        from sentry_sdk.utils import BadDsn
    except ImportError as e:
        problem = "WORKER_SENTRY_DSN is set, and sentry-sdk is not installed"
        raise BadConfig(f"{problem}; pip install 'article-worker[sentry]'") from e
    try:
        sentry_sdk.init(
            dsn=settings.sentry_dsn,
            transport=transport,
            before_send=_scrubbed,
            default_integrations=False,
            auto_enabling_integrations=False,
            integrations=[LoggingIntegration(level=None, event_level=logging.ERROR)],
            release=f"article-worker@{version('article-worker')}",
            server_name=worker,
            include_local_variables=False,
            max_breadcrumbs=0,
            send_client_reports=False,
            auto_session_tracking=False,
        )
    except BadDsn as e:
        raise BadConfig("WORKER_SENTRY_DSN: it is no address of a Sentry project") from e


def _scrubbed(event: Any, hint: Mapping[str, Any]) -> Any:
    """Make the report that is sent from the one that the SDK has made."""
    report = {key: event[key] for key in _KEPT if key in event}
    logged = getattr(hint.get("log_record"), "log_event", None)
    if isinstance(logged, LogEvent) and logged.name:
        report["logentry"] = {"message": logged.name}
        report["tags"] = {key: str(logged.fields[key]) for key in _TAGS if key in logged.fields}
    else:
        report["logentry"] = {"message": f"error in {event.get('logger') or 'worker'}"}
    if task_id := context().task_id:
        report["tags"] = {**report.get("tags", {}), "task_id": task_id}
    values = (event.get("exception") or {}).get("values") or ()
    if values:
        report["exception"] = {"values": [_error(value) for value in values]}
    return report


def _error(value: Mapping[str, Any]) -> dict[str, Any]:
    """An error without its message: its type, and the places in the code it came through."""
    frames = (value.get("stacktrace") or {}).get("frames") or ()
    places = [{key: frame[key] for key in _FRAME if key in frame} for frame in frames]
    return {
        "type": value.get("type"),
        "module": value.get("module"),
        "stacktrace": {"frames": places},
    }
