"""`worker report`: what happened in the last days, as a short text and as a file with charts."""

from datetime import UTC, datetime
from pathlib import Path

import click

from worker.cli.resources import opened_store
from worker.cli.search_commands import Since
from worker.cli.sparkline import sparkline
from worker.cli.terminal import counted, moment, out, several
from worker.config.monitoring_rules import load_monitoring_rules
from worker.errors import BadConfig
from worker.monitoring.outcome_columns import outcome_sums
from worker.monitoring.period_report import PeriodReport, read_period_report
from worker.monitoring.source_health import count_states
from worker.monitoring.source_words import source_notes
from worker.settings import Settings

_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)  # hours are counted from then on
_NAMED = 5  # sources that need attention


@click.command(epilog="Example: worker report --since 7d --html report.html")
@click.option(
    "--since", type=Since(), default="7d", show_default=True, help="Begin: 2026-11-01, 7d or 12h."
)
@click.option(
    "--html",
    "target",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write the report with charts into this file, for a browser or a mail.",
)
def report(since: datetime, target: Path | None) -> None:
    """Summarize what happened since a day: outcomes, sources that need attention, dead letters.

    The file of --html needs nothing else: its style and charts are in it, and it has no script. It
    needs the extra `web`. Times are UTC.
    """
    now = datetime.now(UTC)
    if since >= now:
        raise click.UsageError("--since must be in the past")
    since = max(since, _EARLIEST)
    planned = load_monitoring_rules(Settings.load().config_dir).attention.planned_pauses
    found = read_period_report(opened_store(), since, now, planned)
    if target is not None:
        target.write_bytes(_html(found))
    for line in summary(found):
        out.print(line, markup=False, highlight=False, soft_wrap=True)
    if target is not None:
        out.print(f"charts: {target}", markup=False, soft_wrap=True)


def summary(found: PeriodReport) -> list[str]:
    """Say in a few lines what a report shows."""
    sums = outcome_sums(found.columns)
    states = count_states([source.health for source in found.sources])
    numbers = {"ok": states.ok, "silent": states.silent, "new": states.new, "paused": states.paused}
    lines = [
        f"{moment(found.since)} to {moment(found.at)} UTC",
        f"  deliveries  {sum(sums.values()):,}: {counted({str(k): n for k, n in sums.items()})}",
        f"  by time     {sparkline([column.total for column in found.columns])}",
        f"  sources     {several(len(found.sources), 'source')}: {counted(numbers)}",
        f"  dead        {counted(dict(found.dead_letters))}",
    ]
    bad = [source.health for source in found.sources if source.health.needs_attention]
    lines += [f"    {each.name}: {each.state}, {source_notes(each)}" for each in bad[:_NAMED]]
    if len(bad) > _NAMED:
        lines.append(f"    and {several(len(bad) - _NAMED, 'more source')}; see `worker sources`")
    return lines


def _html(found: PeriodReport) -> bytes:
    try:
        from worker.web.report_file import report_html
    except ImportError as e:
        problem = f"{e.name} is not installed; pip install 'article-worker[web]'"
        raise BadConfig(f"worker report --html: {problem}") from e
    return report_html(found, load_monitoring_rules(Settings.load().config_dir).attention)
