"""Passwords in addresses are never shown, however wrong the address is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.model.masking import masked

# In capitals and with the characters that a URL gives a meaning; no form below has a capital.
passwords = st.text("QZ07#/?;[]@%:&=+$ \\", min_size=1, max_size=12).filter(
    lambda password: any(letter in "QZ" for letter in password)
)

FORMS = [
    "redis://:{}@host:6379/0",
    "redis://user:{}@host:6379/0",
    "redis://:{}@host",
    "redis://:{}@host?global_keyprefix=news:",
    "redis://:{}@[::1]:6379/0",
    "rediss://user:{}@host/0?ssl_ca_certs=/etc/ca.pem",
    "redis://:{}@",
    "redis+socket://:{}@/run/valkey.sock",
    "sentinel://:{}@a:1/0;sentinel://:{}@b:2/0?master_name=news",
    "sentinel://a:1/0;sentinel://:{}@b:2/0?master_name=news",
    "sentinel://a:1/0?sentinel_password={}&master_name=news",
    "sentinel://:{}@a:1/0?master_name=news&sentinel_password={}",
    "redis://host/0?password={}",
    "postgresql://user:{}@host/news",
    "postgresql+psycopg://user:{}@/news?host=/run/postgresql",
    "postgresql://host/news?user=me&password={}&sslmode=require",
    "amqp://user:{}@host:5672//",
    "nonsense://:{}@host",
    ":{}@host:6379",
    "user:{}@host",
    "redis:/:{}@host",
    "host=db user=me password={}",
]


TRICKY = ["Q#Z", "Q/Z", "Q?Z", "Q;Z", "Q[Z]", "Q@Z", "Q%Z", "Q&Z=7", "Q?password=Z", "7?Q=Z"]


@pytest.mark.parametrize("form", FORMS)
@given(password=st.sampled_from(TRICKY) | passwords)
def test_no_letter_of_a_password_is_shown(form: str, password: str) -> None:
    shown = masked(form.replace("{}", password))
    assert not {"Q", "Z"} & set(shown), shown


@given(password=passwords)
def test_nor_where_the_host_was_forgotten(password: str) -> None:
    password = password.replace("@", "")  # else what follows it is the host
    for form in ("redis://:{}", "redis://user:x{}", "postgresql://user:x{}", "user:x{}"):
        shown = masked(form.replace("{}", password))
        assert not {"Q", "Z"} & set(shown), shown


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
        ("redis://:pa#ss/w?d@h:1/0?global_keyprefix=x", "redis://:***@h:1/0?global_keyprefix=x"),
        ("redis://h:secret/0", "redis://h:***"),
        ("redis://h/0?foo=bar", "redis://h/0?foo=***"),
        ("", ""),
    ],
)
def test_the_rest_of_an_address_stays_readable(given: str, shown: str) -> None:
    assert masked(given) == shown


@pytest.mark.parametrize(
    "address",
    [
        "redis://broker:6379/1",
        "redis://[::1]:6379/0",
        "redis+socket:///run/me@home/valkey.sock?virtual_host=3",
        "sentinel://a:26379/0;sentinel://b:26379/0?master_name=news",
        "sqlite:////home/me@home/articles.sqlite3",
        "postgresql+psycopg://worker@/postgres?host=/tmp/pg",
        "localhost:6379",
        "var/articles.sqlite3",
    ],
)
def test_an_address_without_a_password_is_shown_as_it_is(address: str) -> None:
    assert masked(address) == address
