"""Break workers, broker and store under load, and count articles that are lost or stored twice.

    python -m bench.chaos [--fault worker,broker] [--store sqlite] [--transport ours] [--times 5]

Rows that are in the results file are not run again, so an interrupted run can be continued.
"""

import argparse
import json
import os
import platform
import sys
import time
from pathlib import Path

from bench.chaos import matrix, report
from bench.chaos.report import Row
from devtools.servers import private_postgres


def main() -> None:
    options = _options()
    faults = [f for f in matrix.FAULTS if f.name in options.fault.split(",") or not options.fault]
    file = Path(options.results)
    file.parent.mkdir(parents=True, exist_ok=True)
    rows = [] if options.rerun else report.read(file)
    done = {row.key for row in rows}
    with private_postgres() as postgres_url:
        for transport in options.transport.split(","):
            for store in options.store.split(","):
                for fault in faults:
                    times = options.times or fault.times
                    if (transport, store, fault.name, times) in done:
                        continue
                    row = _run(fault, transport, store, postgres_url, times)
                    rows.append(row)
                    with file.open("a") as results:
                        results.write(row.model_dump_json() + "\n")
    if options.json:
        print(json.dumps([row.model_dump() for row in rows], indent=2))
    else:
        print(report.table(rows))
    if options.write:
        report.write(Path(options.write), rows)
    ours = [row for row in rows if row.transport == matrix.OURS]
    sys.exit(0 if all(row.cost.clean for row in ours) else 1)


def _run(fault: matrix.Fault, transport: str, store: str, postgres_url: str, times: int) -> Row:
    name = f"{transport:5} {store:8} {fault.name:10} x {times}"
    print(f"{name} …", file=sys.stderr, flush=True)
    began = time.monotonic()
    cost = matrix.run(fault, transport, store, postgres_url, times)
    took_s = time.monotonic() - began
    print(f"{name}   {took_s:4.0f} s   {cost}", file=sys.stderr, flush=True)
    machine = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    return Row(
        transport=transport,
        store=store,
        fault=fault.name,
        took_s=took_s,
        machine=machine,
        cost=cost,
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.chaos", description=__doc__)
    names = ",".join(fault.name for fault in matrix.FAULTS)
    parser.add_argument("--fault", default="", metavar="NAMES", help=f"any of {names}")
    parser.add_argument("--store", default="sqlite,postgres")
    parser.add_argument("--transport", default="ours,stock")
    parser.add_argument("--times", type=int, help="repetitions, instead of those of the matrix")
    parser.add_argument("--results", default="var/chaos.jsonl", help="file of finished rows")
    parser.add_argument(
        "--again", dest="rerun", action="store_true", help="do not read the results file"
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", metavar="FILE", help="replace the table in this page")
    return parser.parse_args()


if __name__ == "__main__":
    main()
