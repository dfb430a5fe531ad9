"""A command that reads creates no store: in a wrong folder it says where it looked for one."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from worker import Archive
from worker.cli import group
from worker.errors import BadConfig
from worker.settings import Settings

READING = [
    ("search", "x"),
    ("show", "x"),
    ("explain", "x"),
    ("export",),
    ("changes",),
    ("delete", "x"),
    ("sources",),
    ("cluster", "show", "x"),
    ("dead", "list"),
    ("retag", "--dry-run"),
    ("reclean", "--dry-run"),
    ("ledger",),
]


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(group, arguments)
    assert done.exception is None or isinstance(done.exception, SystemExit | BadConfig), done
    return done.exit_code, done.output + str(done.exception)


@pytest.mark.parametrize("arguments", READING, ids=lambda arguments: arguments[0])
def test_in_a_wrong_folder_a_reading_command_names_the_setting_and_creates_nothing(
    arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WORKER_VAR_DIR", "")
    code, said = run(*arguments)
    assert code != 0
    assert f"there is no store: {tmp_path}/var/articles.sqlite3 (WORKER_STORE_URL is unset" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("options", ["", "?timeout=5"])
def test_a_store_file_that_does_not_exist_or_is_empty_is_not_created(
    options: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/none.sqlite3{options}"
    monkeypatch.setenv("WORKER_STORE_URL", url)
    with pytest.raises(BadConfig, match=r"no store: .*none.sqlite3; run `worker migrate`"):
        Archive()
    assert "WORKER_STORE_URL: there is no store" in run("search", "x")[1]
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "none.sqlite3").touch()
    assert "there is no store" in run("search", "x")[1]


@pytest.mark.parametrize("url", ["postgresql://db/news", "sqlite:///file:x?uri=true"])
def test_only_a_file_can_be_missing(url: str) -> None:
    Settings(store_url=url).refuse_missing_store()
