"""Pages of the console on dead letters, raw articles that could not be processed."""

from typing import Any
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from worker.explain.dead_letter_sentences import dead_letter_sentences
from worker.explain.wording import several
from worker.web.api_operations import call_operation, query_of, read_arguments
from worker.web.article_pages import MOST_SHOWN, pretty
from worker.web.caller import caller_of
from worker.web.console_context import console_of
from worker.web.dead_letter_api import (
    LetterAction,
    LetterListing,
    LetterPlan,
    OneLetter,
    drop_letters,
    list_letters,
    plan_action,
    replay_letters,
    show_letter,
)
from worker.web.page_rendering import fragment, page
from worker.web.shown_text import page_link

_FILTERS = ("reason", "source", "stage", "day")
_ACTIONS = {"replay": replay_letters, "drop": drop_letters}
_DONE = {"replay": "Replaying {}.", "drop": "Dropped {}."}
_MOST_FORM = 20_000  # bytes


def letters(request: Request) -> Response:
    """Show a page of the dead letters (articles that could not be processed), with their numbers
    by reason."""
    parameters = query_of(request)
    done = _done(str(parameters.pop("done", "")), str(parameters.pop("n", "")))
    wanted = read_arguments(LetterListing, parameters)
    console = console_of(request)
    return page(
        request,
        "dead_letters.html",
        "Dead letters",
        list=list_letters(console, caller_of(request), wanted),
        parameters=parameters,
        filters=_filters(parameters),
        done=done,
        progress=console.replays.progress,
        json_path=page_link("/api/dead", parameters),
    )


def one_letter(request: Request) -> Response:
    """Show one dead letter, an article that could not be processed, with its payload as text."""
    found = call_operation(request, show_letter, OneLetter, dict(request.path_params))
    text = pretty(found.letter.payload)
    return page(
        request,
        "dead_letter.html",
        "Dead letter",
        letter=found.letter,
        refusal=found.refusal,
        story=list(dead_letter_sentences(found.letter)),
        payload=text[:MOST_SHOWN],
        left_out=max(0, len(text) - MOST_SHOWN),
        json_path=f"/api/dead/{found.letter.letter_id}",
    )


def plan(request: Request) -> Response:
    """Show how many dead letters a replay or a removal would touch, and ask whether to do it.
    Nothing is changed."""
    parameters = query_of(request)
    action = parameters.pop("action", "")
    if action not in _ACTIONS:
        raise HTTPException(400, "action: replay or drop")
    return page(
        request,
        "letter_plan.html",
        f"{action.capitalize()} dead letters",
        plan=call_operation(request, plan_action, LetterPlan, parameters),
        action=action,
        filters=_filters(parameters),
        json_path=page_link("/api/dead/plan", parameters),
    )


async def act(request: Request) -> Response:
    """Replay or drop the dead letters that the page before has shown, and return to their list."""
    action = request.path_params["action"]
    if action not in _ACTIONS:
        raise HTTPException(404, "there is no such action")
    given = await form_of(request)
    run = _ACTIONS[action]
    result = await run_in_threadpool(call_operation, request, run, LetterAction, given)
    target = page_link("/dead", _filters(given), done=action, n=result.letters)
    return RedirectResponse(target, 303)


def progress(request: Request) -> Response:
    """Show how far the replay has come; the page asks for this part again and again."""
    return fragment("replay_progress.html", progress=console_of(request).replays.progress)


async def form_of(request: Request, most: int = _MOST_FORM) -> dict[str, Any]:
    """The fields of a form that a page has sent, in at most `most` bytes; empty ones are left
    out."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > most:
            raise HTTPException(413, f"a form has at most {most:,} bytes")
    fields = parse_qsl(body.decode("utf-8", "replace"), max_num_fields=50)
    return {name: value for name, value in fields if value.strip()}


def _filters(parameters: dict[str, Any]) -> dict[str, str]:
    return {name: str(parameters[name]) for name in _FILTERS if parameters.get(name)}


def _done(action: str, number: str) -> str:
    """The sentence that tells what has been done; the address has only a word and a number."""
    is_number = number.isascii() and number.isdigit() and len(number) < 8
    if action not in _DONE or not is_number:
        return ""
    return _DONE[action].format(several(int(number), "dead letter"))


ROUTES = (
    Route("/dead", letters),
    Route("/dead/plan", plan),
    Route("/dead/progress", progress),
    Route("/dead/{action}", act, methods=["POST"]),
    Route("/dead/{letter_id}", one_letter),
)
