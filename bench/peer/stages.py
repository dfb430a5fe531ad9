"""Measure where the CPU time of this worker goes, by part of its code, for each load.

    python -m bench.peer.stages [--data FOLDER] [--articles 400] [--store sqlite]

The worker is sampled while it processes a load (bench/peer/sampled_worker.py). Shares of samples
are turned into milliseconds per article with the CPU time of its processes. Work of a library
counts for the part that called it; `libraries` is Celery, kombu and Python with no part of this
package on the stack.
"""

import argparse
import json
import os
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from bench.peer.loads import Load, make_loads
from bench.peer.measurement import Cpu, measure, warm
from bench.peer.report import conditions
from bench.peer.running import Running
from bench.peer.systems import POSTGRES, SQLITE, place, worker
from devtools.servers import private_postgres

Parts = dict[str, float]  # CPU milliseconds an article by part of the code
_LEAST_MS = 0.2  # in some load


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.peer.stages", description=__doc__)
    parser.add_argument("--data", type=Path, help="folder with texts and pages")
    parser.add_argument("--articles", type=int, default=400)
    parser.add_argument("--pages", type=int, default=100)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--store", default="sqlite", choices=["sqlite", "postgres"])
    options = parser.parse_args()
    loads = make_loads(options.data, options.articles, options.pages)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="aw-stages-")))
        postgres = options.store == "postgres"
        url = stack.enter_context(private_postgres()) if postgres else ""
        samples = folder / "samples"
        samples.mkdir()
        os.environ["SAMPLES"] = str(samples)
        store = POSTGRES if postgres else SQLITE
        at = stack.enter_context(place(store, url, folder, options.processes, folder / "none"))
        running = stack.enter_context(worker(at, "bench.peer.sampled_worker"))
        warm(running, loads.warm_up)
        by_load = {load.name: _parts(running, load, samples) for load in loads.measured}
    print(f"{conditions(options.processes, 1, options.data)}, {store}")
    print(table(by_load))


def _parts(running: Running, load: Load, folder: Path) -> Parts:
    before, cpu = read_samples(folder), Cpu.of(running)
    measure(running, load, "worker", "", latency=False)
    used_s = Cpu.of(running).worker - cpu.worker
    samples = read_samples(folder)
    samples.subtract(before)
    total = samples.total() or 1
    each_ms = used_s * 1000 / len(load.articles) / total
    return {part: count * each_ms for part, count in samples.items()}


def read_samples(folder: Path) -> Counter[str]:
    """All samples so far, by part of the code; those of the main process have names of their
    own."""
    found: Counter[str] = Counter()
    for file in folder.glob("*.json"):
        written = json.loads(file.read_text())
        prefix = "" if written["kind"] == "pool" else f"{written['kind']}: "
        for part, count in written["samples"].items():
            found[prefix + part] += count
    return found


def table(by_load: dict[str, Parts]) -> str:
    """Milliseconds an article by part and load; the largest first, small parts together."""
    largest = Counter[str]()
    for parts in by_load.values():
        for part, ms in parts.items():
            largest[part] = max(largest[part], ms)
    shown = [part for part, ms in largest.most_common() if ms >= _LEAST_MS]
    rows = [f"| CPU ms an article | {' | '.join(by_load)} |", "|---" * (len(by_load) + 1) + "|"]
    rows += [_row(part, [parts.get(part, 0.0) for parts in by_load.values()]) for part in shown]
    rest = [sum(ms for p, ms in parts.items() if p not in shown) for parts in by_load.values()]
    rows += [_row("the rest", rest), _row("all", [sum(p.values()) for p in by_load.values()])]
    return "\n".join(rows)


def _row(name: str, figures: Sequence[float]) -> str:
    return f"| {name} | {' | '.join(f'{ms:.2f}' for ms in figures)} |"


if __name__ == "__main__":
    main()
