"""Divide a batch of articles between two queues, the live lane and the bulk lane.

The live lane is the queue of new articles. The bulk lane is a second queue, which workers serve
after the live lane. It takes the articles of a source that sends very many at once, so that they do
not delay the articles of other sources. For each of the two parts the broker's load decides whether
the producer should send it now, wait, or not send it.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import takewhile
from typing import Any, NamedTuple

from worker.broker import BULK, backpressure
from worker.broker.backpressure import Advice, Answer
from worker.broker.load_measurement import measure_load_and_run
from worker.broker.source_floods import count_command, find_floods
from worker.client.batching import PackedArticle
from worker.config.worker_rules import WorkerRules


class LanePart(NamedTuple):
    """The articles of a batch that go to the same queue (`queue`).

    `advice` says whether the producer should send them now, wait first, or not send them because
    the broker is too full.
    """

    articles: list[PackedArticle]
    queue: str
    advice: Advice

    @property
    def stopped(self) -> bool:
        return self.advice.answer is Answer.STOP


def divide(
    channel: Any, rules: WorkerRules, queues: Sequence[str], batch: Sequence[PackedArticle]
) -> list[LanePart]:
    """Divide a batch of articles between the live lane (the usual queue) and the bulk lane (the
    queue for sources that send very many articles at once). Returns up to two parts, the live one
    first; a part without articles is left out.

    The broker counts the articles of each source, and so finds the sources that send too many.
    Articles that must not be sent now, because the broker is too full, are not counted. `queues`
    are all queues of the workers, whose load is measured. Raises RedisError or OSError when the
    broker does not answer.
    """
    queue, limits = rules.queue.name, rules.pressure
    counts = Counter(packed.source for packed in batch)
    count = count_command(channel, queue, counts, rules.bulk.window_s)
    load, totals = measure_load_and_run(channel, queues, count)
    floods: set[str] = set()
    if totals is not None:  # the articles are sent also if the broker can't count them
        floods = find_floods(channel, queue, counts, totals, rules.bulk.source_articles)
    live = [packed for packed in batch if packed.source not in floods]
    bulk = [packed for packed in batch if packed.source in floods]
    parts = [
        LanePart(live, queue, backpressure.advise(load, limits)),
        LanePart(bulk, queue + BULK, backpressure.advise(load, limits, bulk=True)),
    ]
    parts = [part for part in parts if part.articles]
    if totals is not None:
        _take_back(channel, rules, [part for part in parts if part.stopped])
    return parts


def _take_back(channel: Any, rules: WorkerRules, stopped: Sequence[LanePart]) -> None:
    """Count the articles of these parts no longer, because they are not sent now."""
    sources = Counter(packed.source for part in stopped for packed in part.articles)
    if sources:
        negative = {source: -number for source, number in sources.items()}
        undo = count_command(channel, rules.queue.name, negative, rules.bulk.window_s)
        measure_load_and_run(channel, [], undo)


def sent_before(batch: Sequence[PackedArticle], unsent: Sequence[PackedArticle]) -> list[str]:
    """Return the receipts (ids) of the articles that come before the first unsent article of a
    batch.

    `unsent` are those articles of the batch that were not sent. If it is empty, the receipts of the
    whole batch are returned.
    """
    unsent_receipts = {packed.receipt for packed in unsent}
    receipts = (packed.receipt for packed in batch)
    return list(takewhile(lambda receipt: receipt not in unsent_receipts, receipts))
