"""The pauses that a worker knows of: which lanes (queues of the workers) and sources an operator
has paused.

Each time that the worker takes messages, the broker's reply says whether the pauses have changed.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC

from worker.broker.batch_counters import lane_of
from worker.broker.messages import ClaimedMessage, text
from worker.broker.pauses import NO_PAUSES, Pause, parse_pauses

log = logging.getLogger("worker.broker")


class KnownPauses:
    """The lanes (queues of the workers) and sources that are paused, as far as one connection of a
    worker knows.

    Each change of the pauses in the broker gives them a new `version`, a text by which the worker
    sees whether it knows them; "" if nothing is paused. `queue` is the name of the live queue.
    """

    def __init__(self, queue: str) -> None:
        self._queue = queue
        self.version = ""
        self._pauses = NO_PAUSES

    def take(self, version: bytes, fields: Sequence[bytes]) -> None:
        """Remember the pauses that the broker has now, and log which are new and which have ended.

        `version` names this state of the pauses; nothing is done if it is known. `fields` has the
        names and values of the fields of the Redis hash of pauses, in turn.
        """
        if (new_version := text(version)) == self.version:
            return
        before, self.version = self._pauses, new_version
        pairs = dict(zip(fields[::2], fields[1::2], strict=True))
        self._pauses = parse_pauses(self._queue, pairs)
        began, ended = _changes(before.lanes, self._pauses.lanes)
        for name, pause in began.items():
            log.warning("lane.paused lane=%s by=%s since=%s reason=%s", name, *_in_words(pause))
        for name in ended:
            log.warning("lane.resumed lane=%s", name)
        began, ended = _changes(before.sources, self._pauses.sources)
        for name, pause in began.items():
            log.warning("source.paused source=%s by=%s since=%s reason=%s", name, *_in_words(pause))
        for name in ended:
            log.warning("source.resumed source=%s", name)

    def is_paused(self, queue: str) -> bool:
        """Whether workers take no messages from this queue now."""
        return bool(self._pauses.lanes) and lane_of(queue) in self._pauses.lanes

    def mark(self, message: ClaimedMessage) -> ClaimedMessage:
        """Return a claimed message together with the paused sources, whose articles in it are to be
        held.

        Held articles that go back to their queue while a pause ends are not held by that pause
        again: their message names it.
        """
        if not self._pauses.sources:
            return message
        names = frozenset(
            source
            for source, pause in self._pauses.sources.items()
            if not (pause.resuming and pause.pause_id == message.resumed)
        )
        return message._replace(paused_sources=names) if names else message


def _changes(
    before: Mapping[str, Pause], now: Mapping[str, Pause]
) -> tuple[dict[str, Pause], list[str]]:
    """Return the pauses that are new, by name, and the names of those that have ended."""
    began = {
        name: pause
        for name, pause in now.items()
        if name not in before or before[name].pause_id != pause.pause_id
    }
    return began, sorted(before.keys() - now.keys())


def _in_words(pause: Pause) -> tuple[str, str, str]:
    """Return who paused, since when and why, as a log line says it."""
    return pause.by, pause.at.astimezone(UTC).isoformat("T", "seconds"), pause.reason
