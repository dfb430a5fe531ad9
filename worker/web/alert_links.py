"""Say on which page of the console one sees what an alert is about, or mends it."""

from typing import NamedTuple

from worker.web.runbook import runbook_sections
from worker.web.shown_text import page_link


class AlertLink(NamedTuple):
    """A link beside an alert: its words, and the page to which it leads."""

    name: str
    path: str


_WORKERS = AlertLink("Workers", "/workers")
_LANES = AlertLink("Lanes", "/workers#lanes")
_DIFFERENCES = AlertLink("What differs", "/config#workers")
_PAGES = {
    "no-workers": _WORKERS,
    "nothing-ends": _WORKERS,
    "worker-waits": _WORKERS,
    "journal-behind": _WORKERS,
    "queue-old": _LANES,
    "drain-long": _LANES,
    "broker-full": _LANES,
    "lane-paused": _LANES,
    "rules-refused": _DIFFERENCES,
    "workers-differ": _DIFFERENCES,
    "dead-fast": AlertLink("Dead letters", "/dead"),
    "dead-slow": AlertLink("Dead letters", "/dead"),
    "nothing-arrives": AlertLink("Silent sources", "/sources?state=silent"),
}


def alert_links(name: str, about: str) -> tuple[AlertLink, ...]:
    """Return the links beside an alert of the kind `name`: to a page, and to the runbook.

    `about` is what it is about, such as a source. An unknown kind has no links.
    """
    links = []
    if name == "source-silent" and about:
        links.append(AlertLink("The source", page_link("/source", {"name": about})))
    elif name == "crashes" and about:
        links.append(AlertLink("Dead letters", page_link("/dead", {"reason": about})))
    elif name in _PAGES:
        links.append(_PAGES[name])
    if name in runbook_sections():
        links.append(AlertLink("What to do", f"/alerts/{name}"))
    return tuple(links)
