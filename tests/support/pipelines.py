"""Raw articles of one story, and a pipeline that takes them in."""

from collections.abc import Sequence
from typing import Any

from tests.make import NOW
from worker.config.loader import load_config
from worker.model.records import Outcome
from worker.pipeline.deliveries import Delivery
from worker.pipeline.ingestion import Pipeline

CONFIG = load_config()
STORY = (
    "The harbour board agreed on Tuesday to deepen the eastern channel so that larger grain ships "
    "can reach the silos at every tide. Work will start in March and cost about 40 million crowns, "
    "the board said. Fishermen fear that the dredging will drive the herring out of the bay."
)


def raw(number: int = 1, text: str = STORY, **fields: Any) -> dict[str, Any]:
    """An ordinary raw article."""
    ordinary = {"id": f"a-{number}", "title": f"Harbour story {number}", "source": {"id": "wire"}}
    return {**ordinary, "content": [{"type": "text/plain", "value": text}], **fields}


def ingest(pipeline: Pipeline, raws: Sequence[object], prefix: str = "r") -> list[Outcome]:
    deliveries = [Delivery(receipt=f"{prefix}{n}", raw=each) for n, each in enumerate(raws)]
    by_receipt = {o.receipt: o for o in pipeline.ingest(deliveries, now=NOW)}
    return [by_receipt[d.receipt] for d in deliveries if d.receipt in by_receipt]
