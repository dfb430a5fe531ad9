"""Find what has changed in the articles of a source: more of them are dead, empty, short, undated,
duplicates or in another language than before, or there are far fewer.

The last 72 hours are compared with windows of the same length in the four weeks before. The 72
hours in between are left out, so that a change is not compared with its own beginning. Something
has changed if chance gives it a probability below 1e-4: a beta-binomial distribution for shares, a
negative binomial one for numbers. Both know how little can be learned from few articles. Articles
often come in bursts that resemble each other, so a change by chance is likelier than among
independent articles. Therefore the numbers are first divided by how much more the earlier windows
differ from each other than those of independent articles would.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import exp, lgamma, log

from worker.model.records import OutcomeKind
from worker.store.hourly_values import FIRST_STORED, LANGUAGE_TRAIT

WINDOW_H = 72
WINDOWS_BEFORE = range(2, 11)  # 27 days; window 0 is the last one
CHANCE = 1e-4  # of an alarm about a source and measure that has not changed, at one look
_LEAST_RISE = 0.1  # of a share: what is smaller may be true, but is no trouble
_LARGEST_VOLUME = 0.5  # of the expected number of articles, below which a drop is worth a word
_LEAST_NOW = 5  # articles in the last window
_LEAST_BEFORE = 20  # in the windows before
_LEAST_WINDOWS = 3
_CORRELATION = 0.02  # least correlation of articles in a window: events, series and agencies repeat
_MOST_COUNTED = 500  # larger numbers are scaled down: the tail is summed up one by one
_PROCESSED = tuple(k for k in OutcomeKind if k not in (OutcomeKind.UNCHANGED, OutcomeKind.DEAD))

Counts = Mapping[str, int]  # outcome or trait -> number of articles in a window


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """Something that has changed in what a source delivers, compared with the four weeks before.

    `what` is `dead`, `empty`, `short`, `undated`, `duplicate`, `language` or `volume`. `value` is
    the share of such articles in the last 72 hours, from 0 to 1, and `usual` their share before;
    for `language`, of articles in another language than the usual one. For `volume` they are the
    number of new articles in the last 72 hours, and the number that was expected. `articles` is the
    number of articles in the last 72 hours.
    """

    what: str
    value: float
    usual: float
    articles: int


@dataclass(frozen=True, slots=True)
class _Measure:
    """A share of the articles of a source that is watched for changes, named `what`.

    `bad` takes from the counts of a window the number of such articles, and `total` the number of
    all articles that could be such.
    """

    what: str
    bad: Callable[[Counts], int]
    total: Callable[[Counts], int]


def find_drift(current: Counts, earlier: Sequence[Counts]) -> tuple[Drift, ...]:
    """Return the watched shares of a source's articles, such as that of dead ones, that have risen.

    `current` has the counts of the last 72 hours, and `earlier` those of windows of the same length
    before. A share has risen if chance does not explain it, and if it is higher by at least 0.1.
    Nothing is judged with fewer than 5 articles now, or with fewer than 20, or less than three
    windows, before.
    """
    found = []
    for measure in (*_MEASURES, _language(earlier)):
        repeats = _repeats(earlier) if measure.what == OutcomeKind.DEAD else 1.0
        before = [(measure.bad(c) / repeats, measure.total(c) / repeats) for c in earlier]
        now = (measure.bad(current) / repeats, measure.total(current) / repeats)
        if _has_risen(now, before):
            bad, total = map(sum, zip(*before, strict=True))
            value = now[0] / now[1]
            articles = measure.total(current)
            drift = Drift(what=measure.what, value=value, usual=bad / total, articles=articles)
            found.append(drift)
    return tuple(found)


def find_drop(
    current: Counts, expected: float, earlier: Sequence[Counts], expected_earlier: Sequence[float]
) -> Drift | None:
    """Return by how much the number of new articles of a source has dropped.

    The result is None if the number is at least half the usual one, if chance may explain the drop,
    or if there are too few earlier articles to tell. `current` has the numbers of the last window
    of 72 hours, and `earlier` those of the windows before. `expected` says how many arrivals (hours
    with new articles) are usual in the last window, by the hours of the week in it;
    `expected_earlier` says the same of each earlier window.
    """
    windows = [(_new(c), e) for c, e in zip(earlier, expected_earlier, strict=True) if e > 0]
    came, weight = sum(n for n, _ in windows), sum(e for _, e in windows)
    if len(windows) < _LEAST_WINDOWS or came < _LEAST_BEFORE:
        return None
    rate = came / weight
    usual, now = expected * rate, _new(current)
    if now >= _LARGEST_VOLUME * usual:
        return None
    scattered = sum((n - e * rate) ** 2 / (e * rate) for n, e in windows)
    scale = max(1.0, scattered / (len(windows) - 1), usual / _MOST_COUNTED)
    if negative_binomial_tail(int(now / scale), came / scale, usual / scale) >= CHANCE:
        return None
    return Drift(what="volume", value=now, usual=usual, articles=now)


def beta_binomial_tail(number: int, articles: int, bad: float, good: float) -> float:
    """Return the probability that at least `number` of `articles` articles are bad by chance.

    The true share of bad ones is not known exactly: it has a beta distribution with the parameters
    `bad` and `good`, such as numbers of earlier bad and good articles.
    """
    logs = (
        lgamma(articles + 1)
        - lgamma(k + 1)
        - lgamma(articles - k + 1)
        + _log_beta(k + bad, articles - k + good)
        - _log_beta(bad, good)
        for k in range(max(number, 0), articles + 1)
    )
    return min(1.0, sum(map(exp, logs)))


def negative_binomial_tail(number: int, known: float, expected: float) -> float:
    """Return the probability that by chance `number` or fewer articles come where `expected` were
    expected.

    The expectation is uncertain, the more so the fewer articles it was learned from (`known`). So
    the number has a Poisson distribution whose mean has a gamma distribution of the shape `known`.
    """
    success = known / (known + expected)
    first = known * log(success)
    ratios = (log((known + k - 1) / k * (1 - success)) for k in range(1, number + 1))
    return min(1.0, sum(map(exp, accumulate(ratios, initial=first))))


def _has_risen(now: tuple[float, float], before: Sequence[tuple[float, float]]) -> bool:
    windows = [(bad, total) for bad, total in before if total > 0]
    bad, total = sum(b for b, _ in windows), sum(t for _, t in windows)
    if now[1] < _LEAST_NOW or total < _LEAST_BEFORE or len(windows) < _LEAST_WINDOWS:
        return False
    if now[0] / now[1] < bad / total + _LEAST_RISE:
        return False
    share = (bad + 0.5) / (total + 1)
    scattered = sum((b - t * share) ** 2 / (t * share * (1 - share)) for b, t in windows)
    design_effect = 1 + _CORRELATION * (now[1] - 1)
    scale = max(design_effect, scattered / (len(windows) - 1), now[1] / _MOST_COUNTED)
    articles = int(now[1] / scale)
    number = min(int(now[0] / scale), articles)
    good = (total - bad) / scale
    return beta_binomial_tail(number, articles, bad / scale + 0.5, good + 0.5) < CHANCE


def _repeats(earlier: Sequence[Counts]) -> float:
    """How often a delivered article came on average. A poller sends all that a feed has at each
    poll, a dead article too: its deliveries count as one article only together."""
    deliveries = sum(counts.get(kind, 0) for counts in earlier for kind in OutcomeKind)
    processed = sum(counts.get(kind, 0) for counts in earlier for kind in _PROCESSED)
    return max(1.0, deliveries / max(processed, 1))


def _language(earlier: Sequence[Counts]) -> _Measure:
    """The share of articles in another language than the one that was most frequent before."""
    names = {what for counts in earlier for what in counts if what.startswith(LANGUAGE_TRAIT)}
    usual = max(sorted(names), key=lambda n: sum(c.get(n, 0) for c in earlier), default="")
    return _Measure("language", lambda c: _with_language(c) - c.get(usual, 0), _with_language)


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def _with_language(counts: Counts) -> int:
    """The number of articles whose traits were counted: each has one language."""
    return sum(n for what, n in counts.items() if what.startswith(LANGUAGE_TRAIT))


def _new(counts: Counts) -> int:
    return sum(counts.get(kind, 0) for kind in FIRST_STORED)


def _delivered(counts: Counts) -> int:
    return sum(counts.get(kind, 0) for kind in OutcomeKind)


def _trait(what: str) -> _Measure:
    return _Measure(what, lambda counts: counts.get(what, 0), _with_language)


_MEASURES = (
    _Measure("dead", lambda counts: counts.get(OutcomeKind.DEAD, 0), _delivered),
    _trait("empty"),
    _trait("short"),
    _trait("undated"),
    _Measure("duplicate", lambda counts: counts.get(OutcomeKind.DUPLICATE, 0), _new),
)
