"""Who sends a request to the web server, and what that caller may do."""

from dataclasses import dataclass

from starlette.requests import Request

from worker.store.access_values import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The person or program that sends a request.

    `name` is written into the audit log: the name given at sign-in, `token:NAME` for the holder of
    an access token, or `anybody` where no password is set. `scopes` is what the caller may do.
    """

    name: str
    scopes: frozenset[Scope]
    signed_in: bool = False

    @property
    def can_act(self) -> bool:
        return Scope.ACT in self.scopes


ANYBODY = Caller(name="anybody", scopes=frozenset({Scope.READ}))
NOBODY = Caller(name="", scopes=frozenset())


def caller_of(request: Request) -> Caller:
    """Return the caller of a request, whom the guard in front of the console has identified."""
    caller: Caller = request.scope["caller"]
    return caller
