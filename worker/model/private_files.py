"""Keep the folder of embedded data, and the files in it, from other users of the machine.

The folder has the mode 0700, its files 0600. Those that an earlier version made are changed.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

FOLDER_MODE, FILE_MODE, UMASK = 0o700, 0o600, 0o077
# The names of what the embedded broker, the embedded store and workers write into the folder. Other
# files stay as they are: the user may have named a folder with files of another program.
_OWN = (
    "broker.*",
    "articles.sqlite3*",
    "broker-aof",
    "temp-*",
    "worker.log*",
    "*.heartbeat",
    "*.config",
    "*.config.json*",
)


def make_private(folder: Path) -> None:
    """Create a folder for embedded data that only this user may read, or make an existing one so,
    with the files of embedded data in it.

    A folder of another user, and one with the sticky bit, such as /tmp, keeps its mode. Raises
    OSError if the folder can't be made.
    """
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    if not folder.stat().st_mode & stat.S_ISVTX:
        _set_mode(folder, FOLDER_MODE, follow=True)
    for pattern in _OWN:
        for path in folder.glob(pattern):
            _make_private(path)


def create_private(file: Path) -> None:
    """Create an empty file that only this user may read, or make an existing file so.

    The file of an SQLite database is created by this first, because SQLite gives the files that it
    makes beside a database the mode of the database.
    """
    with suppress(OSError):  # whoever opens it next says why it can't be opened
        os.close(os.open(file, os.O_CREAT | os.O_WRONLY, FILE_MODE))
        _make_private(file)


def opener(path: str, flags: int) -> int:
    """Open a file, as the argument `opener` of open(). A file that is created is readable by this
    user only."""
    return os.open(path, flags, FILE_MODE)


@contextmanager
def users_umask() -> Iterator[None]:
    """A `with` block in which new files get the usual permissions, those that the user's other
    programs give.

    It is for files that the user asks for, such as that of the option --out, in a process in which
    restrict_umask() makes all other new files private.
    """
    before = os.umask(_users_umask[0]) if _users_umask else None
    try:
        yield
    finally:
        if before is not None:
            os.umask(before)


def restrict_umask() -> None:
    """Let only this user read the files that this process and its children create from now on."""
    before = os.umask(UMASK)
    if not _users_umask:
        _users_umask.append(before)


_users_umask: list[int] = []


def _make_private(path: Path) -> None:
    """Set the mode of a file, a socket, or a folder with its files. Links are not followed."""
    if not path.is_dir() or path.is_symlink():
        _set_mode(path, FILE_MODE)
        return
    _set_mode(path, FOLDER_MODE)
    for inner in path.iterdir():
        _make_private(inner)


def _set_mode(path: Path, mode: int, *, follow: bool = False) -> None:
    """Take rights away from all but the owner; nothing is done to files of other users."""
    with suppress(OSError):  # removed meanwhile
        status = path.stat() if follow else path.lstat()
        wrong = stat.S_IMODE(status.st_mode) != mode
        if wrong and status.st_uid == os.geteuid() and not stat.S_ISLNK(status.st_mode):
            path.chmod(mode)
