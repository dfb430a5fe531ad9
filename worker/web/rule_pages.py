"""Pages of the console on tagging rules: all of them, one rule, and a draft to try."""

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from worker.web.api_operations import query_of, read_arguments
from worker.web.caller import caller_of
from worker.web.console_context import console_of
from worker.web.dead_letter_pages import form_of
from worker.web.page_rendering import page
from worker.web.rule_api import OneRule, RuleDraft, RuleListing, list_rules, show_rule, try_draft
from worker.web.rule_trials import RuleTrial
from worker.web.shown_text import page_link

_MOST_FORM = 500_000  # bytes: of 100,000 characters, with the escapes of forms
EXAMPLE = """\
[[topics]]
code = "draft:strike"  # of a topic in force, or a new one, which needs a label
label = "strike"

[[topics.rules]]
id = "draft"
languages = ["en"]
any = ["general strike", "walkout*"]
"""


def rules(request: Request) -> Response:
    """Show all topics and rules, and which of them gave tags lately."""
    parameters = query_of(request)
    shown = str(parameters.pop("show", ""))
    wanted = read_arguments(RuleListing, parameters)
    found = list_rules(console_of(request), caller_of(request), wanted)
    every = [rule for topic in found.topics for rule in topic.rules]
    topics = [
        (topic, [r for r in topic.rules if _is_shown(shown, r.articles)]) for topic in found.topics
    ]
    ranked = sorted(topics, key=lambda pair: (-pair[0].articles, pair[0].label))
    return page(
        request,
        "rules.html",
        "Rules",
        list=found,
        topics=[(t, rules) for t, rules in ranked if rules or not shown],
        rules=len(every),
        fired=sum(rule.articles > 0 for rule in every),
        parameters={**parameters, "show": shown},
        days=wanted.days,
        json_path=page_link("/api/rules", parameters),
    )


def _is_shown(shown: str, articles: int) -> bool:
    return {"never": articles == 0, "fired": articles > 0}.get(shown, True)


def one_rule(request: Request) -> Response:
    """Show one rule, and articles that it tagged with the phrases by which it fired."""
    parameters = query_of(request)
    wanted = read_arguments(OneRule, parameters)
    return page(
        request,
        "rule.html",
        wanted.id,
        rule=show_rule(console_of(request), caller_of(request), wanted),
        parameters=parameters,
        json_path=page_link("/api/rules/rule", parameters),
    )


def draft(request: Request) -> Response:
    """Show the form in which a draft of a rule file is written."""
    return _trial_page(request, "rules/draft", EXAMPLE)


async def trial(request: Request) -> Response:
    """Try the draft that was sent, and show what it would change."""
    given = await form_of(request, _MOST_FORM)
    wanted = read_arguments(RuleDraft, given)
    console, caller = console_of(request), caller_of(request)
    busy, result = "", None
    try:
        result = await run_in_threadpool(try_draft, console, caller, wanted)
    except HTTPException as e:
        if e.status_code != 409:
            raise
        busy = e.detail  # the draft stays in the form
    return await run_in_threadpool(_trial_page, request, wanted.file, wanted.draft, result, busy)


def _trial_page(
    request: Request, file: str, text: str, result: RuleTrial | None = None, busy: str = ""
) -> Response:
    files = [n for n in console_of(request).rules.get().files if n == "taxonomy" or "/" in n]
    return page(
        request,
        "rule_trial.html",
        "Try a rule",
        status=409 if busy else 200,
        file=file,
        files=files,
        draft=text,
        trial=result,
        busy=busy,
    )


ROUTES = (
    Route("/rules", rules),
    Route("/rules/rule", one_rule),
    Route("/rules/trial", draft),
    Route("/rules/trial", trial, methods=["POST"]),
)
