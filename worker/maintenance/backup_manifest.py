"""The manifest of a backup: which files it has, with checksums, and of what they are copies.

It is the file `manifest.json`, written last. A folder without it is no complete backup.
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from worker.errors import BadConfig
from worker.model.plurals import several
from worker.model.private_files import opener

MANIFEST = "manifest.json"
BROKER_FILE = "broker.jsonl"
JOURNALS = "journals"  # folder of the producers' journals
FORMAT = 1

_BLOCK = 1 << 20  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupFile:
    """The size and the SHA-256 checksum of one file of a backup."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup holds.

    `version` is that of this package, `schema` the last migration of the store. `store_file` names
    the copy of the store. `broker` is the server and version that held the queue, and `keys` the
    number of its keys. `started` and `finished` are when the backup was made. `files` maps each
    file, by its path in the folder, to its size and checksum. `left_out` says in sentences what is
    not in the backup.
    """

    format: int
    version: str
    schema: str
    store_file: str
    broker: str
    keys: int
    started: datetime
    finished: datetime
    files: Mapping[str, BackupFile]
    left_out: tuple[str, ...]

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files.values())

    @property
    def journals(self) -> list[str]:
        return [name for name in self.files if name.startswith(f"{JOURNALS}/")]


def measured(file: Path, on_bytes: Callable[[int], None] = lambda _: None) -> BackupFile:
    """Read a file and return its size and checksum; `on_bytes` gets the size of each part read."""
    digest, size = sha256(), 0
    with file.open("rb") as opened:
        while block := opened.read(_BLOCK):
            digest.update(block)
            size += len(block)
            on_bytes(len(block))
    return BackupFile(bytes=size, sha256=digest.hexdigest())


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest of a backup into its folder, and return when it is on the disk."""
    with open(folder / MANIFEST, "x", encoding="utf-8", opener=opener) as file:
        json.dump(asdict(manifest), file, indent=2, default=str)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of the backup in a folder.

    Raises BadConfig if the folder has none, so that the backup is not complete, or if a later
    version of this package has made it in another format.
    """
    path = folder / MANIFEST
    try:
        manifest = _adapter().validate_json(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError) as e:
        raise BadConfig(f"{folder}: no complete backup, it has no {MANIFEST}") from e
    except ValidationError as e:
        first = e.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise BadConfig(f"{path}: not readable: {where or 'JSON'}: {first['msg']}") from e
    if manifest.format != FORMAT:
        raise BadConfig(f"{path}: format {manifest.format}; this version reads {FORMAT}")
    return manifest


@cache
def _adapter() -> TypeAdapter[Manifest]:
    return TypeAdapter(Manifest)


def check_files(
    folder: Path, manifest: Manifest, on_bytes: Callable[[int], None] = lambda _: None
) -> None:
    """Compare the files of a backup with their sizes and checksums in the manifest.

    Raises BadConfig that names the first file that is missing or differs.
    """
    for name in (BROKER_FILE, manifest.store_file):
        if name not in manifest.files:
            raise BadConfig(f"{folder / MANIFEST}: it does not list {name}")
    for name, expected in manifest.files.items():
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            raise BadConfig(f"{folder}: {name} is not in the folder of the backup")
        if not path.is_file():
            raise BadConfig(f"{path} is missing")
        found = measured(path, on_bytes)
        if found != expected:
            raise BadConfig(
                f"{path} is damaged: {several(found.bytes, 'byte')} with checksum "
                f"{found.sha256[:12]}…, "
                f"expected {expected.bytes} with {expected.sha256[:12]}…"
            )
