"""The whole path over every kind of connection to the broker: articles come in and are stored."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
import redis
from redis.sentinel import MasterNotFoundError, Sentinel

from devtools.chaos.load import load
from devtools.chaos.stack import Stack
from devtools.generated_articles import generate
from devtools.servers import free_port, private_server
from devtools.tls_proxy import tls_proxy
from devtools.waiting import until
from worker.client.producer import Producer
from worker.errors import Unavailable
from worker.index.redis_client import RedisClient
from worker.model.records import OutcomeKind

pytestmark = pytest.mark.processes


@contextmanager
def started(folder: Path, url: str, store_url: str, **settings: str) -> Iterator[Stack]:
    stack = Stack(folder, url, store_url)
    stack.environment |= settings
    try:
        stack.start_worker()
        yield stack
    finally:
        stack.close()


def all_are_stored(stack: Stack, receipts: list[str]) -> bool:
    return {outcome.kind for outcome in stack.outcomes(receipts).values()} == {OutcomeKind.NEW}


def test_over_tcp_with_a_password_a_database_and_a_prefix_for_all_keys(
    tmp_path: Path, sqlite_store_url: str
) -> None:
    port = free_port()
    with private_server("--port", port, "--requirepass", "s3cret"):
        url = f"redis://:s3cret@127.0.0.1:{port}/3?global_keyprefix=news:"
        with started(tmp_path, url, sqlite_store_url) as stack:
            assert all_are_stored(stack, stack.enqueue(generate(30)))
            client = redis.Redis(port=port, password="s3cret", db=3)  # noqa: S106 - its own
            # Celery's events and remote control have keys of their own.
            ours = {key.decode() for key in client.scan_iter() if b"celery" not in key}
            assert ours
            assert [key for key in ours if not key.startswith("news:")] == []
            assert "s3cret" not in stack.logs(1000)


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    """An authority of the test's own, and a certificate of it for localhost."""
    if not shutil.which("openssl"):
        pytest.skip("no openssl to make certificates with")
    folder = tmp_path / "certificates"
    folder.mkdir()

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    new = ("req", "-newkey", "rsa:2048", "-nodes", "-days", "2")
    openssl(*new, "-x509", "-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.pem")
    openssl(*new, "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr")
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1")
    sign = ("x509", "-req", "-days", "2", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial")
    openssl(*sign, "-in", "server.csr", "-out", "server.pem", "-extfile", "names")
    return folder


def test_over_tls_certificates_are_verified_by_queue_producer_and_index(
    tmp_path: Path, sqlite_store_url: str, certificates: Path, caplog: pytest.LogCaptureFixture
) -> None:
    port = free_port()
    key, certificate = certificates / "server.key", certificates / "server.pem"
    with private_server("--port", port), tls_proxy(port, certificate, key) as tls_port:
        unknown = f"rediss://127.0.0.1:{tls_port}/0"
        trusted = f"rediss://localhost:{tls_port}/0?ssl_ca_certs={certificates}/ca.pem"
        unverified = f"{unknown}?ssl_cert_reqs=none"
        with Producer(unknown) as stranger, pytest.raises(Unavailable, match="VERIFY_FAILED"):
            stranger.enqueue(generate(1))
        with pytest.raises(Unavailable, match="VERIFY_FAILED"):
            RedisClient(unknown, 5.0).execute([("PING",)])
        with caplog.at_level("WARNING"):
            for _ in range(2):
                with Producer(unverified) as trusting:
                    trusting.enqueue(generate(1, seed=9))
        assert caplog.text.count("tls.unverified setting=broker") == 1
        client = RedisClient(unverified, 5.0)
        assert client.execute([("PING",)]) == [b"PONG"]
        client.close()
        with started(tmp_path, trusted, sqlite_store_url) as stack:
            assert all_are_stored(stack, stack.enqueue(generate(30)))


@pytest.fixture
def sentinels(tmp_path: Path) -> Iterator[tuple[str, Sentinel]]:
    """The address of a primary with a replica under a Sentinel that fails over in seconds."""
    primary, replica, port = free_port(), free_port(), free_port()
    config = tmp_path / "sentinel.conf"
    monitor = f"sentinel monitor news 127.0.0.1 {primary} 1\n"
    monitor += "sentinel down-after-milliseconds news 500\nsentinel failover-timeout news 3000\n"
    config.write_text(monitor + "sentinel resolve-hostnames yes\n")
    with ExitStack() as servers:
        servers.enter_context(private_server("--port", primary))
        servers.enter_context(
            private_server("--port", replica, "--replicaof", "127.0.0.1", primary)
        )
        servers.enter_context(private_server(config, "--port", port, "--sentinel"))
        names = Sentinel([("127.0.0.1", port)])
        until(lambda: len(names.discover_slaves("news")) == 1, "the Sentinel knows the replica")
        yield f"sentinel://127.0.0.1:{port}/0?master_name=news", names


def primary(names: Sentinel) -> tuple[str, int] | None:
    with suppress(MasterNotFoundError):  # while one is chosen
        return names.discover_master("news")


def test_a_sentinel_names_the_primary_and_under_load_the_next_one(
    tmp_path: Path, sqlite_store_url: str, sentinels: tuple[str, Sentinel]
) -> None:
    url, names = sentinels
    with started(tmp_path, url, sqlite_store_url) as stack:
        assert all_are_stored(stack, stack.enqueue(generate(10, seed=3)))
        before = primary(names)
        with load(stack, seed=5) as feeding:
            until(lambda: len(feeding.receipts) > 50, "the load runs")
            names.sentinels[0].execute_command("SENTINEL FAILOVER news")
            until(lambda: primary(names) not in (None, before), "another is the primary")
            sent = len(feeding.receipts)
            until(lambda: len(feeding.receipts) > sent + 50, "the load goes on")
        # A failover that is asked for waits until the replica has everything: nothing is lost.
        assert all_are_stored(stack, feeding.receipts)
