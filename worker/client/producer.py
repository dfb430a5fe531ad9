"""Enqueue raw articles: `with Producer(broker_url) as p: receipts = p.enqueue(articles)`.

The articles are checked and get receipts, the ids by which to ask for their outcomes
(worker.client.article_packing). They are packed into messages of limited size and sent. `enqueue`
returns after the broker has taken the last message.

The module is as long as its class, because all that a producer sends goes over one connection,
under one series of message numbers and past the same limits of the broker.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from worker.broker import BULK, backpressure, dead_letter_queue, embedded
from worker.broker.backpressure import Advice, Answer
from worker.broker.connection import BrokerConnection
from worker.broker.load_measurement import measure_load
from worker.broker.messages import RESUMED
from worker.broker.push_confirmation import PushConfirmation
from worker.celery import INGEST, REDO, SEND_ERRORS, broker_url, make_app
from worker.client.article_packing import ArticlePacker, Invalid, InvalidArticles, OnInvalid
from worker.client.batching import PackedArticle, batches, compressed
from worker.client.lanes import LanePart, divide, sent_before
from worker.client.past_deliveries import outcome_of
from worker.client.receipt_journal import open_journal
from worker.config.worker_rules import load_worker_rules
from worker.errors import Busy, Unavailable
from worker.model.admission import RawArticle
from worker.model.broker_address import check_store
from worker.model.plurals import several
from worker.model.queue_place import QueuePlace
from worker.model.receipts import new_message_id, new_producer_id, numbered_message_id
from worker.model.records import Outcome
from worker.settings import Settings, masked
from worker.store.ports import ProducerStore
from worker.store.retention_values import ExpiredOutcome

__all__ = ["ANSWER_S", "Invalid", "InvalidArticles", "OnInvalid", "Producer"]

log = logging.getLogger("worker")
ANSWER_S = 20.0  # timeout of a reply of the broker, after which the command is sent again


class Producer:
    """Puts raw articles on the queue from which workers take them, over a connection to the broker.

    It may stay open for long, and must not be shared by threads.
    """

    def __init__(
        self,
        broker: str = "",
        *,
        store: str = "",
        source: str = "",
        journal: str | Path = "",
        compress: bool | None = None,
    ) -> None:
        """Read addresses that are not passed from the environment; else use embedded servers.

        `source` is the source of articles that name none by id, feed or link. `journal` is a file,
        or the address of a store, to which receipts, the ids of articles, are written before the
        articles are sent. `worker ledger` finds in it the articles that were lost with a broker.
        With `compress` articles are sent as Zstandard frames, which workers of version 0.2 set
        aside as dead letters; None stands for `payloads.zstd` of worker.toml. Raises BadConfig for
        an invalid address.
        """
        settings = Settings.load()
        self._settings = settings
        self._embedded = not broker and settings.embedded_broker
        self._broker = broker or broker_url(settings)
        self._rules = load_worker_rules(settings.config_dir)
        self._app = make_app(self._broker, self._rules, "broker" if broker else "WORKER_BROKER_URL")
        self._confirmation = PushConfirmation()
        self._app.conf.broker_transport_options |= {
            "socket_timeout": ANSWER_S,
            "push_confirmation": self._confirmation,
        }
        compress = self._rules.payloads.zstd if compress is None else compress
        if compress:  # the frames are base64 already: the body needs none around them
            self._app.conf.broker_transport_options |= {"body_encoding": "utf-8"}
        if store:
            check_store(store, "store")
        self._store_url = store
        self._journal = open_journal(journal) if journal else None
        self._connection = BrokerConnection(self._app)
        self._id = new_producer_id()
        self._acknowledged = 0  # messages with receipts that the broker acknowledged
        self._compress = compress
        self._packer = ArticlePacker(source=source, compress=compress)
        self.invalid: list[Invalid] = []

    def __enter__(self) -> Self:
        if self._embedded and embedded.ensure(self._settings.var_dir):
            # In a wrong folder, it would fill a queue that no worker reads.
            log.warning(
                "broker.started folder=%s; only a worker with the same var folder reads from it: "
                "start one there, or set WORKER_VAR_DIR",
                self._settings.var_dir.absolute(),
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections to the broker and the store.

        With Redis Sentinel, messages that replicas have not confirmed are pushed again first if a
        failover has made another server the primary.
        """
        if self._confirmation.kept:
            with suppress(Unavailable), self._connection.channel() as channel:
                channel.confirm_kept()
        self._app.close()
        self._connection.close()
        if "_store" in self.__dict__:
            self._store.close()
        if self._journal:
            self._journal.close()

    def enqueue(
        self,
        articles: Iterable[RawArticle | Mapping[str, Any] | Any],
        *,
        invalid: OnInvalid = "raise",
        on_sent: Callable[[int], None] = lambda count: None,
        pace: bool = True,
        on_stop: Callable[[Advice], None] | None = None,
    ) -> list[str]:
        """Send all valid articles, and return their receipts (ids) in order.

        Before each message the broker is asked how full it is. If it is rather full, this call
        sleeps for the time that the broker advises (not with pace=False). If it is too full, this
        call raises Busy; or, if `on_stop` is given, it calls `on_stop`, sleeps, and asks again.

        When more than `bulk.source_articles` articles of one source are sent within a minute or
        two, by any producers, they go to the bulk lane, a queue that workers serve after the usual
        one. If only the bulk lane is too full, the other articles of the batch are sent all the
        same.

        Invalid articles do not keep the others from being sent. `invalid` says what happens to
        them: they are raised at the end as InvalidArticles, collected in `self.invalid`, or sent,
        so that workers store them as dead letters. Raises Unavailable when the broker does not take
        a message; articles that were sent before stay sent. Raises TypeError if `articles` is one
        article instead of a list.
        """
        if isinstance(articles, Mapping | str | bytes):
            kind = type(articles).__name__
            raise TypeError(f"articles: expected a list of raw articles, got one {kind}")
        self.invalid = []
        receipts: list[str] = []
        for batch in batches(self._pack(articles, invalid), self._rules.batch):
            self._send_as_advised(batch, receipts, pace, on_stop)
            receipts += [packed.receipt for packed in batch]
            on_sent(len(batch))
        if self.invalid and invalid == "raise":
            raise InvalidArticles(self.invalid, receipts)
        return receipts

    @property
    def unconfirmed(self) -> int:
        """How many messages a Redis Sentinel set took without the confirmation of its replicas.

        A failover may lose them.
        """
        return self._confirmation.total

    def advice(self) -> Advice:
        """Ask the broker how full it is, and return whether a producer should send, slow down or
        stop.

        The answer holds for articles of the usual queue. Messages in the bulk lane, a second queue
        for sources that send very many articles at once, are not counted. Raises Unavailable when
        the broker does not answer.
        """
        return self._advice(bulk=False)

    def _advice(self, *, bulk: bool) -> Advice:
        with self._connection.channel() as channel:
            load = measure_load(channel, list(self._app.amqp.queues))
        return backpressure.advise(load, self._rules.pressure, bulk=bulk)

    def outcome(self, receipt: str) -> Outcome | ExpiredOutcome | None:
        """Return what became of an article, by its receipt, the id that `enqueue` returned for it.

        Returns None while the article waits or is processed, and an ExpiredOutcome, whose `kind` is
        "expired", if its outcome was removed because of its age. For a receipt of your own, which
        does not tell its age, None may also mean that.
        """
        return outcome_of(self._store, receipt)

    @cached_property
    def _store(self) -> ProducerStore:
        from worker import bootstrap  # a poller that only pushes needs no database
        from worker.store.sql_store import SqlStore

        return SqlStore(self._store_url) if self._store_url else bootstrap.store(self._settings)

    def _pack(self, articles: Iterable[Any], invalid: OnInvalid) -> Iterator[PackedArticle]:
        return self._packer.packed(articles, invalid, self.invalid)

    def _send_as_advised(
        self,
        batch: Sequence[PackedArticle],
        sent: list[str],
        pace: bool,
        on_stop: Callable[[Advice], None] | None,
    ) -> None:
        """Send the articles of a batch when their lanes, live and bulk, have room for them.

        Raises Busy when one has none and `on_stop` is None. Its receipts are those `sent` before,
        and those of the articles of this batch before the first that was not sent.
        """
        rest = batch
        while rest:
            parts = self._divide(rest)
            for part in parts:
                if part.stopped:
                    continue
                if pace:
                    time.sleep(part.advice.retry_after_s)
                self._send(part.articles, part.queue)
            stopped = [part for part in parts if part.stopped]
            rest = [packed for part in stopped for packed in part.articles]
            if stopped:
                self._wait_or_raise(stopped[0].advice, [*sent, *sent_before(batch, rest)], on_stop)

    def _divide(self, batch: Sequence[PackedArticle]) -> list[LanePart]:
        """Divide a batch between the lanes; all is live while the broker does not answer."""
        try:
            with self._connection.channel() as channel:
                return divide(channel, self._rules, list(self._app.amqp.queues), batch)
        except Unavailable:  # the send that follows tries more than once, and then raises
            return [LanePart(list(batch), "", Advice(answer=Answer.ACCEPT))]

    def _wait_or_raise(
        self, advice: Advice, sent: list[str], on_stop: Callable[[Advice], None] | None
    ) -> None:
        if on_stop is None:
            raise Busy(advice.reason, advice.retry_after_s, sent)
        on_stop(advice)
        time.sleep(advice.retry_after_s)

    def replay(self, articles: Iterable[PackedArticle]) -> None:
        """Send packed articles again, to be processed after new articles; keep their receipts.

        They are not validated. This is for dead letters (articles that could not be processed) and
        for stored payloads. They go to the bulk lane, the queue that workers serve last.
        """
        for batch in batches(articles, self._rules.batch):
            self._send(batch, self._rules.queue.name + BULK)

    def return_held(
        self, articles: Iterable[PackedArticle], place: QueuePlace, pause_id: str
    ) -> Iterator[int]:
        """Send articles that were held, because their source was paused, back to their queue; keep
        their receipts. Yields after each message how many articles it has.

        `place` says which queue that is, and `pause_id` names the pause, which does not hold them
        again. Waits while the broker is too full, and raises Unavailable when it does not take a
        message for another reason.
        """
        headers: dict[str, Any] = {RESUMED: pause_id}
        if place.quarantined:
            headers["x-quarantine"] = place.quarantined
        packed = map(compressed, articles) if self._compress else articles
        for batch in batches(packed, self._rules.batch):
            self._await_capacity(bulk=place.queue.endswith(BULK))
            self._send(batch, place.queue, headers=headers, priority=place.priority)
            yield len(batch)

    def redo(self, what: str, article_ids: Sequence[str]) -> None:
        """Ask workers to tag or clean stored articles again by newer rules, after new articles.

        `what` is `retag` or `reclean`. Waits while the broker is too full to take the message, and
        raises Unavailable when it does not take it for another reason.
        """
        self._await_capacity(bulk=True)
        queue = self._rules.queue.name + BULK
        self._deliver(REDO, {"what": what, "article_ids": list(article_ids)}, queue=queue)

    def send_message(self, queue: str, message: bytes) -> None:
        """Put a message that workers could not process back on a queue, unchanged.

        `queue` is the name of the queue, and `message` has the bytes of the message.
        """
        with self._connection.channel() as channel:
            dead_letter_queue.send_again(channel, queue, message)

    def _await_capacity(self, *, bulk: bool) -> None:
        with suppress(Unavailable):  # the send that follows tries more than once, and then raises
            while (advice := self._advice(bulk=bulk)).answer is Answer.STOP:
                time.sleep(advice.retry_after_s)
            time.sleep(advice.retry_after_s)

    def _send(self, batch: Sequence[PackedArticle], queue: str = "", **options: Any) -> None:
        receipts = [packed.receipt for packed in batch]
        self._deliver(
            INGEST,
            {"receipts": receipts},
            args=[[packed.raw for packed in batch]],
            queue=queue or None,
            receipts=receipts,  # for the journal: our transport removes them from the message
            argsrepr=f"[{several(len(batch), 'article')}]",  # or the headers would repeat the text
            kwargsrepr="{}",
            **options,
        )

    def _deliver(self, task: str, arguments: Mapping[str, Any], **options: Any) -> None:
        is_journaled = "receipts" in arguments
        # Only acknowledged messages use a number up: the ledger takes a missing one for a loss.
        number = self._acknowledged + 1
        message_id = numbered_message_id(self._id, number) if is_journaled else new_message_id()
        if self._journal and is_journaled:
            self._journal.record(message_id, arguments["receipts"])
        try:
            self._app.send_task(task, kwargs=dict(arguments), task_id=message_id, **options)
        except SEND_ERRORS as e:
            raise Unavailable("broker", f"{masked(self._broker)}: {e}") from e
        self._acknowledged += is_journaled
