"""Render the pages of the console from templates (Jinja2).

Everything that a template prints is escaped, and every text is made visible first (shown_text), so
a template needs to do nothing about text of strangers.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from worker.explain.wording import moment, several
from worker.monitoring.attention import time_span
from worker.monitoring.learned_sources import LEAST_AGE, LEAST_ARTICLES
from worker.monitoring.source_words import source_notes
from worker.web.alert_links import alert_links
from worker.web.api_operations import ArgumentsT, call_operation, query_of
from worker.web.caller import Caller, caller_of
from worker.web.console_context import Console, console_of
from worker.web.outcome_chart import outcome_chart
from worker.web.shown_text import cut_text, page_link, shown_text, web_link
from worker.web.sparkline_svg import sparkline_svg

FOLDER = Path(__file__).parent


class NavigationEntry(NamedTuple):
    """An entry of the navigation of the console: where it leads, its name, and its icon."""

    path: str
    name: str
    icon: str


NAVIGATION = (
    NavigationEntry("/", "Overview", "overview"),
    NavigationEntry("/articles", "Articles", "article"),
    NavigationEntry("/clusters", "Clusters", "cluster"),
    NavigationEntry("/sources", "Sources", "source"),
    NavigationEntry("/dead", "Dead letters", "dead"),
    NavigationEntry("/rules", "Rules", "rule"),
    NavigationEntry("/workers", "Workers", "worker"),
    NavigationEntry("/config", "Config", "config"),
    NavigationEntry("/alerts", "Alerts", "alert"),
    NavigationEntry("/audit", "Audit log", "audit"),
)


def page(
    request: Request, template: str, title: str, *, status: int = 200, **values: Any
) -> HTMLResponse:
    """Render a page of the console with the frame around it: head, navigation and search.

    `json_path`, if it is among the `values`, leads to the same data in JSON.
    """
    console, caller = console_of(request), caller_of(request)
    frame = {
        "title": title,
        "path": request.scope["path"],
        "caller": caller,
        "console": console,
        "navigation": NAVIGATION,
        "json_path": "",
    }
    return HTMLResponse(rendered(template, {**frame, **values}), status)


def list_page(
    request: Request,
    template: str,
    title: str,
    run: Callable[[Console, Caller, ArgumentsT], Any],
    kind: type[ArgumentsT],
    json_path: str,
    **fixed: str,
) -> HTMLResponse:
    """Render a page of the console that shows a list, as an operation of the API returns it.

    `run` is the function of the operation, and `kind` the class of its arguments, which are taken
    from the request, but for those in `fixed`. `json_path` is the path of the operation.
    """
    parameters = query_of(request)
    given = {**parameters, **fixed}
    return page(
        request,
        template,
        title,
        list=call_operation(request, run, kind, given),
        parameters=parameters,
        json_path=page_link(json_path, given),
    )


def fragment(template: str, **values: Any) -> HTMLResponse:
    """Render a part of a page, which the browser puts into the page that it shows."""
    return HTMLResponse(rendered(template, values))


def rendered(template: str, values: Mapping[str, Any]) -> bytes:
    """Render a template with these values, in UTF-8."""
    text = _environment().get_template(template).render(values)
    return text.encode("utf-8", "replace")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalized,
    )
    environment.filters |= {
        "cut": cut_text,
        "when": when,
        "duration": time_span,
        "runbook_text": runbook_text,
        "sentence_times": sentence_times,
        "number": lambda value: f"{value:,}",
        "share": lambda value: f"{value:.0%}",
        "web_link": web_link,
    }
    environment.globals |= {
        "kind_columns": lambda kinds: [(str(kind), "right") for kind in kinds],
        "alert_links": alert_links,
        "least_judged": " and ".join(
            [several(LEAST_AGE.days, "day"), several(LEAST_ARTICLES, "article")]
        ),
        "link": page_link,
        "source_notes": source_notes,
        "several": several,
        "outcome_chart": outcome_chart,
        "sparkline": sparkline_svg,
        "static": _static,
    }
    return environment


def _finalized(value: Any) -> Any:
    """What is printed for a value: a text of strangers becomes visible, markup stays as it is."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return shown_text(value)


def when(at: datetime | None) -> Markup | str:
    """Write a time for people, as HTML; a script in the page shows it in the reader's time zone."""
    if at is None:
        return ""
    exact = at.isoformat(timespec="seconds")
    template = '<time datetime="{0}" title="{0}">{1} UTC</time>'
    return Markup(template).format(exact, moment(at))  # noqa: S704  format() escapes


_WRITTEN_TIME = re.compile(r"\b(\d{4}-\d\d-\d\d \d\d:\d\d)(:\d\d)?\b(?: UTC)?", re.ASCII)


def sentence_times(sentence: str) -> Markup:
    """Write a sentence as HTML; a script shows the times in it, which are in UTC, in the reader's
    time zone."""
    written, end = Markup(""), 0
    for found in _WRITTEN_TIME.finditer(sentence):
        if found[2]:  # to the second: no time that we have written
            continue
        try:
            at = datetime.fromisoformat(found[1]).replace(tzinfo=UTC)
        except ValueError:  # such as the 40th of a month, in a title
            continue
        written += Markup("{}{}").format(shown_text(sentence[end : found.start()]), when(at))
        end = found.end()
    return written + shown_text(sentence[end:])


_RUNBOOK_MARKS = re.compile(
    r"\*\*([^*]{1,200})\*\*|`([^`]{1,200})`|\[([^\][]{1,200})\]\([^()]{0,200}\)"
)


def runbook_text(paragraph: str) -> Markup:
    """Write a paragraph of the runbook, which is Markdown, as HTML: with bold words and code. Of
    a link, only the name is shown."""
    written, end = Markup(""), 0
    for found in _RUNBOOK_MARKS.finditer(paragraph):
        bold, code, name = found.groups()
        element = "strong" if bold else "code" if code else "em"
        marked = Markup(f"<{element}>{{}}</{element}>").format(shown_text(bold or code or name))  # noqa: S704
        written += Markup("{}{}").format(shown_text(paragraph[end : found.start()]), marked)
        end = found.end()
    return written + shown_text(paragraph[end:])


@cache
def _static(name: str) -> str:
    """The address of a static file; it changes with the content, so browsers may keep the file."""
    digest = hashlib.sha256((FOLDER / "static" / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"
