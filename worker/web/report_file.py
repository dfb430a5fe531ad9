"""Render a report as one HTML file that needs nothing else: style and charts are in it."""

from functools import cache

from markupsafe import Markup

from worker.config.monitoring_rules import AttentionRules
from worker.monitoring.outcome_columns import outcome_sums
from worker.monitoring.period_report import PeriodReport
from worker.monitoring.source_health import count_states, nothing_arrives
from worker.web.outcome_chart import STACK
from worker.web.page_rendering import FOLDER, rendered

_MOST_SOURCES = 50


def report_html(report: PeriodReport, rules: AttentionRules) -> bytes:
    """Return a report as one HTML file in UTF-8, with charts, and tables for mail programs without
    charts.

    The 50 sources that need attention most are listed. By the `rules`, the report also says if so
    many sources are silent that the cause must be elsewhere.
    """
    health = [source.health for source in report.sources]
    return rendered(
        "report.html",
        {
            "report": report,
            "sums": outcome_sums(report.columns),
            "states": count_states(health),
            "nothing_since": nothing_arrives(health, rules.silent_share),
            "sources": report.sources[:_MOST_SOURCES],
            "kinds": STACK,
            "style": _style(),
        },
    )


@cache
def _style() -> Markup:
    return Markup((FOLDER / "static" / "report.css").read_text("utf-8"))  # noqa: S704  our own file
