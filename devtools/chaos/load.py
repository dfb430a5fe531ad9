"""Load a stack with articles while faults are injected, then count the cost in articles.

All articles are distinct and good, except those that a scenario declares bad. Counting stops when
no outcome has come for three leases. An article without an outcome is then stuck if the broker
still has it, and lost if not.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pydantic import BaseModel

from devtools.chaos.stack import Stack
from devtools.generated_articles import generate
from devtools.outcome_recount import miscounted
from devtools.waiting import limit_s, until
from worker.client.producer import Producer
from worker.errors import Unavailable
from worker.model.records import Outcome, OutcomeKind

PER_MESSAGE = 5
LEASES = 3
_WAITING = 40  # messages in the queue from which the load pauses, so that the queue stays short


class Cost(BaseModel):
    """The faults of a scenario and their cost, in articles."""

    faults: int
    published: int
    stored: int
    dead: int  # bad articles that became dead letters, as they should
    lost: int
    stuck: int  # still in the broker, but no worker processes them
    doubled: int
    buried: int  # good articles that became dead letters
    ended: int  # workers that ended without being asked to
    recovery_s: float
    miscounted: int = 0  # differences of the counts by hour from the receipts
    reran: int | None = None  # tasks that ran twice without a failure; None: not counted

    @property
    def clean(self) -> bool:
        bad = self.lost + self.stuck + self.doubled + self.buried + self.ended + (self.reran or 0)
        return bad + self.miscounted == 0 and self.stored + self.dead == self.published


class Load(threading.Thread):
    """Enqueue distinct good articles, PER_MESSAGE a message, until stop() is called."""

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
                # With a fixed receipt a retry is harmless: an article sent twice is stored once.
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
        self.join(limit_s())


@contextmanager
def load(stack: Stack, seed: int) -> Iterator[Load]:
    feeding = Load(stack, seed)
    feeding.start()
    try:
        yield feeding
    finally:
        feeding.stop()


def measure_cost(
    stack: Stack,
    faults: int,
    inject: Callable[[int], None],
    *,
    bad: list[str] | None = None,
    good: list[str] | None = None,
    seed: int = 7,
) -> Cost:
    """Call `inject` `faults` times under load, then count the cost.

    `bad` and `good` hold the receipts of articles that `inject` sends, and may grow meanwhile.
    """
    with load(stack, seed) as feeding:
        until(lambda: len(feeding.receipts) > 20, "the load runs")
        first = feeding.receipts[:20]
        until(lambda: len(stack.store.outcomes(first)) == 20, "work began")
        for number in range(faults):
            inject(number)
            stack.replace_ended_workers()
    ended_at = time.monotonic()
    receipts = [*feeding.receipts, *(bad or []), *(good or [])]
    outcomes, last = _settled(stack, receipts)
    return _cost(stack, faults, receipts, set(bad or []), outcomes, last - ended_at)


def _settled(stack: Stack, receipts: list[str]) -> tuple[dict[str, Outcome], float]:
    """Wait until no outcome has come for three leases; return the outcomes and the last one's time.

    A fixed deadline would count articles as lost that a slow machine still has in its queue.
    """
    patience_s = limit_s() if stack.patience_s is None else stack.patience_s
    patience_s = max(patience_s, LEASES * stack.lease_s)
    outcomes: dict[str, Outcome] = {}
    moved, pending = time.monotonic(), receipts
    while pending and time.monotonic() - moved < patience_s:
        stack.replace_ended_workers()
        if new_outcomes := stack.store.outcomes(pending):
            outcomes.update(new_outcomes)
            pending = [receipt for receipt in pending if receipt not in new_outcomes]
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
    stuck = stack.queued_receipts() - outcomes.keys() if len(outcomes) < len(receipts) else set()
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
        miscounted=miscounted(stack.store_url),
        recovery_s=round(max(took_s, 0), 1),
    )
