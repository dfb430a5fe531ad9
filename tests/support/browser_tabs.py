"""A console that is served to a real browser, and tabs of the browser that note what goes wrong."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import uvicorn

from tests.support.consoles import PASSWORD
from worker.web.console_app import make_console_app
from worker.web.console_context import Console

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@contextmanager
def served(shown: Console) -> Iterator[str]:
    """The address of a console that is served by a thread on this machine."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(make_console_app(shown), log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: server.run(sockets=[listener]), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)
        listener.close()


@contextmanager
def tab(
    chrome: "Browser", base: str, *, width: int = 1440, scheme: str = "light"
) -> "Iterator[tuple[Page, list[str]]]":
    """A page of the browser, and a list of everything that went wrong in it."""
    wrong: list[str] = []
    context = chrome.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
        locale="en-GB",
        timezone_id="Europe/Berlin",
    )
    page = context.new_page()
    page.on("console", lambda message: wrong.append(f"console {message.type}: {message.text}"))
    page.on("pageerror", lambda error: wrong.append(f"error: {error}"))

    def refuse(dialog: Any) -> None:
        wrong.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    page.on("dialog", refuse)
    context.on(
        "request",
        lambda request: (
            None
            if request.url.startswith((base, "data:image"))
            else wrong.append(f"request: {request.url[:200]}")
        ),
    )
    try:
        yield page, wrong
    finally:
        context.close()


def sign_in(page: "Page", base: str) -> None:
    page.goto(f"{base}/sign-in")
    page.fill("#name", "ada")
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_url(f"{base}/")
