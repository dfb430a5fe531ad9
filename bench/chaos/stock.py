"""Stock Celery on stock kombu with our pipeline: the baseline of the fault matrix.

The settings are those with which stock Celery loses fewest messages: late acks, messages of killed
pool processes requeued, unlimited retries, a short visibility timeout and a fast sweep.
"""

from datetime import UTC, datetime
from typing import Any

from celery import Celery, Task
from celery.signals import celeryd_init
from kombu.entity import Exchange, Queue

from worker import bootstrap
from worker.config.worker_rules import load_worker_rules
from worker.errors import Unavailable
from worker.model.broker_address import broker_address
from worker.model.receipts import delivered_receipt
from worker.pipeline.deliveries import Delivery
from worker.pipeline.ingestion import Pipeline
from worker.settings import Settings

VISIBILITY_S, SWEEP_S = 10, 1

_rules = load_worker_rules(Settings.load().config_dir)
_pipeline: list[Pipeline] = []

_address = broker_address(Settings.load().broker_url)
app = Celery("stock", broker=_address.url, set_as_current=False)
app.conf.update(
    accept_content=["json"],
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_time_limit=_rules.time.hard_limit_s,
    task_queues=[Queue("articles", Exchange("articles", type="direct"), routing_key="articles")],
    task_default_queue="articles",
    worker_prefetch_multiplier=1,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options={
        "visibility_timeout": VISIBILITY_S,
        "unacked_restore_interval": SWEEP_S,
        "unacked_restore_throttle": 1,
        # kombu takes the name of a Sentinel set as an option, and ignores it in an address.
        **({"master_name": _address.master_name} if _address.master_name else {}),
    },
)


@celeryd_init.connect
def _prepare(**_: object) -> None:
    bootstrap.prepare(Settings.load())
    _pipeline.append(bootstrap.pipeline(Settings.load()))


# Not shared: other applications in this process have a task of this name.
@app.task(name="articles.ingest", bind=True, max_retries=None, shared=False)
def ingest(self: Task, articles: Any, receipts: list[str] | None = None) -> None:
    batch = articles if isinstance(articles, list) else [articles]
    deliveries = [
        Delivery(receipt=delivered_receipt(raw, index, str(self.request.id), receipts), raw=raw)
        for index, raw in enumerate(batch)
    ]
    try:
        _pipeline[0].ingest(deliveries, now=datetime.now(UTC))
    except Unavailable as e:
        raise self.retry(exc=e, countdown=1) from e
