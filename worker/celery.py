"""The Celery application: `celery -A worker worker`.

Settings that belong together: a message is acked only after its records are written, a killed
child gives its message back, a task never raises, and nothing is kept in a result backend.
"""

from typing import Any

from celery import Celery
from kombu.entity import Exchange, Queue
from kombu.transport import TRANSPORT_ALIASES

from worker import broker
from worker.address import Address, address
from worker.broker import INGEST, QUARANTINE, REDO, REPLAY, embedded
from worker.errors import BadConfig
from worker.rules import WorkerRules, load_worker_rules
from worker.settings import Settings

__all__ = ["INGEST", "REDO", "app", "broker_url", "make_app"]


def broker_url(settings: Settings) -> str:
    """The broker's address as Celery spells it."""
    return settings.broker_url or embedded.broker_url(settings.var_dir)


def make_app(url: str, rules: WorkerRules) -> Celery:
    """An application on this broker; opens no connection."""
    broker.register()
    where = address(url)
    scheme = where.url.partition("://")[0]
    if scheme.partition("+")[0] not in TRANSPORT_ALIASES:
        raise BadConfig(f"WORKER_BROKER_URL: expected redis://HOST:PORT/DB, not {scheme}:")
    app = Celery("worker", broker=where.url, include=["worker.tasks"], set_as_current=False)
    app.conf.update(_conf(rules))
    app.conf.broker_transport_options.update(_options(where))
    return app


def _options(where: Address) -> dict[str, Any]:
    """Of kombu's transport, what the address asks for."""
    options: dict[str, Any] = {
        "master_name": where.master_name,
        "global_keyprefix": where.global_keyprefix,
    }
    if where.sentinel_password:
        options["sentinel_kwargs"] = {"password": where.sentinel_password}
    return {name: value for name, value in options.items() if value}


def _conf(rules: WorkerRules) -> dict[str, Any]:
    name = rules.queue.name
    return {
        "accept_content": ["json"],
        "task_serializer": "json",
        "task_ignore_result": True,
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_acks_on_timeout": False,  # a child past the hard limit: its message runs again
        "task_acks_on_failure": False,  # rejected instead: our transport keeps it as dead
        "task_time_limit": rules.time.hard_limit_s,
        "task_queues": [_queue(lane) for lane in (name, name + REPLAY, name + QUARANTINE)],
        "task_default_queue": name,
        "task_default_exchange": name,
        "task_default_routing_key": name,
        "task_create_missing_queues": False,
        "task_publish_retry_policy": {"max_retries": 3, "interval_step": 0.2, "interval_max": 1},
        "worker_consumer": "worker.broker.consumer:Consumer",
        "worker_prefetch_multiplier": 1,
        "worker_max_tasks_per_child": rules.child.max_batches,
        "worker_max_memory_per_child": rules.child.max_memory_mb * 1024,  # Celery counts in KiB
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_transport_options": {
            "visibility_timeout": rules.time.visibility_timeout_s,
            "unacked_restore_interval": rules.time.restore_interval_s,
            "unacked_restore_throttle": 1,
            "coalesce_messages": rules.queue.coalesce_messages,
            "coalesce_bytes": rules.queue.coalesce_bytes,
            "quarantine_passes": rules.quarantine.passes,
            "journal": f"{name}.journal",
            "socket_connect_timeout": 5,
            "socket_keepalive": True,
        },
    }


def _queue(name: str) -> Queue:
    return Queue(name, Exchange(name, type="direct"), routing_key=name)


def _app() -> Celery:
    try:
        settings = Settings.load()
        return make_app(broker_url(settings), load_worker_rules(settings.config_dir))
    except BadConfig as e:
        # `celery -A worker …` would show a page of traceback around this one line.
        raise SystemExit(f"worker: {e}") from e


app = _app()
