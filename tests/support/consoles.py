"""The console on a store of a test, and a browser-like client that is signed in to it."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from pydantic import SecretStr
from starlette.applications import Starlette

from tests.make import NOW
from tests.support.asgi_client import WebAnswer, ask
from tests.support.statuses import status
from worker.settings import Settings
from worker.store.sql_store import SqlStore
from worker.web.console_app import make_console_app
from worker.web.console_context import Console

PASSWORD = "correct horse"  # noqa: S105
SAME_ORIGIN = {"sec-fetch-site": "same-origin"}


def console(store: SqlStore, *, password: str = "", **changes: Any) -> Console:
    """A console on this store; without a password by default."""
    settings = Settings(
        web_password=SecretStr(password),
        broker_url="redis://127.0.0.1:1/0",
        web_read_only=changes.pop("read_only", False),
    )
    return Console(
        **{
            "settings": settings,
            "store": store,
            "read_status": status,
            "now": lambda: NOW,
            **changes,
        }
    )


class Visitor:
    """Somebody who uses the console, with the cookies that a browser would keep."""

    def __init__(self, served: Console) -> None:
        self.app: Starlette = make_console_app(served)
        self.cookies: dict[str, str] = {}

    def get(self, path: str, **headers: str) -> WebAnswer:
        return self._ask(path, "GET", headers)

    def post(
        self, path: str, form: Mapping[str, object], headers: Mapping[str, str] = SAME_ORIGIN
    ) -> WebAnswer:
        return self._ask(path, "POST", headers, urlencode(form).encode())

    def post_json(self, path: str, values: object, headers: Mapping[str, str]) -> WebAnswer:
        return self._ask(path, "POST", headers, json.dumps(values).encode())

    def sign_in(self, name: str = "ada", password: str = PASSWORD, then: str = "") -> WebAnswer:
        return self.post("/sign-in", {"name": name, "password": password, "then": then})

    def _ask(
        self, path: str, method: str, headers: Mapping[str, str], body: bytes = b""
    ) -> WebAnswer:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies:
            sent["cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        answer = ask(self.app, path, method, headers=sent, body=body)
        if "set-cookie" in answer.headers:
            name, _, rest = answer.headers["set-cookie"].partition("=")
            self.cookies[name] = rest.partition(";")[0].strip('"')
        return answer
