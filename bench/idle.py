"""Our worker with a pipeline that does nothing: what is left is the transport."""

from collections.abc import Sequence
from datetime import datetime

from worker import tasks
from worker.pipeline import Delivery


class Idle:
    def ingest(self, deliveries: Sequence[Delivery], *, now: datetime) -> list[object]:
        return []


tasks.pipeline = Idle
app = tasks.app
