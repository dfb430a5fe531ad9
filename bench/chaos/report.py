"""Read and write rows of the fault matrix as a results file and as a Markdown table."""

import re
from itertools import product
from pathlib import Path

from pydantic import BaseModel

from bench.chaos import matrix
from devtools.chaos.load import Cost

_HEAD = (
    "| fault | times | store | transport | published | stored | expected dead letters | lost "
    "| stuck | stored twice | ran twice | unexpected dead letters | exits of workers | recovery s |"
)
_BEGIN, _END = "<!-- the matrix begins -->", "<!-- the matrix ends -->"


class Row(BaseModel):
    """The result of one fault on one transport and one store."""

    transport: str
    store: str
    fault: str
    took_s: float
    machine: str
    cost: Cost

    @property
    def key(self) -> tuple[str, str, str, int]:
        return self.transport, self.store, self.fault, self.cost.faults


def read(file: Path) -> list[Row]:
    if not file.exists():
        return []
    return [Row.model_validate_json(line) for line in file.read_text().splitlines()]


def table(rows: list[Row]) -> str:
    """The Markdown table in the order of the matrix; of rows that ran twice, the later result."""
    latest = {row.key[:3]: row for row in rows}
    lines = [_HEAD, "|" + "---|" * _HEAD.count(" | ") + "---|"]
    kinds = product(matrix.FAULTS, (matrix.SQLITE, matrix.POSTGRES), (matrix.OURS, matrix.STOCK))
    lines += [
        _line(fault.description, latest[key])
        for fault, store, transport in kinds
        if (key := (transport, store, fault.name)) in latest
    ]
    return "\n".join(lines)


def write(page: Path, rows: list[Row]) -> None:
    """Replace the text between the two marks of the page by the table."""
    text = page.read_text()
    marked = f"{_BEGIN}\n{table(rows)}\n{_END}"
    page.write_text(re.sub(f"(?s){_BEGIN}.*{_END}", lambda _: marked, text))


def _line(description: str, row: Row) -> str:
    c = row.cost
    cells = [description, c.faults, row.store, row.transport, c.published, c.stored, c.dead, c.lost]
    reran = "" if c.reran is None else c.reran
    cells += [c.stuck, c.doubled, reran, c.buried, c.ended, c.recovery_s]
    return (
        "| "
        + " | ".join(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in cells)
        + " |"
    )
