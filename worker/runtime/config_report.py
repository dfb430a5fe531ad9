"""A file that says which config a worker runs with: the worker writes it, commands read it."""

import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from worker.model.private_files import FOLDER_MODE


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigReport:
    """Which config a worker runs with, and why newer config files were refused.

    `digest` is a checksum of the config in force, `tagger` the version of its tagging rules, and
    `since` the time at which the report was made. `refused` is the error in newer files that are
    not in force, "" if there are none.
    """

    digest: str
    tagger: str
    since: datetime
    refused: str = ""  # why newer files are not in force


def write_report(file: Path, report: ConfigReport) -> None:
    """Write a report about a worker's config to `file`, in place of an older one.

    The folder of the file is created if necessary. A reader at the same time finds the old report
    or the new one, never half of it. Raises OSError.
    """
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    file.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    draft.write_text(json.dumps(asdict(report) | {"since": report.since.isoformat()}), "utf-8")
    draft.replace(file)


def read_report(file: Path) -> ConfigReport | None:
    """Read the report about a worker's config in `file`.

    Returns None when there is no such file, or when it holds no valid report.
    """
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
