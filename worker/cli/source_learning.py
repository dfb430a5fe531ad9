"""Read and print the lines that a source repeats around its articles, for `worker sources NAME`."""

from collections.abc import Sequence
from datetime import UTC, datetime

from worker import bootstrap
from worker.clean.lines.source_boilerplate import SourceBoilerplate
from worker.cli.terminal import out, print_table, several
from worker.config.loader import load_config
from worker.errors import Unavailable
from worker.explain.learned_lines import (
    SourceBoilerplateReport,
    lines_without_index,
    repeated_lines,
)
from worker.settings import Settings
from worker.store.values import RemovedLineCount


def boilerplate_report(
    source: str, left_out: Sequence[RemovedLineCount], settings: Settings
) -> SourceBoilerplateReport:
    config = load_config(settings.config_dir)
    try:
        learned_by_source = bootstrap.boilerplate(settings, config, start=False).learned(
            [source], datetime.now(UTC)
        )
    except Unavailable as e:
        return lines_without_index(source, left_out, str(e))
    learned = learned_by_source.get(source, SourceBoilerplate())
    return repeated_lines(source, learned, left_out, config.cleaning.learned)


def print_boilerplate(report: SourceBoilerplateReport) -> None:
    if report.silent:
        out.print(f"  learned    unknown: {report.silent}", markup=False)
    if not report.lines:
        out.print("  repeats    no line is learned, pinned or refused")
        return
    columns = ("line", "how", "since", "texts", "days", "left out", "last")
    rows = (
        (
            *(r.line or "(not seen since)", r.how, r.since or "", r.texts or "", r.days or ""),
            *(r.left_out, r.last or ""),
        )
        for r in report.lines
    )
    version = f", version {report.version}" if report.version else ""
    print_table(f"{several(len(report.lines), 'line')} that it repeats{version}", columns, rows)
