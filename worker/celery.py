"""The Celery application of the worker, for producers, commands and `celery -A worker worker`.

`python -P -m worker.celery worker` starts a worker also in a folder that holds another worker.py.
The Celery settings made here belong together: a message is acked only after its articles are
stored, the message of a killed process is delivered again, and task results are not kept.
"""

import sys
from functools import cache
from typing import Any

from celery import Celery
from celery.signals import after_setup_logger, after_setup_task_logger, celeryd_init
from kombu.entity import Exchange, Queue
from kombu.exceptions import OperationalError
from redis.backoff import NoBackoff
from redis.retry import Retry

from worker import broker
from worker.broker import BULK, INGEST, QUARANTINE, REDO, embedded, startup
from worker.config.worker_rules import WorkerRules, load_worker_rules
from worker.errors import WorkerError
from worker.model.broker_address import Address, broker_address, verifying_url
from worker.settings import Settings, warn_unverified

__all__ = ["INGEST", "REDO", "SEND_ERRORS", "broker_url", "make_app"]

_SENTINEL_S = 2.0  # seconds until a Sentinel that does not answer is passed over
SEND_ERRORS = (OperationalError, OSError)  # raised by a push that the broker does not take


def broker_url(settings: Settings) -> str:
    """The address of the broker that the settings name, else that of the embedded broker."""
    return settings.broker_url or embedded.broker_url(settings.var_dir)


def make_app(url: str, rules: WorkerRules, name: str = "WORKER_BROKER_URL") -> Celery:
    """Make a Celery application for the broker at `url`, without connecting to it.

    `rules` are those of worker.toml. Raises BadConfig for an invalid address; the error names
    `name`, the setting or argument that the address comes from.
    """
    broker.register()
    address = broker_address(url, name)
    warn_unverified(url, name)
    broker_url = verifying_url(address)
    app = Celery(
        "worker",
        broker=broker_url,
        control="worker.broker.control_client:Control",
        include=["worker.tasks"],
        fixups=(),  # Celery's one is for Django projects, and imports all of Celery's worker
        set_as_current=False,
    )
    app.conf.update(_conf(rules))
    # Without these Celery would prefer CELERY_BROKER_URL, which is for another application.
    app.conf.update(broker_read_url=broker_url, broker_write_url=broker_url)
    app.conf.broker_transport_options.update(_transport_options(address))
    return app


def _transport_options(address: Address) -> dict[str, Any]:
    """The options for kombu's transport that a broker address contains, such as a key prefix."""
    options: dict[str, Any] = {
        "master_name": address.master_name,
        "global_keyprefix": address.global_keyprefix,
    }
    if address.master_name:
        # The next Sentinel is asked instead. redis-py would try each of them again for seconds.
        options["sentinel_kwargs"] = {
            "password": address.sentinel_password or None,
            "retry": Retry(NoBackoff(), 0),
            "socket_timeout": _SENTINEL_S,
            "socket_connect_timeout": _SENTINEL_S,
        }
    return {name: value for name, value in options.items() if value}


def _conf(rules: WorkerRules) -> dict[str, Any]:
    name = rules.queue.name
    return {
        "accept_content": ["json"],
        "task_serializer": "json",
        "task_ignore_result": True,
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_acks_on_timeout": False,  # a process past the hard limit: its message runs again
        "task_acks_on_failure": False,  # rejected instead: our transport keeps it as dead
        "task_time_limit": rules.time.hard_limit_s,
        "task_queues": [_queue(queue) for queue in (name, name + BULK, name + QUARANTINE)],
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
            "own_queues": [name, name + BULK, name + QUARANTINE],
            "background_sweeps": True,
            "socket_connect_timeout": 5,
            "socket_keepalive": True,
        },
    }


def _queue(name: str) -> Queue:
    return Queue(name, Exchange(name, type="direct"), routing_key=name)


@cache
def _app() -> Celery:
    try:
        settings = Settings.load()
        settings.refuse_celery_broker()
        app = make_app(broker_url(settings), load_worker_rules(settings.config_dir))
    except WorkerError as e:
        raise startup.refusal(e) from e
    # Not before: a producer may run in a worker of another application.
    celeryd_init.connect(startup.start_broker)
    after_setup_logger.connect(startup.set_up_log)
    after_setup_task_logger.connect(startup.set_up_task_log)
    return app


def __getattr__(name: str) -> Any:
    """Make the attribute `app`, the application for the worker's settings, when it is first read.

    Celery and the tasks read it. A producer imports this module too, and does not read it: an error
    in the environment must not end its process.
    """
    if name == "app":
        return _app()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


if __name__ == "__main__":
    from celery.__main__ import main

    sys.argv[1:1] = ["--app", "worker.celery"]  # `worker` is imported, so that no other is found
    main()
