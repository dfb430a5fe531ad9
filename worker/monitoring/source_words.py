"""Say in words whether a source is well: why it is silent, and what has changed."""

from worker.model.plurals import several
from worker.monitoring.source_drift import WINDOW_H, Drift
from worker.monitoring.source_health import SilenceCause, SourceHealth, SourceState

CAUSES: dict[str, str] = {
    SilenceCause.FEED_FROZEN: "it is polled, and nothing is new",
    SilenceCause.ALL_DEAD: "all that it delivers becomes dead letters",
    SilenceCause.POLLER_DEAD: "it is not polled any more",
    SilenceCause.NOTHING_DELIVERED: "nothing is delivered",
}


def state_sentence(health: SourceHealth) -> str:
    """Say why a source is in its state; "" for one that is well."""
    if health.cause:
        return f"It is silent for longer than its rhythm explains: {CAUSES[health.cause]}."
    if health.state is SourceState.NEW:
        return "It has delivered too little to be judged."
    return ""


def drift_words(drift: Drift) -> str:
    """Say in words what has changed in the articles of a source, compared with the four weeks
    before."""
    if drift.what == "volume":
        came = several(drift.articles, "new article")
        return f"{came} in {WINDOW_H} hours; {drift.usual:,.0f} were expected"
    what = "in another language" if drift.what == "language" else drift.what
    of = f"{several(drift.articles, 'article')} in {WINDOW_H} hours"
    return f"{drift.value:.0%} {what} of {of}; before it was {drift.usual:.0%}"


def short_drift(drift: Drift) -> str:
    """Say in a few words what has changed in the articles of a source, such as `dead 12%` (12 %
    can't be processed) or `volume 3 of 40` (3 articles came, and 40 were expected)."""
    if drift.what == "volume":
        return f"volume {drift.value:,.0f} of {drift.usual:,.0f}"
    return f"{drift.what} {drift.value:.0%}"


def source_notes(health: SourceHealth, *, distrusted: bool = False) -> str:
    """Say in a few words what is odd about a source, such as why it is silent; "" if nothing is.

    `distrusted` says that its external ids do not identify its articles reliably.
    """
    snoozed = f"snoozed until {health.snoozed_until:%m-%d}" if health.snoozed_until else ""
    ids = "ids are distrusted" if distrusted else ""
    cause = CAUSES[health.cause] if health.cause else ""
    return ", ".join(filter(None, (snoozed, cause, *map(short_drift, health.drift), ids)))
