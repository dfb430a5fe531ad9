"""Guard the console: find out who sends a request, refuse what that caller may not do, and add the
headers that restrict what a browser does with the answer.

A request that changes something must come from a page of this server: by the header Sec-Fetch-Site,
or, where a browser does not send that because the address has no TLS, by an Origin that equals the
Host. Requests with an access token are exempt, because no browser sends one by itself.
"""

import ipaddress
from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as RequestScope

from worker.errors import Unavailable
from worker.store.access_values import Scope
from worker.web.access_token import token_hash
from worker.web.caller import ANYBODY, NOBODY, Caller
from worker.web.console_context import Console
from worker.web.sessions import COOKIE

_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_OPEN_PATHS = ("/sign-in", "/static/")
# What is sent by POST and changes nothing that is stored: its body is too long for an address.
_READING_PATHS = ("/rules/trial", "/api/rules/trial", "/sign-out")
_CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": _CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class RequestGuard:
    """Middleware (ASGI) that checks each request before the console `app` sees it.

    It finds out who sends the request, refuses what that caller may not do, and stores the caller
    in the scope of the request under the key "caller".
    """

    def __init__(self, app: ASGIApp, console: Console) -> None:
        self._app = app
        self._console = console

    async def __call__(self, scope: RequestScope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(_HEADERS)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        request = Request(scope)
        try:
            scope["caller"] = await self._caller(request)
        except Unavailable:
            refusal: Response | None = _refused(request, 503, "the store does not answer")
        else:
            refusal = self._refusal(request, scope["caller"])
        await (refusal or self._app)(scope, receive, send_guarded)

    async def _caller(self, request: Request) -> Caller:
        if authorization := request.headers.get("authorization"):
            kind, _, text = authorization.partition(" ")
            if kind.lower() != "bearer":
                return NOBODY
            return await run_in_threadpool(self._holder, text.strip())
        if not self._console.has_password:
            return ANYBODY
        cookie = request.cookies.get(COOKIE, "")
        name = self._console.sessions.name_in(cookie, self._console.now())
        if name is None:
            return NOBODY
        scopes = {Scope.READ, Scope.ACT} if self._console.can_act else {Scope.READ}
        return Caller(name=name, scopes=frozenset(scopes), signed_in=True)

    def _holder(self, text: str) -> Caller:
        token = self._console.store.access.token_by_hash(token_hash(text))
        if token is None or token.revoked:
            return NOBODY
        allowed = {Scope.READ, Scope.ACT} if self._console.can_act else {Scope.READ}
        return Caller(name=f"token:{token.name}", scopes=frozenset(token.scopes) & allowed)

    def _refusal(self, request: Request, caller: Caller) -> Response | None:
        if not self._is_expected_host(request):
            return PlainTextResponse("421: use the address 127.0.0.1 or localhost\n", 421)
        changes = request.method not in _SAFE_METHODS
        if changes and "authorization" not in request.headers and not _is_same_origin(request):
            return _refused(request, 403, "it comes from another site")
        if _path(request).startswith(_OPEN_PATHS):
            return None
        if Scope.READ not in caller.scopes:
            if request.method == "GET" and not _is_for_program(request):
                return RedirectResponse(f"/sign-in?then={quote(_address(request))}", 303)
            return _refused(request, 401, "sign in, or send a valid access token")
        only_reads = _path(request) in _READING_PATHS
        if changes and not caller.can_act and not only_reads:
            return _refused(request, 403, self._why_read_only())
        return None

    def _why_read_only(self) -> str:
        if self._console.settings.web_read_only:
            return "this server is read-only (WORKER_WEB_READ_ONLY)"
        if not self._console.has_password:
            return "this server is read-only until WORKER_WEB_PASSWORD is set"
        return "this needs the scope `act`"

    def _is_expected_host(self, request: Request) -> bool:
        """Without a password, names other than localhost are refused: by a name of its own that
        leads here (DNS rebinding), a foreign page in a browser could read everything."""
        if self._console.has_password or self._console.settings.web_read_only:
            return True
        host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return host == "localhost" or host.endswith(".localhost")
        return True


def _is_same_origin(request: Request) -> bool:
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin, host = request.headers.get("origin", ""), request.headers.get("host", "")
    return bool(host) and origin.partition("://")[2] == host


def _is_for_program(request: Request) -> bool:
    return _path(request).startswith("/api/") or "hx-request" in request.headers


def _path(request: Request) -> str:
    """The path as the routes see it. That of `request.url` is made with the header Host, which
    anybody may fill with a path of its own."""
    path: str = request.scope["path"]
    return path


def _address(request: Request) -> str:
    query: str = request.scope["query_string"].decode("latin-1")
    return f"{_path(request)}?{query}" if query else _path(request)


def _refused(request: Request, status: int, why: str) -> Response:
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    if _is_for_program(request):
        return JSONResponse({"error": why}, status, headers)
    return PlainTextResponse(f"{status}: refused, {why}\n", status, headers)
