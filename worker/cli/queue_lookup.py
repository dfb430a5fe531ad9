"""Look up in the broker what the store does not know yet of an article that was pushed.

A worker moves the broker's note of each push to the store. Until a worker has run, only the broker
knows that an article was pushed. An embedded broker that is stopped is not started for a look-up.
"""

from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import datetime

from worker.broker import embedded
from worker.broker.connection import BrokerConnection
from worker.broker.journal import find_receipt
from worker.celery import broker_url, make_app
from worker.cli.status_reading import running_broker
from worker.cli.status_text import START, STARTS_BOTH
from worker.cli.terminal import several
from worker.config.worker_rules import load_worker_rules
from worker.errors import Unavailable
from worker.model.receipts import is_receipt, made_at
from worker.settings import Settings


def pushed_at(settings: Settings, receipt: str) -> datetime | None:
    """Return when the article with this receipt (the id of its delivery) was pushed, if the broker
    notes it and no worker has moved that note to the store. None also if the broker does not
    answer."""
    if not is_receipt(receipt) or "://" in receipt or _embedded_down(settings):
        return None
    app = make_app(broker_url(settings), load_worker_rules(settings.config_dir))
    with suppress(Unavailable), closing(BrokerConnection(app)) as broker, broker.channel() as link:
        entry = find_receipt(link, receipt, made_at(receipt))
        return entry.at if entry else None
    return None


def queue_sentences(settings: Settings) -> Iterator[str]:
    """Say whether messages wait on the queue, and whether a worker is there to process them."""
    if _embedded_down(settings):
        if embedded.has_data(settings.var_dir):
            yield "It may wait in the embedded broker, which is stopped; no worker is running."
            yield STARTS_BOTH
        return
    broker = running_broker(settings)
    if broker is None:
        yield "The broker does not answer: run `worker doctor`."
        return
    waiting = sum(sum(lane.waiting) for lane in broker.lanes)
    wait = f"{several(waiting, 'message')} {'waits' if waiting == 1 else 'wait'} on the queue"
    if not broker.workers:
        yield f"{wait}, and no worker is running. To start one: {START}"
    elif waiting:
        yield f"{wait}; {several(len(broker.workers), 'worker')} at work."


def _embedded_down(settings: Settings) -> bool:
    return settings.embedded_broker and not embedded.is_running(settings.var_dir)
