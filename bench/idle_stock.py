"""Stock Celery with a pipeline that does nothing, to measure its transport alone."""

from collections.abc import Sequence
from datetime import datetime

from bench.chaos import stock
from worker.pipeline.deliveries import Delivery


class Idle:
    def ingest(self, deliveries: Sequence[Delivery], *, now: datetime) -> list[object]:
        return []


stock._pipeline.append(Idle())
app = stock.app
