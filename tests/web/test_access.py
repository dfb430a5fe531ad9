"""Where the web server may listen: on this machine, unless a password or read-only mode is set."""

import socket

import pytest

from worker.errors import BadConfig
from worker.settings import Settings
from worker.web.access import password_is_set, refuse_open_address
from worker.web.server import listen

PLAIN = Settings.load({})
READ_ONLY = Settings.load({"WORKER_WEB_READ_ONLY": "1"})
PASSWORD = Settings.load({"WORKER_WEB_PASSWORD": "a long one"})

OPEN = ["0.0.0.0", "::", "192.168.1.7", "8.8.8.8", "fe80::1%eth0", "2001:db8::1", "::ffff:10.0.0.1"]  # noqa: S104 - what is refused
CLOSED = ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"]


@pytest.mark.parametrize("address", OPEN)
def test_an_open_address_without_a_password_is_refused(address: str) -> None:
    with pytest.raises(BadConfig, match="WORKER_WEB_READ_ONLY=1"):
        refuse_open_address(PLAIN, address)


@pytest.mark.parametrize("address", CLOSED)
def test_the_loopback_interface_needs_no_password(address: str) -> None:
    refuse_open_address(PLAIN, address)


@pytest.mark.parametrize("settings", [READ_ONLY, PASSWORD])
@pytest.mark.parametrize("address", [*OPEN, *CLOSED])
def test_a_password_or_read_only_mode_allows_any_address(settings: Settings, address: str) -> None:
    refuse_open_address(settings, address)


@pytest.mark.parametrize("value", ["0", "false", "no", ""])
def test_a_read_only_mode_that_is_switched_off_opens_nothing(value: str) -> None:
    settings = Settings.load({"WORKER_WEB_READ_ONLY": value})
    with pytest.raises(BadConfig):
        refuse_open_address(settings, "192.168.1.7")


def test_blanks_are_no_password() -> None:
    assert not password_is_set(Settings.load({"WORKER_WEB_PASSWORD": "  "}))
    assert password_is_set(PASSWORD)


def test_the_password_is_never_printed() -> None:
    assert "a long one" not in repr(PASSWORD)
    assert "a long one" not in str(PASSWORD.model_dump())


def test_a_name_counts_as_the_address_it_stands_for() -> None:
    with listen(PLAIN, "localhost", 0) as listener:
        assert listener.getsockname()[0] in ("127.0.0.1", "::1")
    with pytest.raises(BadConfig, match="no password"):
        listen(PLAIN, "0.0.0.0", 0)  # noqa: S104


def test_an_unknown_host_is_bad_config_and_a_taken_port_names_itself() -> None:
    with pytest.raises(BadConfig, match="no address of this machine"):
        listen(PLAIN, "no such host", 0)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"port {port}"):
            listen(PLAIN, "127.0.0.1", port)
