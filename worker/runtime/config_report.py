"""Which config a worker runs with, told in a file: written by its processes, read from outside."""

import json
import os
from datetime import datetime
from pathlib import Path

from worker.model.admission import Frozen


class Report(Frozen):
    """What a worker says of its config."""

    digest: str
    tagger: str
    since: datetime
    refused: str = ""  # why newer files are not in force


def tell(file: Path, report: Report) -> None:
    """Replaced in one step, so that nobody reads half of it. Raises OSError."""
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    file.parent.mkdir(parents=True, exist_ok=True)
    draft.write_text(report.model_dump_json(), "utf-8")
    draft.replace(file)


def report_of(file: Path) -> Report | None:
    """What a worker last said; None when it said nothing that can be read."""
    try:
        return Report.model_validate(json.loads(file.read_text("utf-8")))
    except (OSError, ValueError):
        return None
