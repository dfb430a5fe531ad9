"""Open the store for `worker dead`, with the messages that the broker could not deliver."""

import click

from worker import bootstrap
from worker.broker import embedded
from worker.cli.terminal import err
from worker.errors import Unavailable
from worker.settings import Settings
from worker.store.ports import DeadLetterStore, DeadLetterWriter


def open_dead_letters() -> DeadLetterStore:
    """Open the store, and move undeliverable messages from the broker into it as dead letters."""
    settings = Settings.load()
    has_broker = not settings.embedded_broker or embedded.is_running(settings.var_dir)
    if not has_broker:
        settings.refuse_missing_store()
    bootstrap.prepare_store(settings)
    store = bootstrap.store(settings)
    click.get_current_context().call_on_close(store.close)
    if has_broker:
        try:
            _drain(settings, store)
        except Unavailable as e:
            err.print(f"{e}; messages it could not deliver are not listed", markup=False)
    return store


def _drain(settings: Settings, store: DeadLetterWriter) -> None:
    from worker.broker.connection import BrokerConnection
    from worker.celery import broker_url, make_app
    from worker.config.worker_rules import load_worker_rules
    from worker.maintenance.undeliverable import drain

    app = make_app(broker_url(settings), load_worker_rules(settings.config_dir))
    link = BrokerConnection(app)
    try:
        with link.channel() as channel:
            drain(channel, list(app.amqp.queues), store)
    finally:
        link.close()
        app.close()
