"""Open the broker for a command that changes or shows what is in it."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any

from worker.broker import embedded
from worker.broker.connection import BrokerConnection
from worker.broker.presence import PresentWorker, present_workers
from worker.celery import broker_url, make_app
from worker.config.worker_rules import load_worker_rules
from worker.settings import Settings


@contextmanager
def broker_channel(settings: Settings) -> Iterator[tuple[Any, str]]:
    """Yield a channel to the broker and the name of the live queue to a `with` block. The embedded
    broker is started for it if it does not run, and stopped afterwards unless others use it.

    Raises Unavailable when the broker does not answer, also to a command in the block.
    """
    rules = load_worker_rules(settings.config_dir)
    with ExitStack() as stack:
        if settings.embedded_broker:
            if not settings.var_dir.exists():  # a wrong folder: start no broker in it
                settings.refuse_missing_store()
            stack.enter_context(embedded.borrowed(settings.var_dir))
        app = stack.enter_context(make_app(broker_url(settings), rules))
        connection = stack.enter_context(closing(BrokerConnection(app)))
        yield stack.enter_context(connection.channel()), rules.queue.name


def workers_at_work(settings: Settings) -> list[PresentWorker]:
    """Ask the broker which workers are running, on all hosts; the embedded one is not started for
    it.

    Raises Unavailable when the broker does not answer.
    """
    if settings.embedded_broker and not embedded.is_running(settings.var_dir):
        return []
    rules = load_worker_rules(settings.config_dir)
    connection = BrokerConnection(make_app(broker_url(settings), rules))
    with closing(connection), connection.channel() as channel:
        return present_workers(channel, rules.queue.name)
