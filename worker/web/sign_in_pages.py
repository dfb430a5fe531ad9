"""Sign in to the console with the password of the web server, and sign out."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from worker.web.caller import Caller
from worker.web.console_context import Console, console_of
from worker.web.dead_letter_pages import form_of
from worker.web.page_rendering import page
from worker.web.sessions import COOKIE, LASTS


def sign_in_form(request: Request) -> Response:
    """Show the form in which a name and the password are given."""
    return _form(request, "", then=request.query_params.get("then", ""))


async def sign_in(request: Request) -> Response:
    """Check the password, and begin a session if it is right."""
    console = console_of(request)
    form = await form_of(request)
    name, then = form.get("name", "").strip(), form.get("then", "")
    address = request.client.host if request.client else ""
    if wait_s := console.sign_ins.wait_s(address):
        minutes = f"{wait_s / 60:.0f} minutes" if wait_s > 90 else "a minute"
        problem = f"Too many attempts have failed. Try again in {minutes}."
        response = _form(request, problem, name=name, then=then, status=429)
        response.headers["Retry-After"] = str(int(wait_s) + 1)
        return response
    if not console.sessions.is_password(form.get("password", "")):
        console.sign_ins.note_failure(address)
        await run_in_threadpool(_note, console, "sign-in.failed", name, address)
        return _form(request, "The password is wrong.", name=name, then=then, status=403)
    console.sign_ins.note_success(address)
    await run_in_threadpool(_note, console, "sign-in", name, address)
    cookie = await run_in_threadpool(console.sessions.make, name, console.now())
    response = RedirectResponse(_local(then), 303)
    response.set_cookie(
        COOKIE,
        cookie,
        max_age=int(LASTS.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return response


def sign_out(request: Request) -> Response:
    """End the session in this browser."""
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(COOKIE, httponly=True, samesite="lax")
    return response


def _form(
    request: Request, problem: str, *, name: str = "", then: str = "", status: int = 200
) -> Response:
    return page(
        request, "sign_in.html", "Sign in", status=status, problem=problem, name=name, then=then
    )


def _note(console: Console, action: str, name: str, address: str) -> None:
    console.note(Caller(name=name, scopes=frozenset()), action, f"from {address}")


def _local(path: str) -> str:
    """A path on this server, to go to after signing in; anything else leads to the first page."""
    is_local = path.startswith("/") and not path.startswith(("//", "/\\"))
    return path if is_local and path.isprintable() else "/"


ROUTES = (
    Route("/sign-in", sign_in_form, methods=["GET"]),
    Route("/sign-in", sign_in, methods=["POST"]),
    Route("/sign-out", sign_out, methods=["POST"]),
)
