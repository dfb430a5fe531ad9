"""Follow incidents over time: when each began, whether it was reported, and what is to be reported.

An incident is one thing that needs the attention of a person, from its beginning to its end. These
functions are pure: they make the next state from the last one and from what needs attention now.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2b

from worker.config.alert_rules import AlertRules
from worker.monitoring.status_values import Attention, Severity
from worker.monitoring.trends import Sample

UNREACHABLE = "unreachable"
_LATE_TURNS = 5  # turns after which the last judgement is old
MAX_CHANGES = 500  # reports that wait for one target; the oldest are left out


class ReportKind(StrEnum):
    """What is reported of an incident: it began (`firing`), it still lasts (`repeated`), or it
    ended (`resolved`)."""

    FIRING = "firing"
    REPEATED = "repeated"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One thing that needs the attention of a person, from its beginning to its end.

    `name` says of which kind it is, such as `no-workers`, and `about` which one of that kind, such
    as a source. `id` is a hash of both and of the beginning, equal in all reports. `began` is when
    it was first seen, and `seen` when it was last seen. `since` is when it began as far as the
    state of the system tells, which may be earlier. `fired` is when it had lasted long enough to be
    reported, None before that; `reported` is when it was last put into a report, None also if there
    was no target to which reports are sent.
    """

    id: str
    name: str
    about: str
    severity: Severity
    sentence: str
    remedy: str
    began: datetime
    seen: datetime
    since: datetime
    fired: datetime | None = None
    reported: datetime | None = None

    @property
    def key(self) -> tuple[str, str]:
        """The name and `about` of an incident. No two incidents that last now have the same key."""
        return self.name, self.about


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentChange:
    """A report about an incident that is to be sent: what has changed, and when."""

    incident: Incident
    change: ReportKind
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbox:
    """The reports that wait to be sent to one target, such as a webhook.

    `attempts` is how often sending them has failed, `next_at` when it is tried again, and `error`
    why it failed the last time. `left_out` counts older reports that were dropped because too many
    waited.
    """

    changes: tuple[IncidentChange, ...] = ()
    attempts: int = 0
    next_at: datetime | None = None
    error: str = ""
    left_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertState:
    """All that is known about incidents: those that stand now, and reports that wait to be sent.

    `at` is when the state of the system was last judged, None if it never was. `outboxes` has the
    waiting reports by the name of their target. `samples` are earlier numbers of articles, oldest
    first, by which changes over hours are judged.
    """

    at: datetime | None = None
    incidents: tuple[Incident, ...] = ()
    outboxes: Mapping[str, Outbox] | None = None
    samples: tuple[Sample, ...] = ()

    def outbox(self, target: str) -> Outbox:
        """Return the reports that wait for this target."""
        return (self.outboxes or {}).get(target, Outbox())


def judged_late(state: AlertState, now: datetime, rules: AlertRules) -> bool:
    """Whether no worker has looked for incidents for several turns, or ever."""
    return state.at is None or now - state.at > timedelta(seconds=_LATE_TURNS * rules.every_s)


def advance(
    state: AlertState,
    attention: Sequence[Attention],
    now: datetime,
    rules: AlertRules,
    *,
    targets: Sequence[str],
    blind: bool = False,
) -> AlertState:
    """Return the next state of alerts, made from the last one and what needs attention now.

    New incidents are added, those that are over are removed, and each change that is to be reported
    is put into the outbox (the waiting reports) of each of the `targets`. `blind` says that broker
    or store could not be read. What can't be seen then may still last, so no incident ends, except
    one that says that a server can't be reached.
    """
    present = {(found.name, found.about): found for found in attention}
    # A condition that nobody watched may have been gone meanwhile: its time starts again.
    watched = not judged_late(state, now, rules)
    changes: list[IncidentChange] = []
    standing: list[Incident] = []
    for incident in state.incidents:
        found = present.pop(incident.key, None)
        keeps = blind and incident.name != UNREACHABLE
        if found is None and _is_over(incident, now, rules, keeps=keeps):
            if incident.reported:
                changes.append(
                    IncidentChange(incident=incident, change=ReportKind.RESOLVED, at=now)
                )
            continue
        seen = incident if found is None else _seen(incident, found, now, watched=watched)
        standing.append(seen if found is None else _fired(seen, now, rules))
    standing += [_fired(_begun(found, now), now, rules) for found in present.values()]
    if targets:
        held = {(found.name, found.about) for found in attention}
        standing = [_reported(i, now, rules, changes) if i.key in held else i for i in standing]
    return replace(
        state, at=now, incidents=tuple(standing), outboxes=_posted(state, changes, targets)
    )


