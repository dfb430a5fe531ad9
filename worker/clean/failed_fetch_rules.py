"""The rules that recognise failed fetches: table `failed_fetch` of `config/cleaning.toml`.

A failed fetch brought a page that is no article, such as an error page or a captcha.
"""

import re
from functools import cached_property
from typing import Self

from pydantic import Field, model_validator

from worker.clean.patterns.page_kinds import PatternClassifier
from worker.model.admission import Frozen


class PageKind(Frozen):
    """One kind of page that is no article, such as "challenge page" (a captcha), with the patterns
    that recognise it, by language.

    `titles` match a full title, `lines` a full sentence, and `signs` words inside a sentence.
    `mentions` are words that are usual on such pages, but prove nothing. `by_vendor` says whether
    the maker of the page is named, too, as in "challenge page: Cloudflare"; `in_fragments`, whether
    the kind is also looked for in texts of feeds.
    """

    name: str = Field(min_length=1, max_length=40)  # begins the detail of its dead letters
    by_vendor: bool = False  # the detail also names the vendor of the page
    in_fragments: bool = True  # its sentences count in fragments and plain text, too
    # Patterns by language, "any" for all. They match a full title (or title part), a full sentence.
    titles: dict[str, str] = {}
    lines: dict[str, str] = {}
    # Searched in sentences: signs on short pages, mentions on pages that are suspected already.
    signs: dict[str, str] = {}
    mentions: dict[str, str] = {}


class FailedFetchRules(Frozen):
    """Patterns and limits that recognise a failed fetch: a fetched page that is no article, but an
    error page or a captcha.

    `pages` are the kinds of such pages, `vendors` the strings in markup that show who made a page.
    A page with much other text is taken for an article: the `max_rest_*` limits say how much other
    text a failed page may have. The other limits say how large a page without content may be, and
    how many sentences are read.
    """

    max_rest_bytes: int = Field(ge=0)  # where two of title, sentences and markup match
    max_rest_by_title: int = Field(ge=0)  # where only the title matches
    max_rest_by_mark: int = Field(ge=0)  # where only the markup matches
    max_rest_by_lines: int = Field(ge=0)  # where only two sentences match
    max_rest_share: float = Field(ge=0, le=1)  # per explained byte, where one sentence matches
    max_shell_bytes: int = Field(ge=0)  # visible text of a page that needs JavaScript
    max_refresh_s: float = Field(ge=0)  # delay of a meta refresh that redirects
    max_fragment_chars: int = Field(ge=0)  # a longer fragment is judged by its title alone
    max_sentence_chars: int = Field(gt=0, le=2000)  # a longer sentence is never explained
    max_sentences: int = Field(gt=0)  # that are read; further ones are unexplained
    first_sentences: int = Field(gt=0)  # one of them must match
    vendors: dict[str, tuple[str, ...]] = {}  # strings of their pages, in lower case
    pages: tuple[PageKind, ...] = ()

    @model_validator(mode="after")
    def _usable(self) -> Self:
        for kind in self.pages:
            for by_language in (kind.titles, kind.lines, kind.signs, kind.mentions):
                for language, pattern in by_language.items():
                    if problem := _problem(pattern):
                        raise ValueError(f"page kind {kind.name}, {language}: {problem}")
        return self

    def warm(self) -> None:
        """Prepare the patterns of titles and sentences for quick look-ups now, and not with the
        first article.

        Called once, before the worker forks into several processes, so that these share the memory.
        """
        self.titles.may_match("warm")
        self.lines.may_match("warm")

    @cached_property
    def titles(self) -> PatternClassifier[PageKind]:
        """A classifier that tells from the title of a page which kind of error page it is, such as
        "challenge page", if any."""
        return PatternClassifier(self.pages, [kind.titles for kind in self.pages])

    @cached_property
    def lines(self) -> PatternClassifier[PageKind]:
        """A classifier that tells from a full sentence which kind of error page it is usual on,
        such as "challenge page", if any."""
        return PatternClassifier(self.pages, [kind.lines for kind in self.pages])

    @cached_property
    def signs(self) -> PatternClassifier[PageKind]:
        """A classifier that finds words inside of a sentence that are typical of error pages, and
        tells of which kind of error page they are typical, such as "challenge page"."""
        return PatternClassifier(self.pages, [kind.signs for kind in self.pages])

    def mentions(self, kind: PageKind) -> re.Pattern[str]:
        """Return a pattern of words that are usual on error pages of this kind, but do not prove
        that a page is one.

        If other signs, such as the title, show that a page may be one, sentences with these words
        do not count as text of an article.
        """
        if kind.name not in self._mentions:
            self._mentions[kind.name] = re.compile("|".join(kind.mentions.values()) or "(?!)")
        return self._mentions[kind.name]

    @cached_property
    def _mentions(self) -> dict[str, re.Pattern[str]]:
        return {}


def _problem(pattern: str) -> str:
    try:
        compiled = re.compile(pattern)
    except re.error as e:
        return str(e)
    if compiled.match(""):
        return "matches the empty line"
    return "groups must not capture: write (?:…)" if compiled.groups else ""


# For an older cleaning.toml without such rules: only an HTTP status, bytes that are no text, and
# pages without any word make a failed fetch.
NO_PAGE_RULES = FailedFetchRules(
    max_rest_bytes=0,
    max_rest_by_title=0,
    max_rest_by_mark=0,
    max_rest_by_lines=0,
    max_rest_share=0,
    max_shell_bytes=0,
    max_refresh_s=0,
    max_fragment_chars=0,
    max_sentence_chars=1,
    max_sentences=1,
    first_sentences=1,
)
