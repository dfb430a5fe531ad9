"""Run the simulated autoscaler on private servers, print what happened, and draw the chart of
docs/scaling.md: `python -m devtools.autoscaling --chart docs/charts/autoscaling.svg`."""

import argparse
import tempfile
from pathlib import Path

from devtools.autoscaling.controller import ControllerRules
from devtools.autoscaling.simulation import Simulation, Wave, simulate
from devtools.autoscaling.trace_chart import trace_chart
from devtools.servers import create_database, in_database, private_postgres, private_valkey
from worker.store.migrate import migrate

WAVES = (Wave(0, 2), Wave(10, 100), Wave(90, 20))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chart", type=Path, help="file of the SVG picture")
    arguments = parser.parse_args()
    rules = ControllerRules()
    with private_postgres() as server, private_valkey() as broker:
        create_database(server, "articles")
        store = in_database(server, "articles")
        migrate(store)
        with tempfile.TemporaryDirectory(prefix="scale") as folder:
            done = simulate(Path(folder), broker, store, WAVES, rules)
    _print(done)
    if arguments.chart:
        arguments.chart.write_text(trace_chart(done.trace, rules.most), encoding="utf-8")


def _print(done: Simulation) -> None:
    print("  s  wanted  running  at work  waiting  leased  done")
    for point in done.trace:
        wanted = "-" if point.wanted is None else point.wanted
        print(
            f"{point.at_s:5.1f} {wanted:>5} {point.running:>7} {point.present:>8}"
            f" {point.waiting:>8} {point.leased:>7} {point.done:>6}"
        )
    print(
        f"{len(done.receipts)} articles, {done.outcomes} with an outcome; "
        f"most workers {max(point.running for point in done.trace)}; "
        f"present workers worked {done.busy_share:.0%} of the time while messages waited; "
        f"exit codes {sorted(set(done.exit_codes))}"
    )


if __name__ == "__main__":
    main()