def without_future(state: AlertState, now: datetime) -> AlertState:
    """Replace all times after `now` in a state by `now`; samples from after it are left out.

    Such times were written by a clock that was ahead. Without this, incidents would not end, and
    reports not be sent, until these times have come.
    """

    def earlier(incident: Incident) -> Incident:
        return replace(
            incident,
            began=min(incident.began, now),
            seen=min(incident.seen, now),
            since=min(incident.since, now),
            fired=incident.fired and min(incident.fired, now),
            reported=incident.reported and min(incident.reported, now),
        )

    outboxes = {
        target: replace(
            outbox,
            changes=tuple(
                replace(entry, incident=earlier(entry.incident), at=min(entry.at, now))
                for entry in outbox.changes
            ),
            next_at=outbox.next_at and min(outbox.next_at, now),
        )
        for target, outbox in (state.outboxes or {}).items()
    }
    return replace(
        state,
        at=state.at and min(state.at, now),
        incidents=tuple(map(earlier, state.incidents)),
        outboxes=outboxes,
        samples=tuple(each for each in state.samples if each.at <= now),
    )


def _is_over(incident: Incident, now: datetime, rules: AlertRules, *, keeps: bool) -> bool:
    """Whether an incident that is not seen now has ended; one that was not reported ends at once,
    also when its absence proves nothing: it begins anew if it is still there."""
    if not incident.fired:
        return True
    return not keeps and now - incident.seen >= timedelta(seconds=rules.recovery_s)


def _begun(found: Attention, now: datetime) -> Incident:
    text = f"{found.name}\0{found.about}\0{now.isoformat()}"
    return Incident(
        id=blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest(),
        name=found.name,
        about=found.about,
        severity=found.severity,
        sentence=found.sentence,
        remedy=found.remedy,
        began=now,
        seen=now,
        since=min(found.since or now, now),
    )


def _seen(incident: Incident, found: Attention, now: datetime, *, watched: bool) -> Incident:
    began = incident.began if watched or incident.fired else now
    since = min(found.since, now) if found.since else incident.since
    return replace(
        incident,
        severity=found.severity,
        sentence=found.sentence,
        remedy=found.remedy,
        began=began,
        seen=now,
        since=since if incident.fired is None else incident.since,
    )


def _fired(incident: Incident, now: datetime, rules: AlertRules) -> Incident:
    """Note in an incident that is seen now whether it has lasted long enough to be reported."""
    is_due = now - incident.began >= timedelta(seconds=rules.lasting_s(incident.name))
    return replace(incident, fired=now) if is_due and incident.fired is None else incident


def _reported(
    incident: Incident, now: datetime, rules: AlertRules, changes: list[IncidentChange]
) -> Incident:
    """Add to `changes` what is to be reported of this incident now, and note that in it.

    One that stood before there was a target is reported as if it had begun now.
    """
    if incident.fired is None:
        return incident
    if incident.reported is None:
        change = ReportKind.FIRING
    elif rules.repeat_s and now - incident.reported >= timedelta(seconds=rules.repeat_s):
        change = ReportKind.REPEATED
    else:
        return incident
    reported = replace(incident, reported=now)
    changes.append(IncidentChange(incident=reported, change=change, at=now))
    return reported


def _posted(
    state: AlertState, changes: Sequence[IncidentChange], targets: Sequence[str]
) -> dict[str, Outbox]:
    """The outboxes with these changes added, without those of targets that are not set."""
    return {target: with_changes(state.outbox(target), changes) for target in targets}


def with_changes(outbox: Outbox, changes: Sequence[IncidentChange]) -> Outbox:
    """Add changes to an outbox. Each incident is in it at most once, with its last change, so that
    an outbox whose target does not answer for days stays small."""
    if not changes:
        return outbox
    waiting = {entry.incident.id: entry for entry in outbox.changes}
    for entry in changes:
        before = waiting.pop(entry.incident.id, None)
        if before and before.change is ReportKind.FIRING and entry.change is ReportKind.REPEATED:
            entry = replace(entry, change=ReportKind.FIRING)
        waiting[entry.incident.id] = entry
    kept = list(waiting.values())[-MAX_CHANGES:]
    dropped = len(waiting) - len(kept)
    return replace(outbox, changes=tuple(kept), left_out=outbox.left_out + dropped)


def due_targets(state: AlertState, now: datetime, rules: AlertRules) -> Iterator[str]:
    """Yield the targets, such as a webhook, to which waiting reports are to be sent now.

    Reports wait for a while, so that several are sent together, and longer after a failed attempt.
    """
    for target, outbox in (state.outboxes or {}).items():
        if not outbox.changes:
            continue
        oldest = min(entry.at for entry in outbox.changes)
        grouped = now - oldest >= timedelta(seconds=rules.group_s)
        if grouped and (outbox.next_at is None or now >= outbox.next_at):
            yield target


def merged(state: AlertState, alone: AlertState) -> AlertState:
    """Add to `state`, which all workers share, the incidents and reports of `alone`.

    These are what one worker found by itself while it reached neither broker nor store.
    """
    known = {incident.key for incident in state.incidents}
    added = tuple(incident for incident in alone.incidents if incident.key not in known)
    outboxes = {**(alone.outboxes or {})}
    for target, outbox in (state.outboxes or {}).items():
        outboxes[target] = with_changes(outbox, alone.outbox(target).changes)
    return replace(state, incidents=state.incidents + added, outboxes=outboxes)
