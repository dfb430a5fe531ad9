"""Addresses: what is an option of ours, and what is shown."""

import pytest

from worker.address import Address, address, masked


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("redis://h:6379/1", Address("redis://h:6379/1")),
        ("rediss://h/0?ssl_ca_certs=ca.pem", Address("rediss://h/0?ssl_ca_certs=ca.pem")),
        (
            "sentinel://a:1/2;sentinel://b:2/2?master_name=news",
            Address("sentinel://a:1/2;sentinel://b:2/2", master_name="news"),
        ),
        (
            "redis+socket:///s.sock?virtual_host=3&global_keyprefix=news:",
            Address("redis+socket:///s.sock?virtual_host=3", global_keyprefix="news:"),
        ),
    ],
)
def test_options_are_taken_out_of_the_query(given: str, expected: Address) -> None:
    assert address(given) == expected


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("redis://:p@ss@h/0", "redis://:***@h/0"),
        ("redis://:one@a/0;redis://u:two@b/0", "redis://:***@a/0;redis://u:***@b/0"),
        (
            "sentinel://:one@a/0?sentinel_password=two&master_name=m",
            "sentinel://:***@a/0?sentinel_password=***&master_name=m",
        ),
        (
            "postgresql+psycopg://u@/d?host=/s&password=one",
            "postgresql+psycopg://u@/d?host=/s&password=***",
        ),
        ("", ""),
    ],
)
def test_no_password_is_shown(given: str, shown: str) -> None:
    assert masked(given) == shown
