"""Write results as a table of Markdown, as bar charts in SVG, and into a page of the docs."""

import json
import math
import os
import platform
import re
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path

from bench.peer.measurement import Result

BEGIN, END = "<!-- the comparison begins -->", "<!-- the comparison ends -->"
PEER = "peer"
_HEADER = (
    "| load | system | store | CPU ms: all | worker | broker | producer | store | articles/s"
    " | p50 ms | p99 ms | MB a process | peer ÷ this | with store |"
)
_COLOURS = {"worker": "#1b6ca8", "floor": "#9aa5ad"}
_OTHER_COLOUR = "#d9822b"
_WIDTH, _LABEL, _ROW, _HEAD = 820, 210, 19, 26


def table(results: Sequence[Result]) -> str:
    """A row for each result, by load; the last columns say how many times as much CPU the peer
    takes, without and with that of a database server."""
    rows = [_HEADER, "|---|---|---|" + "---|" * 11]
    for load in dict.fromkeys(result.load for result in results):
        of_load = [result for result in results if result.load == load]
        peer = next((result for result in of_load if result.system == PEER), None)
        rows += [_row(result, peer, first=n == 0) for n, result in enumerate(of_load)]
    return "\n".join(rows)


def _row(result: Result, peer: Result | None, *, first: bool) -> str:
    cells = [
        f"{result.load} ({result.articles})" if first else "",
        result.system,
        result.store,
        f"**{result.all_ms:.2f}**",
        *(f"{ms:.2f}" for ms in (result.worker_ms, result.broker_ms, result.producer_ms)),
        f"{result.store_ms:.2f}" if result.store_ms else "",
        f"{result.per_second:,.0f}",
        *("" if math.isnan(ms) else f"{ms:.0f}" for ms in (result.p50_ms, result.p99_ms)),
        f"{result.memory_mb:.0f}",
        f"{peer.all_ms / result.all_ms:.1f}" if peer else "",
        f"{peer.with_store_ms / result.with_store_ms:.1f}" if peer else "",
    ]
    return f"| {' | '.join(cells)} |"


def conditions(processes: int, rounds: int, data: Path | None) -> str:
    """One line: machine, Python, and what was measured."""
    return (
        f"{'Texts and pages of DATA' if data else 'Generated articles'}, {processes} worker "
        f"processes, {os.cpu_count()} cores ({_processor()}), median of {rounds} rounds, Python "
        f"{platform.python_version()}, {platform.system()}"
    )


def _processor() -> str:
    names = [
        line.partition(":")[2] for line in _lines(Path("/proc/cpuinfo")) if "model name" in line
    ]
    return names[0].strip() if names else platform.machine()


def _lines(file: Path) -> list[str]:
    return file.read_text("utf-8", "replace").splitlines() if file.exists() else []


def chart(results: Sequence[Result], title: str, value: Callable[[Result], float]) -> str:
    """Bars of one figure, grouped by load; each group has a scale of its own, from zero."""
    parts: list[str] = []
    y = _HEAD
    for load in dict.fromkeys(result.load for result in results):
        of_load = [r for r in results if r.load == load and not math.isnan(value(r))]
        if not of_load:
            continue
        longest = max(map(value, of_load)) or 1.0
        y += _ROW
        parts.append(f'<text x="8" y="{y}" font-weight="bold">{escape(load)}</text>')
        for result in of_load:
            y += _ROW
            width = (_WIDTH - _LABEL - 70) * value(result) / longest
            colour = _COLOURS.get(result.system, _OTHER_COLOUR)
            name = escape(f"{result.system}, {result.store}")
            parts += [
                f'<text x="{_LABEL - 8}" y="{y}" text-anchor="end">{name}</text>',
                f'<rect x="{_LABEL}" y="{y - 12}" width="{width:.1f}" height="14"'
                f' fill="{colour}"/>',
                f'<text x="{_LABEL + width + 6:.1f}" y="{y}">{value(result):.3g}</text>',
            ]
        y += 6
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y + 12}"'
            ' font-family="sans-serif" font-size="12">',
            f'<rect width="{_WIDTH}" height="{y + 12}" fill="#ffffff"/>',
            f'<text x="8" y="18" font-size="14" font-weight="bold">{escape(title)}</text>',
            *parts,
            "</svg>\n",
        ]
    )


CHARTS: dict[str, tuple[str, Callable[[Result], float]]] = {
    "peer-cpu.svg": ("CPU ms per article: workers, broker and producer", lambda r: r.all_ms),
    "peer-latency.svg": ("99th percentile of latency at half load, ms", lambda r: r.p99_ms),
}


def write(page: Path, results: Sequence[Result], conditions_line: str) -> None:
    """Replace the comparison in a page of the docs, and the charts beside it."""
    charts = page.parent / "charts"
    charts.mkdir(exist_ok=True)
    for name, (title, value) in CHARTS.items():
        (charts / name).write_text(chart(results, title, value), encoding="utf-8")
    images = "\n".join(f"![{title}](charts/{name})\n" for name, (title, _) in CHARTS.items())
    block = f"{BEGIN}\n{conditions_line}:\n\n{table(results)}\n\n{images}{END}"
    text = page.read_text("utf-8")
    pattern = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.S)
    if not pattern.search(text):
        raise ValueError(f"{page}: no line {BEGIN}")
    page.write_text(pattern.sub(lambda _: block, text, count=1), encoding="utf-8")


def as_json(results: Sequence[Result], conditions_line: str) -> str:
    """All figures and what they hold for, as JSON."""
    rows = [
        {
            **{k: None if v != v else v for k, v in result._asdict().items()},  # NaN is no JSON
            "all_ms": result.all_ms,
        }
        for result in results
    ]
    return json.dumps({"conditions": conditions_line, "results": rows}, indent=2, allow_nan=False)


def read_json(text: str) -> list[Result]:
    """The results that `as_json` wrote."""
    return [
        Result(**{k: float("nan") if row[k] is None else row[k] for k in Result._fields})
        for row in json.loads(text)["results"]
    ]
