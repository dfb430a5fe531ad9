"""A private Sentinel set on the loopback interface: one primary, two replicas, three Sentinels.

Failovers can be planned (`SENTINEL FAILOVER`) or caused by the death of the primary.
"""

import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import redis
from redis.sentinel import Sentinel

from devtools.servers import free_port, start_server
from devtools.waiting import until

NAME = "news"
_REPLICAS, _SENTINELS, _QUORUM = 2, 3, 2

Address = tuple[str, int]


class SentinelSet:
    """The running servers of one set, by their ports, and what breaks them."""

    def __init__(self, folder: Path, *, down_after_ms: int = 1000) -> None:
        """`down_after_ms`: a server that has not answered for so long is taken for dead."""
        self._folder = folder
        self._down_after_ms = down_after_ms
        self._servers: dict[int, subprocess.Popen[bytes]] = {}
        self._sentinels: dict[int, subprocess.Popen[bytes]] = {}
        self.sentinel: Sentinel | None = None

    @property
    def url(self) -> str:
        """The address of this set for WORKER_BROKER_URL."""
        urls = ";".join(f"sentinel://127.0.0.1:{port}/0" for port in self._sentinels)
        return f"{urls}?master_name={NAME}"

    def start(self) -> None:
        """Start all servers, and wait until every Sentinel knows the others and both replicas."""
        primary = free_port()
        self._start_server(primary)
        for _ in range(_REPLICAS):
            self._start_server(free_port(), "--replicaof", "127.0.0.1", primary)
        for _ in range(_SENTINELS):
            self._start_sentinel(primary)
        self.sentinel = Sentinel([("127.0.0.1", port) for port in self._sentinels])
        until(self._is_complete, "every Sentinel knows the set")

    def close(self) -> None:
        for process in (*self._sentinels.values(), *self._servers.values()):
            process.kill()
            process.wait()

    def primary(self) -> Address | None:
        """The address of the primary that most Sentinels name; None while they do not agree."""
        named = {}
        for port in self._sentinels:
            with suppress(redis.RedisError), redis.Redis(port=port) as client:
                answer = client.execute_command("SENTINEL GET-MASTER-ADDR-BY-NAME", NAME)
                if answer:
                    named[port] = (str(answer[0].decode()), int(answer[1]))
        addresses = set(named.values())
        return addresses.pop() if len(addresses) == 1 and len(named) == _SENTINELS else None

    def client(self, address: Address) -> redis.Redis:
        return redis.Redis(host=address[0], port=address[1])

    def replicas(self) -> list[Address]:
        """The addresses of all data servers that are not the primary."""
        primary = self.primary()
        return [("127.0.0.1", port) for port in self._servers if ("127.0.0.1", port) != primary]

    def fail_over(self) -> None:
        """Ask for a planned failover, and return when every Sentinel names the new primary."""
        before = self.primary()
        until(lambda: self._asked(), "a Sentinel starts the failover")
        self._await_primary_other_than(before)

    def kill_primary(self) -> None:
        """Kill the primary with SIGKILL, and return when another one serves.

        The killed server is started again, and becomes a replica.
        """
        before = self.primary()
        assert before
        victim = self._servers.pop(before[1])
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        self._await_primary_other_than(before)
        self._start_server(before[1])  # the Sentinels make it a replica of the new primary
        until(self._is_complete, "the killed server is a replica")

    def lose_primary(self) -> None:
        """Kill the primary while the replicas are stopped, and let these choose another one."""
        before = self.primary()
        assert before
        victim = self._servers.pop(before[1])
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        self.resume()
        self._await_primary_other_than(before)

    def stop_replicas(self) -> None:
        """Cut both replicas off from the primary, as a network partition does. `resume` ends it."""
        primary = self.primary()
        assert primary
        for _, port in self.replicas():
            self._servers[port].send_signal(signal.SIGSTOP)
        with self.client(primary) as client:  # or the kernel would keep what is sent to them
            client.execute_command("CLIENT KILL TYPE replica")

    def resume(self) -> None:
        for server in self._servers.values():
            server.send_signal(signal.SIGCONT)

    def _asked(self) -> bool:
        for port in self._sentinels:
            with suppress(redis.RedisError), redis.Redis(port=port) as client:
                client.execute_command("SENTINEL FAILOVER", NAME)  # NOGOODSLAVE, INPROG: not yet
                return True
        return False

    def _await_primary_other_than(self, before: Address | None) -> None:
        until(lambda: self.primary() not in (None, before), "the Sentinels name another primary")
        until(self._is_complete, "the other servers follow the new primary")

    def _is_complete(self) -> bool:
        """Whether all Sentinels agree, and every other running server follows the primary."""
        primary = self.primary()
        if primary is None:
            return False
        with suppress(redis.RedisError), self.client(primary) as client:
            state = client.info("replication")
            complete = state["role"] == "master" and (
                state["connected_slaves"] == len(self._servers) - 1
            )
            return complete and all(self._knows_all(port) for port in self._sentinels)
        return False

    def _knows_all(self, port: int) -> bool:
        with suppress(redis.RedisError), redis.Redis(port=port, decode_responses=True) as client:
            master = client.sentinel_master(NAME)
            replicas = client.sentinel_slaves(NAME)
            healthy = [r for r in replicas if not (r["is_sdown"] or r["is_disconnected"])]
            peers = int(master["num-other-sentinels"]) == _SENTINELS - 1
            is_idle = "failover_in_progress" not in str(master["flags"])
            return peers and is_idle and len(healthy) >= len(self._servers) - 1
        return False

    def _start_server(self, port: int, *options: object) -> None:
        folder = self._folder / f"server-{port}"
        folder.mkdir(exist_ok=True)
        persistence = ("--save", "", "--appendonly", "yes", "--appendfsync", "everysec")
        self._servers[port] = start_server(
            folder, *("--port", port), *persistence, *("--repl-diskless-sync-delay", 0), *options
        )

    def _start_sentinel(self, primary: int) -> None:
        port = free_port()
        folder = self._folder / f"sentinel-{port}"
        folder.mkdir()
        config = folder / "sentinel.conf"
        config.write_text(
            f"sentinel monitor {NAME} 127.0.0.1 {primary} {_QUORUM}\n"
            f"sentinel down-after-milliseconds {NAME} {self._down_after_ms}\n"
            f"sentinel failover-timeout {NAME} 6000\nsentinel resolve-hostnames yes\n"
        )
        self._sentinels[port] = start_server(folder, config, "--port", port, "--sentinel")


@contextmanager
def private_sentinels(*, down_after_ms: int = 1000) -> Iterator[SentinelSet]:
    """Yield a running Sentinel set, which ends with the block."""
    with tempfile.TemporaryDirectory(
        prefix="sen", dir="/tmp", ignore_cleanup_errors=True
    ) as folder:
        servers = SentinelSet(Path(folder), down_after_ms=down_after_ms)
        try:
            servers.start()
            yield servers
        finally:
            servers.close()
