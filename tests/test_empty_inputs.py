"""One rule for exit codes of commands that read raw articles, when there are none to read."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from worker.cli import group

COMMANDS = ["enqueue", "lint", "tag", "clean"]
FOLDERS = ["enqueue", "lint"]  # the others take one file
EMPTY = {
    "a.jsonl": b"",
    "a.json": b"\n \t\r\n",
    "a.txt": b"",
    "a.html": b"\xef\xbb\xbf\n",
    "a": b"",
}


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, valkey_url: str) -> Path:
    monkeypatch.setenv("WORKER_BROKER_URL", valkey_url)
    monkeypatch.setenv("WORKER_VAR_DIR", str(tmp_path / "var"))
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(group, arguments)
    return done.exit_code, done.output


@pytest.mark.parametrize("command", COMMANDS)
def test_an_empty_file_is_done_and_named(folder: Path, command: str) -> None:
    for name, content in EMPTY.items():
        (folder / name).write_bytes(content)
        code, said = run(command, str(folder / name))
        assert code == 0, (name, said)
        assert f"nothing to read in {folder / name}" in said.replace("\n", "")


@pytest.mark.parametrize("command", COMMANDS)
def test_empty_standard_input_is_done_and_named(folder: Path, command: str) -> None:
    code, said = run(command, "-")
    assert (code, "nothing to read in standard input" in said) == (0, True), said


@pytest.mark.parametrize("command", FOLDERS)
def test_an_empty_folder_is_done_and_one_in_which_all_is_skipped_needs_a_look(
    folder: Path, command: str
) -> None:
    code, said = run(command, str(folder))
    assert (code, "nothing to read in" in said) == (0, True), said
    (folder / "a.pdf").write_bytes(b"%PDF-1.7\n")
    code, said = run(command, str(folder))
    assert (code, "skipped 1 file" in said) == (1, True), said


@pytest.mark.parametrize("command", COMMANDS)
def test_a_named_file_that_holds_no_raw_article_is_wrong_usage(folder: Path, command: str) -> None:
    (folder / "a.pdf").write_bytes(b"%PDF-1.7\n")
    assert run(command, str(folder / "a.pdf"))[0] == 2
