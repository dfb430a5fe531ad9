"""What the worker keeps on disk is only for the user that runs it."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from worker.model.private_files import create_private, make_private
from worker.settings import Settings


def worker(*arguments: str, var: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("WORKER_")}
    environment["WORKER_VAR_DIR"] = str(var)
    command = [sys.executable, "-m", "worker", *arguments]
    subprocess.run(command, env=environment, capture_output=True, check=True, umask=0o022)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def open_to_others(folder: Path) -> list[str]:
    paths = (folder, *folder.rglob("*"))
    return [f"{path} {mode(path):o}" for path in paths if mode(path) & 0o077]


def test_files_of_an_earlier_version_become_private(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    (folder / "broker-aof").mkdir(parents=True)
    names = (
        "articles.sqlite3 articles.sqlite3-wal broker.log broker-aof/base a.heartbeat worker.log"
    )
    for name in names.split():
        (folder / name).touch(0o644)
        (folder / name).chmod(0o644)
    (folder / "broker-aof").chmod(0o755)
    folder.chmod(0o755)
    make_private(folder)
    assert open_to_others(folder) == []
    assert mode(folder / "broker.log") == 0o600
    assert mode(folder / "broker-aof") == 0o700


def test_files_of_others_keep_their_mode(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    (tmp_path / "notes.txt").chmod(0o644)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.touch()
    elsewhere.chmod(0o644)
    folder = tmp_path / "var"
    folder.mkdir()
    (folder / "broker.link").symlink_to(elsewhere)
    make_private(folder)
    make_private(tmp_path)
    assert mode(tmp_path / "notes.txt") == 0o644
    assert mode(elsewhere) == 0o644


def test_a_folder_that_all_users_share_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    make_private(tmp_path)
    assert mode(tmp_path) == 0o1777


def test_a_new_store_is_private_with_the_files_beside_it(tmp_path: Path) -> None:
    from worker.store.migrate import migrate
    from worker.store.sql_store import SqlStore
    from worker.store.values import Query

    before = os.umask(0o022)
    try:
        settings = Settings(var_dir=tmp_path / "var")
        settings.make_var_dir()
        migrate(settings.store)
        store = SqlStore(settings.store)
        store.count(Query())
        assert {p.name for p in settings.var_dir.iterdir()} > {"articles.sqlite3"}
        assert open_to_others(settings.var_dir) == []
        store.close()
    finally:
        os.umask(before)


def test_a_file_that_exists_keeps_its_content(tmp_path: Path) -> None:
    file = tmp_path / "store"
    file.write_text("rows")
    create_private(file)
    assert file.read_text() == "rows"
    assert mode(file) == 0o600


@pytest.mark.processes
def test_all_that_a_run_leaves_is_private(tmp_path: Path) -> None:
    story = tmp_path / "story.txt"
    story.write_text("Harbour reopens\n\nThe harbour reopened on Monday after weeks of repairs.")
    var, out = tmp_path / "var", tmp_path / "out.csv"
    worker("run", str(story), var=var)
    assert open_to_others(var) == []
    worker("enqueue", str(story), var=var)
    try:
        assert (var / "broker.sock").is_socket()
        assert open_to_others(var) == []
    finally:
        worker("down", var=var)
    worker("export", "--format", "csv", "--out", str(out), var=var)
    assert mode(out) == 0o644  # the user's own file
