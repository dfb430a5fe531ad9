"""`worker token`: a token is shown once, and only its hash is stored."""

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from tests.store.stored import everything
from worker.cli import group
from worker.store.sql_store import SqlStore
from worker.web.access_token import token_hash

Token = Callable[..., Result]


@pytest.fixture
def token(sqlite_store_url: str) -> Token:
    def run(*arguments: str, code: int = 0) -> Result:
        environment = {"WORKER_STORE_URL": sqlite_store_url}
        done = CliRunner().invoke(group, ["token", *arguments], env=environment)
        assert done.exit_code == code, done.output
        return done

    return run


def test_a_token_is_printed_once_and_found_by_its_hash(token: Token, sqlite_store_url: str) -> None:
    text = token("add", "newsletter", "--act").stdout.strip()
    found = SqlStore(sqlite_store_url).access.token_by_hash(token_hash(text))
    assert found is not None
    assert (found.name, found.scopes) == ("newsletter", ("read", "act"))
    assert text not in str(everything(sqlite_store_url))
    assert text not in token("list").output
    assert "newsletter" in token("list").stdout


def test_a_token_reads_only_unless_it_is_told_to_act(token: Token) -> None:
    made = json.loads(token("add", "newsletter", "--json").stdout)
    assert made["scopes"] == ["read"]
    assert json.loads(token("list", "--json").stdout)[0]["scopes"] == ["read"]


def test_a_revoked_token_keeps_its_name_and_the_audit_log_has_all(
    token: Token, sqlite_store_url: str
) -> None:
    token("add", "a")
    assert "choose a new name" in token("add", "a", code=1).stderr
    token("revoke", "a")
    assert "no valid token" in token("revoke", "a", code=1).stderr
    assert "choose a new name" in token("add", "a", code=1).stderr
    log = SqlStore(sqlite_store_url).access.audit_entries(None, 9)
    assert [(entry.action, entry.about) for entry in log] == [
        ("token.revoked", "a"),
        ("token.added", "a"),
    ]


@pytest.mark.parametrize("name", ["", "A", "a b", "../a", "é", "-a", "a" * 64])
def test_a_name_that_would_confuse_is_refused(token: Token, name: str) -> None:
    token("add", "--", name, code=2)
