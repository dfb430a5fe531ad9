"""List the files of a folder that a command was called with."""

import os
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path

from worker.cli.file_kinds import LINES, PAGES

ENDINGS = (".json", ".txt", *LINES, *PAGES)  # of the files in a folder that are read


def files_below(
    path: Path, exclude: Sequence[str] = (), *, follow_links: bool = False
) -> list[Path]:
    """List the files to read below a folder, sorted by path, or only `path` if it is a file.

    In a folder, only files whose ending is in ENDINGS are read. `exclude` has name patterns.
    Symbolic links inside the folder are left out unless `follow_links` is set.
    """
    if not path.is_dir():
        return [path]
    files = _all_below(path, exclude, follow_links=follow_links)
    return [file for file in files if file.suffix.lower() in ENDINGS]


def others_below(
    path: Path, exclude: Sequence[str] = (), *, follow_links: bool = False
) -> list[Path]:
    """List the files below a folder that a command skips because of their ending, to report them.

    Hidden files, and those whose name matches a pattern in `exclude`, are left out. Symbolic links
    are left out unless `follow_links` is set. Returns an empty list if `path` is no folder.
    """
    files = _all_below(path, exclude, follow_links=follow_links) if path.is_dir() else []
    return [
        file
        for file in files
        if file.suffix.lower() not in ENDINGS and not _is_hidden(file.relative_to(path))
    ]


def links_below(path: Path, exclude: Sequence[str] = ()) -> list[Path]:
    """List the symbolic links below a folder that a command skips, to report them.

    These are links to folders, and links whose own name has one of ENDINGS, the endings of files
    with articles. Hidden links, and those whose name matches a pattern in `exclude`, are left out.
    """
    found = (entry for folder in _folders(path, follow_links=False) for entry in folder.iterdir())
    return sorted(
        link
        for link in found
        if link.is_symlink()
        and (link.suffix.lower() in ENDINGS or link.is_dir())
        and not _is_hidden(link.relative_to(path))
        and not _is_excluded(link, exclude)
    )


def _all_below(path: Path, exclude: Sequence[str], *, follow_links: bool) -> list[Path]:
    found = (
        entry for folder in _folders(path, follow_links=follow_links) for entry in folder.iterdir()
    )
    return sorted(
        file
        for file in found
        if file.is_file()
        and (follow_links or not file.is_symlink())
        and not _is_excluded(file, exclude)
    )


def _folders(path: Path, *, follow_links: bool) -> Iterator[Path]:
    """Yield a folder and the folders below it; one that several links lead to only once."""
    seen: set[tuple[int, int]] = set()
    for folder, inner, _ in os.walk(path, followlinks=follow_links):
        status = Path(folder).stat()
        if (status.st_dev, status.st_ino) in seen:
            inner.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        yield Path(folder)


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _is_excluded(path: Path, exclude: Sequence[str]) -> bool:
    return any(fnmatch(path.name, pattern) for pattern in exclude)
