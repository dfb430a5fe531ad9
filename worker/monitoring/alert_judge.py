"""Look for incidents again and again, and report them. One worker does so for all.

A turn of that worker reads the state of alerts, judges the state of the system, writes the new
state of alerts, and then sends the reports that are due. So no report is forgotten when the worker
dies while it sends one. That report may then be sent twice, under the same id.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import blake2b
from operator import itemgetter

from worker.config.alert_rules import AlertRules
from worker.errors import Unavailable
from worker.monitoring.alert_boards import AlertBoard
from worker.monitoring.alert_messages import AlertMessage, alert_message
from worker.monitoring.incidents import (
    AlertState,
    Outbox,
    advance,
    due_targets,
    merged,
    without_future,
)
from worker.monitoring.status_values import Attention, Status
from worker.monitoring.trends import sample, trend_attention, with_sample

log = logging.getLogger("worker")

Send = Callable[[AlertMessage, datetime], None]

TURNS_KEPT = 2.5  # a holder that misses two turns loses them to another worker
FIRST_RETRY_S = 30.0
LONGEST_RETRY_S = 1800.0
_CLOCKS = timedelta(hours=1)  # by which the clocks of two hosts may differ


class AlertJudge:
    """Lets a worker look for incidents and report them while no other worker does.

    `holder` is the name of this worker. `boards` are the places where workers share the state of
    alerts; the first that answers decides which worker may go on. `read` returns the state of the
    system. `targets` maps the name of each target to a function that sends a report there, and
    raises Unavailable if it can't.
    """

    def __init__(
        self,
        holder: str,
        boards: Sequence[AlertBoard],
        read: Callable[[datetime], Status],
        targets: Mapping[str, Send],
    ) -> None:
        self._holder = holder
        self._boards = boards
        self._read = read
        self._targets = targets
        self._alone = AlertState()  # what this worker found while no board answered

    def turn(self, now: datetime, rules: AlertRules) -> bool:
        """Look for incidents once and send the reports that are due, if it is the turn of this
        worker.

        Returns whether it was. While neither broker nor store answers, each worker takes every
        turn, and reports that they do not answer.
        """
        kept_s = TURNS_KEPT * rules.every_s
        is_holder = self._take_turn(now, kept_s)
        if is_holder is False:
            self._alone = AlertState()
            return False
        state = self._alone if is_holder is None else self._shared_state(now)
        state = self._judged(state, now, rules)
        if not self._write(state, now, kept_s, reachable=is_holder is not None):
            return False
        sent = self._sent(state, now, rules)
        if sent != state:
            self._write(sent, now, kept_s, reachable=is_holder is not None)
        return True

    def _take_turn(self, now: datetime, kept_s: float) -> bool | None:
        """Whether it is this worker's turn; None if no board answers."""
        for board in self._boards:
            try:
                return board.take_turn(self._holder, now, kept_s)
            except Unavailable as e:
                log.debug("alerts.unreachable what=%s error=%s", e.what, e)
        return None

    def _shared_state(self, now: datetime) -> AlertState:
        """The newest state of all boards, with what this worker found alone since.

        One that is dated in the future, by a clock that was ahead, is only used if there is no
        other.
        """
        states = list(self._stored_states())
        possible = [(at, state) for at, state in states if at <= now + _CLOCKS]
        possible = possible or [(now, without_future(state, now)) for _, state in states]
        _, state = max(possible, key=itemgetter(0), default=(now, AlertState()))
        alone = self._alone
        self._alone = AlertState()
        if alone.at is not None and (state.at is None or state.at < alone.at):
            return merged(state, alone)
        return state

    def _stored_states(self) -> Iterator[tuple[datetime, AlertState]]:
        for board in self._boards:
            try:
                state = board.read()
            except Unavailable as e:
                log.debug("alerts.unread what=%s error=%s", e.what, e)
                continue
            if state.at is not None:
                yield state.at, state

    def _judged(self, state: AlertState, now: datetime, rules: AlertRules) -> AlertState:
        if state.at is not None and timedelta(0) < state.at - now < _CLOCKS:
            now = state.at  # another worker's clock is a little ahead
        status = self._read(now)
        attention: list[Attention] = list(status.attention)
        if status.outcomes is not None:
            new = sample(status.outcomes, now)
            standing = sum(status.dead_letters.values())
            attention += trend_attention(state.samples, new, rules, standing)
            state = replace(state, samples=with_sample(state.samples, new))
        blind = bool(status.unreachable)
        return advance(state, attention, now, rules, targets=list(self._targets), blind=blind)

    def _write(self, state: AlertState, now: datetime, kept_s: float, *, reachable: bool) -> bool:
        """Write the state to all boards. Returns False if another worker has judged meanwhile."""
        if not reachable:
            self._alone = state
            return True
        written = []
        for board in self._boards:
            try:
                written.append(board.write(state, self._holder, now, kept_s))
            except Unavailable as e:
                log.debug("alerts.unwritten what=%s error=%s", e.what, e)
        return written[0] if written else False

    def _sent(self, state: AlertState, now: datetime, rules: AlertRules) -> AlertState:
        outboxes = {**(state.outboxes or {})}
        for target in due_targets(state, now, rules):
            outbox = outboxes[target]
            message = alert_message(
                outbox.changes, id=message_id(outbox), at=now, left_out=outbox.left_out
            )
            try:
                self._targets[target](message, now)
            except Unavailable as e:
                log.warning("alerts.unsent target=%s error=%s", target, e.detail)
                outboxes[target] = _failed(outbox, now, e.detail)
                continue
            log.info("alerts.sent target=%s incidents=%d", target, len(outbox.changes))
            outboxes[target] = Outbox()
        return replace(state, outboxes=outboxes)


def message_id(outbox: Outbox) -> str:
    """Return an id for the reports in an outbox. It is the same if the same reports are sent
    again."""
    changes = (f"{c.incident.id} {c.change} {c.at.isoformat()}" for c in outbox.changes)
    return f"alert-{blake2b('|'.join(changes).encode(), digest_size=12).hexdigest()}"


def _failed(outbox: Outbox, now: datetime, error: str) -> Outbox:
    """The outbox after a failed attempt; the pause doubles with each, up to half an hour."""
    pause_s = min(FIRST_RETRY_S * 2**outbox.attempts, LONGEST_RETRY_S)
    next_at = now + timedelta(seconds=pause_s)
    attempts = min(outbox.attempts + 1, 30)
    return replace(outbox, attempts=attempts, next_at=next_at, error=error[:200])
