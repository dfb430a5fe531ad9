"""`worker token`: make, list and revoke access tokens for the API of the web server."""

import getpass
from datetime import UTC, datetime

import click

from worker.cli.resources import opened_store
from worker.cli.terminal import NotFound, err, moment, out, print_json, print_table
from worker.store.access_values import AccessToken, AuditEntry, Scope
from worker.store.ports import ArticleStore
from worker.web.access_token import NAMES, new_token


@click.group(epilog="Example: worker token add newsletter")
def token() -> None:
    """Make, list or revoke access tokens, by which programs use the API of `worker web`.

    A program sends it in the header `Authorization: Bearer TOKEN`. The store keeps only its hash.
    """


@token.command(epilog="Example: worker token add newsletter")
@click.argument("name")
@click.option("--act", is_flag=True, help="It may also act: replay and drop dead letters.")
@click.option("--json", "as_json", is_flag=True, help="Print name, scopes and token as JSON.")
def add(name: str, act: bool, as_json: bool) -> None:
    """Make an access token and print it. It can't be printed again."""
    if not NAMES.fullmatch(name):
        raise click.UsageError("a name has small letters, digits, `.`, `_` and `-`, at most 63")
    store, now = opened_store(), datetime.now(UTC)
    made = new_token()
    scopes = (Scope.READ, Scope.ACT) if act else (Scope.READ,)
    record = AccessToken(name=name, scopes=scopes, created=now)
    if not store.access.add_token(record, made.hash):
        raise NotFound(f"there is a token {name} already, perhaps a revoked one; choose a new name")
    _note(store, "token.added", name, scopes=" ".join(scopes))
    if as_json:
        print_json({"name": name, "scopes": scopes, "token": made.text})
        return
    out.print(made.text, markup=False, soft_wrap=True)
    err.print(f"keep it: it is not shown again; scopes: {', '.join(scopes)}", markup=False)


@token.command("list", epilog="Example: worker token list")
@click.option("--json", "as_json", is_flag=True, help="Print the tokens as JSON.")
def list_(as_json: bool) -> None:
    """List the access tokens by name, without their secrets."""
    tokens = opened_store().access.tokens()
    if as_json:
        print_json(tokens)
        return
    if not tokens:
        out.print("no access tokens; make one with `worker token add NAME`", markup=False)
        return
    rows = [
        (
            each.name,
            " ".join(each.scopes),
            moment(each.created),
            moment(each.revoked) if each.revoked else "",
        )
        for each in tokens
    ]
    print_table("access tokens", ("name", "scopes", "created", "revoked"), rows)


@token.command(epilog="Example: worker token revoke newsletter")
@click.argument("name")
def revoke(name: str) -> None:
    """Make an access token invalid, from the next request on."""
    store = opened_store()
    if not store.access.revoke_token(name, now=datetime.now(UTC)):
        raise NotFound(f"there is no valid token {name}; see `worker token list`")
    _note(store, "token.revoked", name)
    out.print(f"{name} is revoked", markup=False)


def _note(store: ArticleStore, action: str, name: str, **details: object) -> None:
    try:
        who = f"{getpass.getuser()} (command line)"
    except (OSError, KeyError):  # a container whose user has no name
        who = "command line"
    store.access.add_audit_entry(
        AuditEntry(at=datetime.now(UTC), who=who, action=action, about=name, details=details)
    )
