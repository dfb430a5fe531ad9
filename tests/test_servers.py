"""The suite's own servers answer, are private, and are gone afterwards."""

from pathlib import Path

import psycopg
import pytest
import redis
from sqlalchemy import make_url

from devtools.servers import private_valkey, unix_url

pytestmark = pytest.mark.processes


def test_the_private_postgres_listens_on_a_socket_only(postgres_url: str) -> None:
    plain = make_url(postgres_url).set(drivername="postgresql").render_as_string()
    with psycopg.connect(plain) as connection:
        row = connection.execute("SHOW listen_addresses").fetchone()
    assert row == ("",)


def test_the_private_valkey_answers_and_ends_with_its_block() -> None:
    with private_valkey() as url:
        with redis.Redis.from_url(unix_url(url)) as client:
            assert client.set("k", "v")
        folder = Path(unix_url(url).removeprefix("unix://")).parent
        assert folder.exists()
    assert not folder.exists()
