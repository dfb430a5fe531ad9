"""How producers push: `with Producer(broker_url) as p: receipts = p.enqueue(articles)`.

Raw articles come in, any iterable of them; they are validated, given receipts, packed into
messages by count and bytes, and sent. `enqueue` returns after the broker has taken the last.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from worker.broker import REPLAY, backpressure, dead_letter_queue, embedded
from worker.broker.backpressure import Advice, Answer
from worker.broker.connection import BrokerConnection
from worker.celery import INGEST, REDO, SEND_ERRORS, broker_url, make_app
from worker.client.batching import Packed, batches, new_receipt, plain_values, to_be_buried
from worker.client.receipt_journal import opened
from worker.config.worker_rules import load_worker_rules
from worker.errors import Busy, Reason, Rejected, Unavailable, WorkerError
from worker.model.admission import Frozen, Payload, RawArticle, admit, host, is_receipt
from worker.model.broker_address import check_store
from worker.model.records import Outcome
from worker.settings import Settings, masked
from worker.store.ports import ProducerStore

ANSWER_S = 20.0  # until a broker that took a connection and says nothing is asked again

OnInvalid = Literal["raise", "collect", "bury"]


class Invalid(Frozen):
    """A raw article that breaks the contract: its place in what was enqueued, and why."""

    position: int
    reason: Reason
    detail: str
    raw: Any


class InvalidArticles(WorkerError):
    """Some articles broke the contract; all the others are enqueued, under `receipts`."""

    def __init__(self, invalid: list[Invalid], receipts: list[str]) -> None:
        first = invalid[0]
        more = f" (and {len(invalid) - 1} more)" if len(invalid) > 1 else ""
        super().__init__(f"article {first.position}: {first.reason}: {first.detail}{more}")
        self.invalid = invalid
        self.receipts = receipts


class Producer:
    """A connection to the broker. Safe to keep open; not shared between threads."""

    def __init__(
        self, broker: str = "", *, store: str = "", source: str = "", journal: str | Path = ""
    ) -> None:
        """Unset addresses are taken from the environment, else the embedded defaults.

        `source` names the source of articles that name none, by id, feed or link. `journal` is a
        file, or the address of a store, that gets all receipts before they are pushed: it names
        what a broker took along that is lost for good. See `worker ledger`. Raises BadConfig for
        what is no address.
        """
        settings = Settings.load()
        self._settings = settings
        self._embedded = not broker and settings.embedded_broker
        self._broker = broker or broker_url(settings)
        self._rules = load_worker_rules(settings.config_dir)
        self._app = make_app(self._broker, self._rules, "broker" if broker else "WORKER_BROKER_URL")
        self._app.conf.broker_transport_options["socket_timeout"] = ANSWER_S
        if store:
            check_store(store, "store")
        self._store_url = store
        self._source = source
        self._outbox = opened(journal) if journal else None
        self._link = BrokerConnection(self._app)
        self.invalid: list[Invalid] = []

    def __enter__(self) -> Self:
        if self._embedded:
            embedded.ensure(self._settings.var_dir)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._app.close()
        self._link.close()
        if "_store" in self.__dict__:
            self._store.close()
        if self._outbox:
            self._outbox.close()

    def enqueue(
        self,
        articles: Iterable[RawArticle | Mapping[str, Any] | Any],
        *,
        invalid: OnInvalid = "raise",
        on_sent: Callable[[int], None] = lambda count: None,
        pace: bool = True,
        on_stop: Callable[[Advice], None] | None = None,
    ) -> list[str]:
        """Send every valid article; returns their receipts in order.

        Before each message the broker is asked how full it is. Advised to slow down, this call
        sleeps for the time advised (not with pace=False); advised to stop, it raises Busy, or with
        `on_stop` calls that, sleeps, and asks again.

        An invalid one never keeps the others back: it is raised in the end as InvalidArticles,
        collected in `self.invalid`, or sent on to be buried as a dead letter. Raises Unavailable
        when the broker does not take a message; articles sent before that stay sent.
        """
        self.invalid = []
        receipts: list[str] = []
        for batch in batches(self._packed(articles, invalid), self._rules.batch):
            self._make_way(receipts, pace, on_stop)
            self._send(batch)
            receipts += [packed.receipt for packed in batch]
            on_sent(len(batch))
        if self.invalid and invalid == "raise":
            raise InvalidArticles(self.invalid, receipts)
        return receipts

    def advice(self) -> Advice:
        """Whether to send, slow down or stop, and why. One round trip. Raises Unavailable."""
        with self._link.channel() as channel:
            load = backpressure.look(channel, list(self._app.amqp.queues))
        return backpressure.advise(load, self._rules.pressure)

    def outcome(self, receipt: str) -> Outcome | None:
        """What became of one receipt; None while it waits or is worked on."""
        return self._store.outcomes([receipt]).get(receipt)

    @cached_property
    def _store(self) -> ProducerStore:
        from worker import bootstrap  # a poller that only pushes needs no database
        from worker.store.sql_store import SqlStore

        return SqlStore(self._store_url) if self._store_url else bootstrap.store(self._settings)

    def _packed(self, articles: Iterable[Any], invalid: OnInvalid) -> Iterator[Packed]:
        for position, given in enumerate(articles):
            raw: object = None
            try:
                raw, size = plain_values(given)
                article = admit(raw, size)
                receipt = article.receipt if is_receipt(article.receipt) else new_receipt()
                yield Packed(receipt, self._with_source(raw, article), size)
            except Rejected as e:
                self.invalid.append(
                    Invalid(position=position, reason=e.reason, detail=e.detail, raw=given)
                )
                if invalid == "bury":
                    yield to_be_buried(raw or Payload.of(given).text, e)

    def _with_source(self, raw: object, article: RawArticle) -> object:
        named = article.source.id or host(article.feed.url) or host(article.link)
        if named or not self._source or not isinstance(raw, Mapping):
            return raw
        return {**raw, "source": {**(raw.get("source") or {}), "id": self._source}}

    def _make_way(
        self, sent: list[str], pace: bool, on_stop: Callable[[Advice], None] | None
    ) -> None:
        while (advice := self._advice_to_send()).answer is Answer.STOP:
            if on_stop is None:
                raise Busy(advice.reason, advice.retry_after_s, sent)
            on_stop(advice)
            time.sleep(advice.retry_after_s)
        if pace:
            time.sleep(advice.retry_after_s)

    def _advice_to_send(self) -> Advice:
        try:
            return self.advice()
        except Unavailable:  # the send that follows tries more than once, and then says so
            return Advice(answer=Answer.ACCEPT)

    def replay(self, articles: Iterable[Packed]) -> None:
        """Send raw articles unchecked, under the receipts given, into the replay lane."""
        for batch in batches(articles, self._rules.batch):
            self._send(batch, self._rules.queue.name + REPLAY)

    def redo(self, what: str, article_ids: Sequence[str]) -> None:
        """Have stored articles done over (`retag`, `reclean`) in the replay lane; waits while the
        broker advises to. Raises Unavailable."""
        self._make_way([], pace=True, on_stop=lambda advice: None)
        queue = self._rules.queue.name + REPLAY
        self._deliver(REDO, {"what": what, "article_ids": list(article_ids)}, queue=queue)

    def send_message(self, queue: str, message: bytes) -> None:
        """Put a message that could not be delivered back on its queue, byte for byte."""
        with self._link.channel() as channel:
            dead_letter_queue.send_again(channel, queue, message)

    def _send(self, batch: list[Packed], queue: str = "") -> None:
        receipts = [packed.receipt for packed in batch]
        self._deliver(
            INGEST,
            {"receipts": receipts},
            args=[[packed.raw for packed in batch]],
            queue=queue or None,
            receipts=receipts,  # for the journal: our transport takes them out again
            argsrepr=f"[{len(batch)} articles]",  # else the text itself rides in the headers
            kwargsrepr="{}",
        )

    def _deliver(self, task: str, arguments: Mapping[str, Any], **how: Any) -> None:
        message_id = new_receipt()
        if self._outbox and "receipts" in arguments:
            self._outbox.intend(message_id, arguments["receipts"])
        try:
            self._app.send_task(task, kwargs=dict(arguments), task_id=message_id, **how)
        except SEND_ERRORS as e:
            raise Unavailable("broker", f"{masked(self._broker)}: {e}") from e
