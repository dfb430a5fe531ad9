"""Find what needs attention in changes over hours, which one look at the system does not show.

Every five minutes a few numbers are kept, for six hours. By them it is found that a large share of
articles could not be processed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from worker.config.alert_rules import AlertRules
from worker.model.records import OutcomeKind
from worker.monitoring.status_values import Attention, Severity
from worker.store.hourly_values import OutcomeTotals

STEP = timedelta(minutes=5)
PERIOD = timedelta(hours=6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """How many articles have been processed (`ended`) since the beginning, up to the time `at`,
    and how many of them became dead letters, that is failed (`dead`)."""

    at: datetime
    ended: int
    dead: int


def sample(totals: OutcomeTotals, at: datetime) -> Sample:
    """Take from the counts of all outcomes in the store the numbers by which trends are judged."""
    return Sample(
        at=at,
        ended=sum(totals.outcomes.values()),
        dead=totals.outcomes.get(OutcomeKind.DEAD, 0),
    )


def with_sample(samples: Sequence[Sample], new: Sample) -> tuple[Sample, ...]:
    """Add `new` to the earlier samples, if it was taken at least five minutes after the last of
    them.

    Samples of the last six hours are kept, and the newest one before that. If the numbers are
    smaller than before, the store was replaced, and only `new` is kept.
    """
    if samples and new.ended < samples[-1].ended:
        return (new,)
    if samples and new.at - samples[-1].at < STEP:
        return tuple(samples)
    old = [s for s in samples if new.at - s.at > PERIOD]
    return (*old[-1:], *(s for s in samples if new.at - s.at <= PERIOD), new)


def trend_attention(
    samples: Sequence[Sample], new: Sample, rules: AlertRules, standing: int
) -> Iterator[Attention]:
    """Yield what needs the attention of a person, judged by how the numbers have changed over
    hours.

    `samples` are the numbers of articles at earlier times, and `new` those of now. `standing` is
    the number of dead letters that are neither dropped nor replayed. There is one judgement so far,
    named `dead-slow`: a large share of the articles of the last six hours became dead letters, and
    a large share of those of the last half hour, too; unless only few of these letters stand.
    """
    long, short = _before(samples, new.at, PERIOD), _before(samples, new.at, timedelta(minutes=30))
    if long and short and min(new.dead - long.dead, standing) > rules.dead_articles_6h:
        share = _dead_share(long, new)
        if min(share, _dead_share(short, new)) > rules.dead_share_6h:
            yield Attention(
                name="dead-slow",
                severity=Severity.TICKET,
                sentence=f"{share:.0%} of the articles of the last hours became dead letters",
                remedy="see the reasons: worker dead list; letters that are dropped, or replayed "
                "with success, do not count",
            )


def _before(samples: Sequence[Sample], now: datetime, period: timedelta) -> Sample | None:
    """The newest sample that is at least `period` old, else the oldest; None if there is none."""
    old_enough = [s for s in samples if now - s.at >= period]
    return old_enough[-1] if old_enough else next(iter(samples), None)


def _dead_share(before: Sample, now: Sample) -> float:
    ended = now.ended - before.ended
    return (now.dead - before.dead) / ended if ended > 0 else 0.0
