"""A broker that takes connections and never answers must not hang the web server."""

import os
import socket
from pathlib import Path
from threading import Thread

import pytest

from devtools.waiting import limit_s
from tests.support.web_server import get, web_server
from worker.store.migrate import migrate


@pytest.mark.processes
def test_while_the_broker_hangs_the_server_lives_and_gives_no_number(
    tmp_path: Path,
) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:  # accepts, never answers
        port = silent.getsockname()[1]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("WORKER_")}
        environment |= {
            "WORKER_BROKER_URL": f"redis://127.0.0.1:{port}/0",
            "WORKER_VAR_DIR": str(tmp_path),
        }
        migrate(f"sqlite:///{tmp_path}/articles.sqlite3")
        with web_server(environment, tmp_path) as (url, _):
            asked = [Thread(target=get, args=(f"{url}/scale",)) for _ in range(5)]
            for thread in asked:
                thread.start()
            assert get(f"{url}/livez") == (200, "ok\n")
            for thread in asked:
                thread.join(limit_s())
            code, text = get(f"{url}/scale")
            assert code == 503
            assert "replicas" not in text
            assert get(f"{url}/readyz")[0] == 503
