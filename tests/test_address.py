"""Addresses: what is an option of ours, and what is refused before anybody speaks with it."""

from collections.abc import Callable
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from kombu.utils.url import parse_url
from redis.connection import parse_url as redis_parts

from worker.errors import BadConfig
from worker.index.redis_client import client_url
from worker.model.broker_address import (
    Address,
    broker_address,
    check_store,
    index_address,
    parse_address,
    verifying_url,
)


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
    assert parse_address(given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("redis://h/0", "redis://h/0"),
        ("rediss://h/0", "rediss://h/0?ssl_cert_reqs=required"),
        ("rediss://h/0?ssl_cert_reqs=none", "rediss://h/0?ssl_cert_reqs=none"),
        (
            "rediss://h/0?ssl_ca_certs=ca.pem",
            "rediss://h/0?ssl_ca_certs=ca.pem&ssl_cert_reqs=required",
        ),
        (
            "rediss://a/0;rediss://b/0",
            "rediss://a/0?ssl_cert_reqs=required;rediss://b/0?ssl_cert_reqs=required",
        ),
        ("sentinel://a/0?master_name=n", "sentinel://a/0"),
        (
            "sentinel://a/0?master_name=n&ssl_ca_certs=ca.pem",
            "sentinel://a/0?ssl_ca_certs=ca.pem&ssl_cert_reqs=required",
        ),
    ],
)
def test_certificates_are_verified_unless_the_address_says_otherwise(
    given: str, expected: str
) -> None:
    assert verifying_url(broker_address(given)) == expected


FOREIGN = [
    *(
        "redis+cluster",
        "rediscluster",
        "rediss+cluster",
        "valkey-cluster",
        "redis+ssl",
        "redis+tls",
    ),
    *("redis+sentinel", "valkey", "valkeys", "valkey+ssl", "amqp", "amqps", "pyamqp", "rabbitmq"),
    *("memory", "filesystem", "sqs", "kafka", "mongodb", "sqla+sqlite", "http", "https", "tcp"),
    *("REDIS", "redis2", "rediss+socket", "postgresql", "nats", "zookeeper", "pgmq"),
]


@pytest.mark.parametrize("scheme", FOREIGN)
@pytest.mark.parametrize("check", [broker_address, index_address])
def test_another_scheme_is_refused_by_its_name(
    scheme: str, check: Callable[[str], Address]
) -> None:
    with pytest.raises(BadConfig, match=rf"_URL: {scheme.replace('+', '.')}:// is not supported"):
        check(f"{scheme}://:secret@127.0.0.1:6379/0")


ENCODE = "must be percent-encoded"


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("redis+cluster://h", "a cluster"),
        ("redis+ssl://h", "write rediss://"),
        ("valkey://h", "write redis://"),
        ("unix:///run/valkey.sock", "write redis.socket:///PATH"),
        ("redis+sentinel://h", "write sentinel://"),
        ("localhost:6379", "expected redis://HOST:PORT/DB"),
        ("redis:/h/0", "expected redis://HOST:PORT/DB"),
        ("redis://", "the host is missing"),
        ("redis:///0", "the host is missing"),
        ("redis://:secret@", "the host is missing"),
        ("redis://:secret@:6379/0", ENCODE),  # or the host is missing
        ("redis://h:port/0", "the port is not a number"),
        ("redis://h:63790000/0", "no such port"),
        ("redis://h:0", "no such port"),
        ("redis://:secret@h:6379x/0", ENCODE),  # or the port is not a number
        ("redis://h/news", "number of a database"),
        ("redis://h/0/1", "number of a database"),
        ("redis://h/0?db=3", "unknown option db"),
        ("redis://h/0?password=secret", "unknown option password"),
        ("redis://h/0?master=news", "unknown option master; known are master_name"),
        ("redis://h/0?ssl_ca_certs=ca.pem", "with TLS write rediss://"),
        ("rediss://h/0?ssl_cert_reqs=maybe", "ssl_cert_reqs is one of none, optional, required"),
        ("redis+socket://run/valkey.sock", "expected redis.socket:///PATH"),
        ("redis+socket://", "expected redis.socket:///PATH"),
        ("redis+socket:///s.sock?virtual_host=news", "virtual_host is the number"),
        ("sentinel://h:26379/0", r"needs \?master_name=NAME"),
        ("sentinel://h/0?master_name=m;redis://h", "sentinel:// or none"),
        ("redis://a:6379;b:6379", ENCODE),  # or a second address without its scheme
        ("redis://:sec#ret@h/0", ENCODE),
        ("redis://:sec/ret@h/0", ENCODE),
        ("redis://:sec?ret@h/0", ENCODE),
        ("redis://:12/34@h/0", ENCODE),
        ("redis://u:12?34@h/0", ENCODE),
        ("redis://:sec;ret@h/0", ENCODE),
        ("redis://:12;ret@h/0", ENCODE),
        ("redis://:sec[ret@h/0", ENCODE),
        ("redis://:sec]ret@h/0", ENCODE),
        ("redis://:sec[ret]@h/0", ENCODE),
        ("redis://:sec℀ret@h/0", ENCODE),  # urllib takes it for a/c
        ("redis+socket://:sec/ret@/run/s.sock", ENCODE),
    ],
)
def test_what_is_no_address_of_a_broker_is_refused_with_what_to_write(given: str, why: str) -> None:
    with pytest.raises(BadConfig, match=f"^WORKER_BROKER_URL: .*{why}") as refused:
        broker_address(given)
    assert "\n" not in str(refused.value)
    for part in ("sec", "ret", "34"):
        assert part not in str(refused.value)


