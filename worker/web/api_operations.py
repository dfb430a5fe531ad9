"""Operations of the web server's API: what each takes and returns, and how it is called.

An operation is a function of the console, the caller and arguments that a pydantic class describes.
Routes, the checks of arguments, and the description of the API (OpenAPI) are made from it. The
pages call the same functions, so they show nothing that the API has not.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from worker.web.caller import Caller, caller_of
from worker.web.console_context import Console, console_of
from worker.web.cursors import PositionT, position_in
from worker.web.json_answers import JsonAnswer

_MOST_BODY = 1_000_000  # bytes of a request


class Arguments(BaseModel):
    """Arguments of an operation of the API, from the address or the body of a request."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


ArgumentsT = TypeVar("ArgumentsT", bound=Arguments)
AnswerT = TypeVar("AnswerT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation of the API: a path with a method, what it takes, and what it returns.

    `run` is called with the console, the caller and an instance of `arguments`, and returns a value
    of the type `answer`.
    """

    path: str
    summary: str
    arguments: type[Arguments]
    answer: Any
    run: Callable[[Console, Caller, Any], Any]
    method: str = "GET"
    tag: str = "reading"


def action(
    path: str,
    summary: str,
    arguments: type[ArgumentsT],
    answer: Any,
    run: Callable[[Console, Caller, ArgumentsT], Any],
) -> Operation:
    """An operation that changes something: its arguments are posted, and the description of the
    API lists it among the actions."""
    return Operation(
        path=path,
        summary=summary,
        arguments=arguments,
        answer=answer,
        run=run,
        method="POST",
        tag="acting",
    )


def route_of(operation: Operation) -> Route:
    """The route under which the web server answers an operation of its API."""

    async def answer(request: Request) -> Response:
        given = await _given(request, operation)
        run, kind = operation.run, operation.arguments
        return JsonAnswer(await run_in_threadpool(call_operation, request, run, kind, given))

    # The name of a source may have slashes.
    path = operation.path.replace("{source}", "{source:path}")
    return Route(path, answer, methods=[operation.method])


def read_arguments(kind: type[ArgumentsT], given: dict[str, Any]) -> ArgumentsT:
    """Check the arguments of an operation. Raises HTTPException (400) that names what is wrong."""
    try:
        return kind.model_validate(given)
    except ValidationError as e:
        first = e.errors(include_url=False, include_context=False, include_input=False)[0]
        name = ".".join(map(str, first["loc"])) or "arguments"
        wrong = first["msg"]
        field = kind.model_fields.get(name)
        if first["type"] == "string_pattern_mismatch" and field and field.description:
            wrong = (
                f"not of the form that is wanted: {field.description}"  # people read no patterns
            )
        raise HTTPException(400, f"{name}: {wrong}") from e


def asked_position(cursor: str, kind: type[PositionT]) -> PositionT | None:
    """Return the position in a list after which the wanted page begins, taken from the cursor of a
    request; None if the cursor is "", for the first page.

    `kind` is the class of the positions of this list. Raises HTTPException (400) if the cursor
    belongs to another list or is damaged.
    """
    try:
        return position_in(cursor, kind)
    except ValueError as e:
        raise HTTPException(400, f"cursor: {e}") from e


def call_operation(
    request: Request,
    run: Callable[[Console, Caller, ArgumentsT], AnswerT],
    kind: type[ArgumentsT],
    given: dict[str, Any],
) -> AnswerT:
    """Return what the function of an operation answers to whoever sends this request.

    Raises HTTPException (400) if the arguments that were given are wrong.
    """
    return run(console_of(request), caller_of(request), read_arguments(kind, given))


def query_of(request: Request) -> dict[str, Any]:
    """The arguments in the path and the query of a request; empty ones, as forms send, count as
    left out."""
    given = {name: value for name, value in request.query_params.items() if value.strip()}
    return {**given, **request.path_params}


async def _given(request: Request, operation: Operation) -> dict[str, Any]:
    if operation.method == "GET":
        return query_of(request)
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MOST_BODY:
            raise HTTPException(413, f"a request has at most {_MOST_BODY:,} bytes")
    try:
        values = json.loads(body or b"{}")
    except (ValueError, RecursionError) as e:
        raise HTTPException(400, "the body is not valid JSON") from e
    if not isinstance(values, dict):
        raise HTTPException(400, "the body must be a JSON object")
    return {**values, **request.path_params}
