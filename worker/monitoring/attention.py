"""Judge the state of the whole system: what needs the attention of a person, and since when.

Each rule is a function of the state alone. It finds nothing, or what is wrong with a remedy. How
long something must last before somebody is woken is decided by whoever sends the alert.

The rules are one module, though it is long, so that their texts and order are read side by side:
whoever adds one sees which it would repeat.
"""

import shlex
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from worker.config.monitoring_rules import AttentionRules
from worker.errors import Reason
from worker.model.plurals import several
from worker.model.records import OutcomeKind
from worker.monitoring.source_words import CAUSES
from worker.monitoring.status_values import Attention, Severity, Status
from worker.monitoring.store_room import days_until

_Rule = Callable[[Status, AttentionRules], Iterator[Attention]]

_CRASHES = (Reason.POISON, Reason.CRASHED)


def needs_attention(status: Status, rules: AttentionRules) -> tuple[Attention, ...]:
    """Return what needs the attention of a person, the most urgent first.

    What can't be judged, because broker or store does not answer, is left out.
    """
    found = [item for rule in _RULES for item in rule(status, rules)]
    return tuple(sorted(found, key=lambda item: item.severity is not Severity.PAGE))


def _unreachable(status: Status, _: AttentionRules) -> Iterator[Attention]:
    for service in status.unreachable:
        if service == "broker" and status.embedded_down:
            continue  # stopped by somebody, or not started yet
        yield Attention(
            name="unreachable",
            about=service,
            severity=Severity.PAGE,
            sentence=f"the {service} does not answer",
            remedy="run `worker doctor`; messages stay in the broker until the store is back"
            if service == "store"
            else "run `worker doctor`; producers keep what they can't push",
        )


def _no_workers(status: Status, _: AttentionRules) -> Iterator[Attention]:
    if status.workers or not status.waiting + status.leased or "broker" in status.unreachable:
        return
    yield Attention(
        name="no-workers",
        severity=Severity.PAGE,
        sentence=f"no worker is at work, and {_messages(status.waiting + status.leased)}",
        remedy="start one: celery -A worker worker",
        since=status.last_worker_at or _oldest_at(status),
    )


def _waiting_workers(status: Status, _: AttentionRules) -> Iterator[Attention]:
    for service in sorted(set(status.breakers.values()) & {"store", "index"}):
        count = sum(waits_for == service for waits_for in status.breakers.values())
        yield Attention(
            name="worker-waits",
            about=service,
            severity=Severity.PAGE,
            sentence=f"{several(count, 'worker')} of {len(status.workers)} can't reach the "
            f"{service}, and take no messages",
            remedy=f"repair the {service}; the workers go on by themselves",
        )


def _nothing_ends(status: Status, rules: AttentionRules) -> Iterator[Attention]:
    """Messages wait long, and none has ended for as long.

    A message that was pushed just now does not count: nothing ended before because there was
    nothing to do.
    """
    waiting_since = _oldest_at(status)
    if waiting_since is None:
        return
    since = max(filter(None, (waiting_since, status.last_message_at)))
    if status.at - since >= timedelta(seconds=rules.silent_s):
        yield Attention(
            name="nothing-ends",
            severity=Severity.PAGE,
            sentence=f"no message has ended for {_duration(status.at, since)}, and "
            f"{_messages(status.waiting)}",
            remedy="look at `worker workers` and at the logs of the workers",
            since=since,
        )


def _queue_old(status: Status, rules: AttentionRules) -> Iterator[Attention]:
    for lane in status.lanes:
        is_old = lane.oldest_s is not None and lane.oldest_s > rules.oldest_s
        if lane.lane == "live" and is_old and lane.oldest_s and not lane.paused:
            waits_since = status.at - timedelta(seconds=lane.oldest_s)
            least = "at least " if lane.is_at_least else ""
            yield Attention(
                name="queue-old",
                about=lane.lane,
                severity=Severity.PAGE,
                sentence=f"the oldest message of the {lane.lane} lane has waited "
                f"{least}{_duration(status.at, waits_since)}",
                remedy="start more workers, or find out why those there are do not keep up",
                since=waits_since + timedelta(seconds=rules.oldest_s),
            )