@pytest.mark.parametrize(
    "given",
    [
        "redis://h",
        "redis://:p@ss%2Fw@h:6379/15",
        "redis://[::1]:6379/0;redis://10.0.0.2/0",
        "rediss://u:p@h/0?ssl_cert_reqs=required&ssl_ca_certs=/etc/ca.pem",
        "redis+socket://:secret@/run/a@b/valkey.sock?virtual_host=3",
        "sentinel://:p@a/0;sentinel://:p@b/0?master_name=m&sentinel_password=p@ss",
        "redis://h/0?global_keyprefix=news:",
    ],
)
def test_addresses_in_use_stay_accepted_for_broker_and_index(given: str) -> None:
    assert broker_address(given) == index_address(given) == parse_address(given)


@pytest.mark.parametrize("url", ["unix:///s.sock?db=3", "redis://h/0?socket_timeout=2&db=1"])
def test_an_index_of_its_own_may_be_written_as_redis_py_writes_it(url: str) -> None:
    assert index_address(url).url == url


pieces = st.text("aZ7#/?;[]@%:&=+ .-", max_size=6)
# The last "@" before the path ends the password, so neither host nor port has one.
without_at = pieces.filter(lambda piece: "@" not in piece)
hosts = st.sampled_from(["h", "broker-1.example", "10.0.0.1"]) | without_at
ports = st.sampled_from(["6379", ""]) | without_at
paths = st.sampled_from(["0", "15", ""]) | pieces


@given(st.sampled_from(["redis", "rediss"]), pieces, hosts, ports, paths)
@example("redis", "", "%77", "6379", "0")
def test_what_is_accepted_leads_the_libraries_where_it_says(
    scheme: str, password: str, host: str, port: str, path: str
) -> None:
    """None is left to their defaults, which are localhost, and none makes them fail."""
    try:
        where = broker_address(f"{scheme}://:{password}@{host}:{port}/{path}")
    except BadConfig:
        return
    for part in where.parts:
        for found in (parse_url(part), redis_parts(client_url(part))):
            assert found.get("hostname", found.get("host")) == unquote(host.lower())
            assert found.get("port") == (int(port) if port else None)
            assert found.get("password") == (unquote(password) or None)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("articles.sqlite3", "expected sqlite:///PATH or postgresql://"),
        ("host=db password=secret", "expected sqlite:///PATH or postgresql://"),
        ("mysql://u:secret@h/d", "expected sqlite:///PATH or postgresql://"),
        ("mongodb://u:secret@h/d", "expected sqlite:///PATH or postgresql://"),
        ("http://h/d", "expected sqlite:///PATH or postgresql://"),
        ("sqlite://", "a fourth slash"),
        ("sqlite://articles.sqlite3", "a fourth slash"),
        ("sqlite:///:memory:", "expected sqlite:///PATH"),
        ("sqlite:///a.sqlite3?mod=ro", "unknown option mod"),
        ("postgresql://u:secret@h:port/d", "the port is not a number"),
        ("postgresql://u:secret@h:70000/d", "no such port"),
        ("postgresql://u:secr@et@h/d", "not written as %40"),
        ("postgresql://h:secret", "the port is not a number"),
    ],
)
def test_what_is_no_address_of_a_store_is_refused_with_what_to_write(given: str, why: str) -> None:
    with pytest.raises(BadConfig, match=f"^WORKER_STORE_URL: .*{why}") as refused:
        check_store(given)
    assert "\n" not in str(refused.value)
    assert "secr" not in str(refused.value)


@pytest.mark.parametrize(
    "given",
    [
        "sqlite:///articles.sqlite3",
        "sqlite:////var/lib/a@b/articles.sqlite3?timeout=5",
        "postgres://u:p@h/d",
        "postgresql+psycopg2://u:p#w/x?y;z[1]@h:5432/d?sslmode=require",
        "postgresql+psycopg://worker@/postgres?host=/run/postgresql",
        "postgresql:///news",
        "postgresql://[::1]/news",
    ],
)
def test_addresses_of_stores_in_use_stay_accepted(given: str) -> None:
    check_store(given)
