"""Metrics of the sources of articles, for Prometheus. Each source is a label, up to a limit."""

from collections.abc import Iterator, Sequence

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from worker.web.system_state import MeasuredSource

MAX_SOURCES = 200
OTHER = "other"


def source_metrics(sources: Sequence[MeasuredSource]) -> Iterator[Metric]:
    """Yield the metrics of all sources, with the name of a source in the label `source`.

    Each label costs Prometheus memory, so only the 200 sources that were seen first have their own.
    As these never change, no counter ever falls. All others are added up under the label `other`,
    and `worker_sources_untold` says how many they are.
    """
    ordered = sorted(sources, key=lambda source: (source.first_seen, source.name))
    named = [source for source in ordered[:MAX_SOURCES] if source.name != OTHER]
    kept = {source.name for source in named}
    others = [source for source in ordered if source.name not in kept]
    untold = GaugeMetricFamily(
        "worker_sources_untold", "Sources without a label of their own, counted as `other`."
    )
    untold.add_metric([], len(others))
    yield untold
    yield from _counted(named, others)
    yield from _judged(named)


def _counted(named: Sequence[MeasuredSource], others: Sequence[MeasuredSource]) -> Iterator[Metric]:
    labels = ["source"]
    articles = CounterMetricFamily(
        "worker_source_articles", "Articles that a source delivered.", labels=labels
    )
    dead = CounterMetricFamily(
        "worker_source_dead", "Articles of a source that became dead letters.", labels=labels
    )
    last_seen = GaugeMetricFamily(
        "worker_source_last_seen_timestamp_seconds", "When a source last delivered.", labels=labels
    )
    groups = [(source.name, [source]) for source in named]
    for name, group in [*groups, *([(OTHER, others)] if others else [])]:
        articles.add_metric([name], sum(source.articles for source in group))
        dead.add_metric([name], sum(source.dead for source in group))
        last_seen.add_metric([name], max(source.last_seen for source in group).timestamp())
    yield from (articles, dead, last_seen)


def _judged(named: Sequence[MeasuredSource]) -> Iterator[Metric]:
    silent = GaugeMetricFamily(
        "worker_source_silent",
        "Whether a source has been silent for longer than its rhythm explains.",
        labels=["source"],
    )
    due = GaugeMetricFamily(
        "worker_source_due_timestamp_seconds",
        "When a source counts as silent, unless it delivers before.",
        labels=["source"],
    )
    for source in named:
        if source.silent is not None:
            silent.add_metric([source.name], source.silent)
        if source.due is not None:
            due.add_metric([source.name], source.due.timestamp())
    yield from (silent, due)