def _drain_long(status: Status, rules: AttentionRules) -> Iterator[Attention]:
    """The queues take long to drain, and there are more messages than before.

    Without a count of messages from before it is unknown whether there are more, and the drain time
    alone decides.
    """
    drain_s = status.scale.drain_s
    if drain_s is None or drain_s <= rules.drain_s:
        return
    before = status.at - timedelta(seconds=rules.growth_s)
    earlier = [count for count in status.history if count.at <= before]
    fewest = min(earlier, key=lambda count: count.messages, default=None)
    if fewest is not None and fewest.messages >= status.waiting + status.leased:
        return
    yield Attention(
        name="drain-long",
        severity=Severity.TICKET,
        sentence=f"the queues take {time_span(drain_s)} to drain, and grow",
        remedy=f"start more workers: {status.scale.replicas} would drain them in "
        f"{time_span(status.scale.target_drain_s)}",
        since=fewest.at if fewest else None,
    )


def _ledger(status: Status, rules: AttentionRules) -> Iterator[Attention]:
    check = status.ledger
    if check and (check.missing or check.lost):
        lost = f", and {several(check.lost, 'message')} lost" if check.lost else ""
        yield Attention(
            name="articles-missing",
            severity=Severity.PAGE,
            sentence=f"{several(check.missing, 'article')} missing by the last ledger{lost}",
            remedy="run `worker ledger`, and enqueue what it lists again, under the same receipts",
            since=check.since,
        )
    # Who has only just begun has no reason to run it.
    begun = min((worker.state.started for worker in status.workers), default=None)
    last = check.at if check else begun
    if last and status.at - last > timedelta(hours=rules.ledger_h):
        last_run = f"for {_duration(status.at, last)}" if check else "yet"
        yield Attention(
            name="ledger-stale",
            severity=Severity.TICKET,
            sentence=f"`worker ledger` has not run {last_run}",
            remedy="run `worker ledger` once a day, for example by cron",
            since=last + timedelta(hours=rules.ledger_h),
        )


def _dead_fast(status: Status, rules: AttentionRules) -> Iterator[Attention]:
    """Many of the articles that ended lately are dead letters that nobody has mended or dropped.

    An article that is delivered and fails again and again counts as one, once few letters stand.
    """
    if status.lately is None:
        return
    dead, ended = status.lately.outcomes[OutcomeKind.DEAD], sum(status.lately.outcomes.values())
    standing = min(dead, sum(status.dead_letters.values()))
    if standing > rules.dead_articles and standing > rules.dead_share * ended:
        reason = next(iter(status.lately.dead), "")
        yield Attention(
            name="dead-fast",
            severity=Severity.PAGE,
            sentence=f"{dead:,} of {several(ended, 'delivery', 'deliveries')} ended as dead "
            f"letters in this hour and the one before, most of them as {reason}; a letter that was "
            "replayed and failed again counts each time",
            remedy=f"look at `worker dead list --reason {reason}`; this is over when at most "
            f"{several(rules.dead_articles, 'letter')} stand that are neither dropped nor replayed",
        )


def _crashes(status: Status, _: AttentionRules) -> Iterator[Attention]:
    if status.lately is None:
        return
    for reason in _CRASHES:
        if count := status.lately.dead.get(reason, 0):
            what = "killed their process" if reason is Reason.POISON else "crashed a stage"
            yield Attention(
                name="crashes",
                about=reason,
                severity=Severity.TICKET,
                sentence=f"{several(count, 'article')} {what} in this hour and the one before",
                remedy=f"look at `worker dead list --reason {reason}`, and report it",
            )


def _broker_full(status: Status, rules: AttentionRules) -> Iterator[Attention]:
    limit = status.broker_limit_bytes
    if limit and status.broker_bytes > rules.memory_share * limit:
        yield Attention(
            name="broker-full",
            severity=Severity.PAGE,
            sentence=f"{status.broker_bytes / limit:.0%} of the broker's memory is used",
            remedy="start more workers, or give the broker more memory; producers wait meanwhile",
        )


def _journal_behind(status: Status, rules: AttentionRules) -> Iterator[Attention]:
    if status.journal > rules.journal_messages:
        yield Attention(
            name="journal-behind",
            severity=Severity.TICKET,
            sentence=f"the receipts of {several(status.journal, 'message')} are not in the store",
            remedy="start a worker, or look for journal.waits in the logs of the workers",
        )


