"""The worker with a pipeline that does nothing, to measure the transport alone."""

from collections.abc import Sequence
from datetime import datetime

from worker import tasks
from worker.model.records import NO_ATTEMPT, Attempt, Outcome
from worker.pipeline.deliveries import Delivery
from worker.pipeline.ingestion import Pipeline


class Idle(Pipeline):
    def __init__(self) -> None:
        pass

    def ingest(
        self, deliveries: Sequence[Delivery], *, now: datetime, handling: Attempt = NO_ATTEMPT
    ) -> list[Outcome]:
        return []


tasks.pipeline = Idle
app = tasks.app
