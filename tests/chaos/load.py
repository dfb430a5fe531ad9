"""Feeds a stack while something breaks it, then counts what that cost.

All articles are distinct and good, but for those a scenario declares bad. What has no outcome
when nothing has moved for three leases is lost when the broker does not hold it either, else
stuck.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pydantic import BaseModel

from bench.articles import generate
from tests.chaos.stack import Stack, until
from worker.client.producer import Producer
from worker.errors import Unavailable
from worker.model.records import Outcome, OutcomeKind

PER_MESSAGE = 5
LEASES = 3
_WAITING = 40  # messages: the load goes on, and does not grow into an hour's work


class Cost(BaseModel):
    """What a scenario did and what it cost, in articles."""

    faults: int
    published: int
    stored: int
    dead: int  # as they should be
    lost: int
    stuck: int  # still in the broker, and nobody works on them
    doubled: int
    buried: int  # good ones
    ended: int  # workers that ended although nobody asked them to
    recovery_s: float
    again: int | None = None  # tasks that ran once more although they had not failed; where counted

    @property
    def clean(self) -> bool:
        bad = self.lost + self.stuck + self.doubled + self.buried + self.ended + (self.again or 0)
        return bad == 0 and self.stored + self.dead == self.published


class Load(threading.Thread):
    """Enqueues distinct good articles, a few a message, until it is told to stop."""

    def __init__(self, stack: Stack, seed: int) -> None:
        super().__init__(daemon=True)
        self.stack = stack
        self.receipts: list[str] = []
        self._raws = generate(1_000_000, chars=600, seed=seed)
        self._over = threading.Event()

    def run(self) -> None:
        with Producer(self.stack.broker_url) as producer:
            while not self._over.is_set():
                raws = [next(self._raws) for _ in range(PER_MESSAGE)]
                # Receipts of its own make a retry harmless: sent twice, it is still one article.
                for raw in raws:
                    raw["receipt"] = f"chaos-{raw['id']}"
                while not self._sent(producer, raws):
                    time.sleep(0.1)
                self.receipts += [raw["receipt"] for raw in raws]
                self._over.wait(0.03)

    def _sent(self, producer: Producer, raws: list[dict[str, object]]) -> bool:
        try:
            if producer.advice().waiting > _WAITING and not self._over.is_set():
                return False
            producer.enqueue(raws)
        except Unavailable:
            return False
        return True

    def stop(self) -> None:
        self._over.set()
        self.join(60)


@contextmanager
def load(stack: Stack, seed: int) -> Iterator[Load]:
    feeding = Load(stack, seed)
    feeding.start()
    try:
        yield feeding
    finally:
        feeding.stop()


def suffer(
    stack: Stack,
    faults: int,
    strike: Callable[[int], None],
    *,
    bad: list[str] | None = None,
    good: list[str] | None = None,
    seed: int = 7,
) -> Cost:
    """Strike under load, then count. `bad` and `good` may grow: receipts of what strikes send."""
    with load(stack, seed) as feeding:
        until(lambda: len(feeding.receipts) > 20, "the load runs")
        first = feeding.receipts[:20]
        until(lambda: len(stack.store.outcomes(first)) == 20, "work began", 120)
        for number in range(faults):
            strike(number)
            stack.tend()
    struck = time.monotonic()
    receipts = [*feeding.receipts, *(bad or []), *(good or [])]
    outcomes, last = _settled(stack, receipts)
    return _cost(stack, faults, receipts, set(bad or []), outcomes, last - struck)


def _settled(stack: Stack, receipts: list[str]) -> tuple[dict[str, Outcome], float]:
    """The outcomes that come until nothing has moved for three leases, and when the last came.

    A slow machine that still works through its queue has lost nothing.
    """
    patience_s = max(stack.patience_s, LEASES * stack.lease_s)
    outcomes: dict[str, Outcome] = {}
    moved, pending = time.monotonic(), receipts
    while pending and time.monotonic() - moved < patience_s:
        stack.tend()
        if found := stack.store.outcomes(pending):
            outcomes.update(found)
            pending = [receipt for receipt in pending if receipt not in found]
            moved = time.monotonic()
        time.sleep(0.1)
    return outcomes, moved


def _cost(
    stack: Stack,
    faults: int,
    receipts: list[str],
    bad: set[str],
    outcomes: dict[str, Outcome],
    took_s: float,
) -> Cost:
    kinds = Counter(outcome.kind for outcome in outcomes.values())
    dead = {receipt for receipt, outcome in outcomes.items() if outcome.kind is OutcomeKind.DEAD}
    ids = Counter(o.article_id for o in outcomes.values() if o.kind is not OutcomeKind.DEAD)
    stuck = stack.held() - outcomes.keys() if len(outcomes) < len(receipts) else set()
    return Cost(
        faults=faults,
        published=len(receipts),
        stored=kinds[OutcomeKind.NEW],
        dead=len(dead & bad),
        lost=len(receipts) - len(outcomes) - len(stuck),
        stuck=len(stuck),
        doubled=kinds[OutcomeKind.REVISION] + sum(count - 1 for count in ids.values()),
        buried=len(dead - bad),
        ended=stack.ended,
        recovery_s=round(max(took_s, 0), 1),
    )
