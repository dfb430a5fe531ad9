"""A broker that refuses connections is reported at once, in one line that names it."""

import time

import pytest

from devtools.servers import free_port
from devtools.waiting import stretch
from worker.broker.connection import BrokerConnection
from worker.celery import make_app
from worker.config.worker_rules import load_worker_rules
from worker.errors import Unavailable


def refusal(url: str) -> tuple[float, str]:
    """How many seconds a connection takes to fail, and what the error says."""
    connection = BrokerConnection(make_app(url, load_worker_rules()))
    began = time.perf_counter()
    with pytest.raises(Unavailable) as caught, connection.channel():
        raise AssertionError("a channel without a server")
    return time.perf_counter() - began, str(caught.value)


@pytest.mark.parametrize(
    "form",
    [
        "redis://127.0.0.1:{0}/0",
        "redis://127.0.0.1:{0}/0;redis://127.0.0.1:{1}/0",
        "sentinel://127.0.0.1:{0}/0?master_name=news",
        "sentinel://127.0.0.1:{0}/0;sentinel://127.0.0.1:{1}/0?master_name=news",
        "sentinel://127.0.0.1:{0}/0?master_name=news&sentinel_password=s3cret",
        "redis+socket:///nowhere/broker-{0}.sock",
    ],
)
def test_a_refused_connection_fails_without_a_pause(form: str) -> None:
    url = form.format(free_port(), free_port())
    tries = [refusal(url) for _ in range(3)]
    assert min(seconds for seconds, _ in tries) < 0.5 * stretch()
    for _, error in tries:
        assert error.startswith("broker is unavailable: ")
        assert "<" not in error  # no object of the client library is shown
        assert len(error) < 200
        assert "s3cret" not in error
