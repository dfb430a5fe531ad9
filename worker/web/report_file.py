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
    """Return the file in UTF-8. Mail programs that show no charts show the tables below them.

    The 50 sources that need attention most are listed. `rules` say when nothing arrives at all.
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
