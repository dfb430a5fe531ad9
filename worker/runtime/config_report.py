"""A file that reports which config a worker runs with: its processes write it, commands read it."""

import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from worker.private_files import FOLDER_MODE


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigReport:
    """The config in force in a worker: its digest, since when, and why newer files were refused.

    `tagger` is the version of the tagging rules.
    """

    digest: str
    tagger: str
    since: datetime
    refused: str = ""  # why newer files are not in force


def write_report(file: Path, report: ConfigReport) -> None:
    """Write the report to `file` in one step, so that nobody reads half of it. Raises OSError."""
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    file.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    draft.write_text(json.dumps(asdict(report) | {"since": report.since.isoformat()}), "utf-8")
    draft.replace(file)


def read_report(file: Path) -> ConfigReport | None:
    """Read the report in `file`; None when there is no such file, or it holds no valid report."""
    try:
        fields = json.loads(file.read_text("utf-8"))
        since = datetime.fromisoformat(fields["since"])
        report = ConfigReport(
            digest=fields["digest"],
            tagger=fields["tagger"],
            since=since,
            refused=fields.get("refused", ""),
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    texts = (report.digest, report.tagger, report.refused)
    return report if all(isinstance(value, str) for value in texts) else None
