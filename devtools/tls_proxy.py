"""A TLS endpoint on the loopback interface in front of a server that speaks no TLS itself.

    python -m devtools.tls_proxy SERVER_PORT CERTIFICATE KEY

It prints the port on which it listens, and runs until it is killed.
"""

import asyncio
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def tls_proxy(server_port: int, certificate: Path, key: Path) -> Iterator[int]:
    """Yield a port that forwards TLS connections to `server_port`, until the block ends."""
    command = [sys.executable, "-m", "devtools.tls_proxy", str(server_port)]
    with subprocess.Popen(
        [*command, str(certificate), str(key)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as proxy:
        try:
            assert proxy.stdout
            yield int(proxy.stdout.readline())
        finally:
            proxy.kill()


async def _serve(server_port: int, certificate: str, key: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", server_port)
        await asyncio.gather(_copy(reader, to_writer), _copy(to_reader, writer))

    server = await asyncio.start_server(forward, "127.0.0.1", 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), sys.argv[2], sys.argv[3]))
