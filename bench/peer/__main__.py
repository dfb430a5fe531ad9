"""Compare this worker with a well-built usual stack and with a floor, in one run.

    python -m bench.peer [--data FOLDER] [--quick] [--json FILE] [--write docs/benchmarks.md]

Each system gets a broker of its own, an empty database, and the same articles. It first processes
some that are not counted. A load is then pushed as fast as possible, and its CPU time is that of
all processes until nothing is left: worker, broker, producer and, named apart, the database server.
Then more of the load comes at half the rate that was reached, in bursts of ten articles at random
times, which gives the latency from push to store. This worker and the floor run with SQLite and
with PostgreSQL, the peer with PostgreSQL. Rounds alternate the systems, and the median counts.

FOLDER may have, at any depth, the corpora of devtools/news_corpora.py for fragments and those of
bench/pages.py for pages; without it, articles are generated. Linux only.
"""

import argparse
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.peer import report
from bench.peer.labelling import load_spacy, train
from bench.peer.loads import Load, Loads, make_loads
from bench.peer.measurement import Result, measure, median_of_rounds, warm
from bench.peer.systems import System, place, systems
from devtools.servers import private_postgres

_SYSTEMS = "worker;worker, zstd;peer;peer, datasketch;peer, spaCy;floor"


def main() -> None:
    # Whoever stops the command stops its servers too: SIGTERM alone would leave them.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    options = _options()
    loads = make_loads(options.data, options.articles, options.pages)
    if options.loads:
        wanted = options.loads.split(";")
        loads = loads._replace(measured=[load for load in loads.measured if load.name in wanted])
    results: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="aw-bench-") as folder, private_postgres() as url:
        model = Path(folder) / "topics.joblib"
        train(options.data, model)
        chosen = systems(options.systems.split(";"), spacy=load_spacy() is not None)
        for round_number in range(options.rounds):
            for system in chosen if round_number % 2 == 0 else reversed(chosen):
                results += _run(system, loads, url, options, model)
    results = _in_order(median_of_rounds(results), loads.measured, chosen)
    line = report.conditions(options.processes, options.rounds, options.data)
    print(f"{line}\n{report.table(results)}")
    if options.json:
        options.json.write_text(report.as_json(results, line), encoding="utf-8")
    if options.write:
        report.write(options.write, results, line)


def _run(
    system: System,
    loads: Loads,
    postgres_url: str,
    options: argparse.Namespace,
    model: Path,
) -> list[Result]:
    results = []
    with (
        tempfile.TemporaryDirectory(prefix="aw-run-", ignore_cleanup_errors=True) as folder,
        place(system.store, postgres_url, Path(folder), options.processes, model) as at,
    ):
        try:
            with system.start(at) as running:
                warm(running, loads.warm_up)
                for load in loads.measured:
                    result = measure(
                        running, load, system.name, system.store, latency=not options.no_latency
                    )
                    results.append(result)
                    print(
                        f"{system.name:12} {system.store:10} {load.name:26} "
                        f"{result.all_ms:7.2f} ms CPU {result.per_second:6.0f}/s",
                        file=sys.stderr,
                        flush=True,
                    )
        except (ChildProcessError, TimeoutError):
            print(at.log_file.read_text("utf-8", "replace")[-3000:], file=sys.stderr)
            raise
    return results


def _in_order(
    results: Sequence[Result], loads: Sequence[Load], chosen: Sequence[System]
) -> list[Result]:
    load_names = [load.name for load in loads]
    system_names = [(system.name, system.store) for system in chosen]
    return sorted(
        results,
        key=lambda r: (load_names.index(r.load), system_names.index((r.system, r.store))),
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.peer", description=__doc__)
    parser.add_argument("--data", type=Path, help="folder with texts and pages")
    parser.add_argument("--quick", action="store_true", help="100 articles, 30 pages, one round")
    parser.add_argument("--articles", type=int, default=1000, help="in each load")
    parser.add_argument("--pages", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--processes", type=int, default=2)
    also = "names, divided by semicolons; also `peer, fast`, with trafilatura's fast mode"
    parser.add_argument("--systems", default=_SYSTEMS, help=also)
    parser.add_argument("--loads", default="", help="names, divided by semicolons; default: all")
    parser.add_argument("--no-latency", action="store_true", help="skip the part at half load")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="replace the table in this page")
    options = parser.parse_args()
    if options.quick:
        options.articles, options.pages, options.rounds = 100, 30, 1
    return options


if __name__ == "__main__":
    main()
