"""Recognise pages without content of their own: those that only redirect to another page, and
shells, which are empty until a browser runs their scripts."""

import re
from collections.abc import Iterator
from itertools import islice

from selectolax.lexbor import LexborHTMLParser

from worker.clean.failed_fetch_rules import FailedFetchRules
from worker.clean.html.html_to_text import body_text
from worker.clean.metadata.page_elements import attribute
from worker.clean.page.main_text import ParsedPage
from worker.clean.patterns.match_form import sentences_of

_SEARCHED_CHARS = 65_536  # characters of markup
_REFRESH = re.compile(r"\s*([0-9]{1,6}(?:\.[0-9]*)?)\s*[;,]\s*\S")
_SCRIPT = re.compile(r"<script(?![^>]{0,200}ld\+json)[\s/>]")  # without JSON-LD, which is not run
_LOCATION_CHANGE = re.compile(r"location(?:\.href)?\s*=\s*['\"`]|location\.(?:replace|assign)\s*\(")
# Elements that frameworks fill: React, Vue, Next, Nuxt, Gatsby, Angular, Quasar, Svelte.
_ROOTS = "#root,#app,#__next,#__nuxt,#___gatsby,#react-root,#app-root,#q-app,#svelte,app-root"
_PICTURES = ("img", "video", "audio", "object", "embed", "iframe")
_HIDDEN_PICTURES = ",".join(f"noscript {name}" for name in _PICTURES)


def shell_failure(page: ParsedPage, rules: FailedFetchRules) -> str:
    """Judge a page with little visible text: return "redirect page" if it only leads to another
    page, "page that needs JavaScript" if it is empty until its scripts run, and "" for any other
    page."""
    head = page.markup[:_SEARCHED_CHARS].lower()
    refreshed = "http-equiv" in head and any(_refreshes(page.tree, rules))
    scripted = _SCRIPT.search(head) is not None
    if not refreshed and not scripted:
        return ""
    seen = len(body_text(page.markup).encode())
    if refreshed and seen <= rules.max_rest_by_mark:
        return "redirect page"
    if not scripted or seen > rules.max_shell_bytes:
        return ""
    empty = not seen and not _shows(page.tree)
    asks = any(_asks_for_scripts(page.tree, rules))
    if empty and not asks and _LOCATION_CHANGE.search(head):
        return "redirect page"
    filled = page.tree.css_first(_ROOTS) is not None
    return "page that needs JavaScript" if empty or asks or filled else ""


def _refreshes(tree: LexborHTMLParser, rules: FailedFetchRules) -> Iterator[bool]:
    """Yield for each meta refresh of a page whether it redirects at once.

    An article may have one that reloads it after minutes.
    """
    for meta in tree.css("meta[http-equiv]"):
        if attribute(meta, "http-equiv").strip().lower() == "refresh":
            match = _REFRESH.match(attribute(meta, "content"))
            yield match is not None and float(match[1]) <= rules.max_refresh_s


def _asks_for_scripts(tree: LexborHTMLParser, rules: FailedFetchRules) -> Iterator[bool]:
    for node in tree.css("noscript"):
        for sentence in islice(sentences_of(node.text()), rules.first_sentences):
            yield rules.lines.classify(sentence) is not None


def _shows(tree: LexborHTMLParser) -> bool:
    """Whether a page has images or media outside of <noscript>."""
    return len(tree.css(",".join(_PICTURES))) > len(tree.css(_HIDDEN_PICTURES))