def _paused_lanes(status: Status, _: AttentionRules) -> Iterator[Attention]:
    for lane in status.lanes:
        if lane.paused:
            pause = status.pauses.lanes.get(lane.lane)
            by = f" by {pause.by}" if pause and pause.by else ""
            reason = f" ({pause.reason})" if pause and pause.reason else ""
            yield Attention(
                name="lane-paused",
                about=lane.lane,
                severity=Severity.TICKET,
                sentence=f"the {lane.lane} lane is paused{by}{reason}, with "
                f"{several(lane.messages, 'message')} on it",
                remedy=f"resume it: worker resume {lane.lane}",
                since=pause.at if pause else None,
            )


def _rules_refused(status: Status, _: AttentionRules) -> Iterator[Attention]:
    if refused := [w.state.node for w in status.workers if w.state.refused]:
        yield Attention(
            name="rules-refused",
            severity=Severity.TICKET,
            sentence=f"changed rules are invalid, and not in force: {', '.join(refused)}",
            remedy="run `worker doctor` there; it names the file and what is wrong",
        )


def _workers_differ(status: Status, _: AttentionRules) -> Iterator[Attention]:
    for what, values in (
        ("versions", {w.state.version for w in status.workers}),
        ("rules", {w.state.digest for w in status.workers}),
    ):
        if len(values) > 1:
            yield Attention(
                name="workers-differ",
                about=what,
                severity=Severity.TICKET,
                sentence=f"the {what} of the workers differ: {', '.join(sorted(values))}",
                remedy="give all workers the same version and config folder, and restart them",
            )


def _silent_sources(status: Status, _: AttentionRules) -> Iterator[Attention]:
    """Sources that deliver nothing. If many are silent at once, the fault is likely ours."""
    silent, judged = status.sources.silent, status.sources.silent + status.sources.ok
    if status.source_summary.nothing_since:
        yield Attention(
            name="nothing-arrives",
            severity=Severity.PAGE,
            sentence=f"{silent} of {several(judged, 'source')} are silent at once",
            remedy="look at the poller and the network, rather than at the sources",
            since=status.source_summary.nothing_since,
        )
    for source in status.source_summary.silent:
        words = CAUSES.get(source.cause, source.cause)  # a later version may know other causes
        cause = f": {words}" if words else ""
        yield Attention(
            name="source-silent",
            about=source.name,
            severity=Severity.TICKET,
            sentence=f"the source {source.name} is silent for longer than usual{cause}",
            remedy=f"run `worker sources {shlex.quote(source.name)}`; if it is to be so, "
            "`worker sources snooze`",
            since=source.since,
        )


def _store_fills(status: Status, rules: AttentionRules) -> Iterator[Attention]:
    if status.growth is None or not status.store_limit_bytes:
        return
    days = days_until(rules.store_share * status.store_limit_bytes, status.growth)
    if days is not None and days <= rules.store_days:
        share = status.growth.bytes / status.store_limit_bytes
        soon = f", and will have {rules.store_share:.0%} in {time_span(days * 86400)}"
        yield Attention(
            name="store-fills",
            severity=Severity.TICKET,
            sentence=f"the store has {share:.0%} of its room{soon if days else ''}",
            remedy="give it more room, or keep less: see retention in config/worker.toml",
        )


def _oldest_at(status: Status) -> datetime | None:
    """When the oldest message was pushed of those that workers may take; None if none waits."""
    ages = [lane.oldest_s for lane in status.lanes if lane.oldest_s is not None and not lane.paused]
    return status.at - timedelta(seconds=max(ages)) if ages else None


_RULES: tuple[_Rule, ...] = (
    _unreachable,
    _no_workers,
    _waiting_workers,
    _nothing_ends,
    _queue_old,
    _ledger,
    _dead_fast,
    _broker_full,
    _silent_sources,
    _drain_long,
    _crashes,
    _journal_behind,
    _paused_lanes,
    _rules_refused,
    _workers_differ,
    _store_fills,
)


def _duration(now: datetime, since: datetime) -> str:
    return time_span((now - since).total_seconds())


def time_span(seconds: float) -> str:
    """Write a length of time as a whole number of the largest unit that fits at least twice,
    such as `12 min` or `100 s`."""
    for unit_s, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * unit_s:
            return f"{seconds / unit_s:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"


def _messages(count: int) -> str:
    return f"{several(count, 'message')} {'waits' if count == 1 else 'wait'}"
