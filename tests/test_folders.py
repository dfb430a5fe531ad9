"""Symbolic links in a folder that a command reads."""

from pathlib import Path

import pytest

from worker.cli.folders import files_below, links_below
from worker.cli.inputs import SkippedInput, read_inputs, skipped_summary


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with an article, and links to a file and a folder outside, to itself, to nothing."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("A secret\n\nIt is not for readers.")
    folder = tmp_path / "pushed"
    (folder / "more").mkdir(parents=True)
    (folder / "more" / "own.txt").write_text("Harbour reopens\n\nOn Monday.")
    (folder / "file.txt").symlink_to(outside / "secret.txt")
    (folder / "folder").symlink_to(outside)
    (folder / "more" / "circle").symlink_to(folder)
    (folder / "nothing.txt").symlink_to(tmp_path / "missing")
    (folder / "picture.png").symlink_to(outside / "secret.txt")
    return folder


def test_links_in_a_folder_are_not_followed(folder: Path) -> None:
    assert files_below(folder) == [folder / "more" / "own.txt"]
    skipped: list[SkippedInput] = []
    assert len(list(read_inputs([folder], (), skipped))) == 1
    named = sorted(skipped_input.location for skipped_input in skipped)
    assert named == ["file.txt", "folder", "more/circle", "nothing.txt"]
    assert skipped_summary(skipped) == "skipped 4 files: 4 symbolic links"
    assert "--follow-symlinks" in str(skipped[0])


def test_links_are_followed_when_asked(folder: Path) -> None:
    found = files_below(folder, follow_links=True)
    assert [str(file.relative_to(folder)) for file in found] == [
        "file.txt",
        "folder/secret.txt",
        "more/own.txt",
    ]
    skipped: list[SkippedInput] = []
    assert len(list(read_inputs([folder], (), skipped, follow_links=True))) == 3
    assert [skipped_input.location for skipped_input in skipped] == ["picture.png"]


def test_a_link_that_is_named_itself_is_followed(folder: Path) -> None:
    assert files_below(folder / "file.txt") == [folder / "file.txt"]
    assert files_below(folder / "folder") == [folder / "folder" / "secret.txt"]


def test_excluded_links_are_not_listed(folder: Path) -> None:
    assert folder / "file.txt" not in links_below(folder, ["file.*"])
