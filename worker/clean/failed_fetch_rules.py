"""What `config/cleaning.toml` says of pages that came instead of an article."""

import re
from functools import cached_property
from typing import Self

from pydantic import Field, model_validator

from worker.clean.patterns.page_kinds import Kinds
from worker.model.admission import Frozen


class PageKind(Frozen):
    """One kind of page that is no article, as each language writes it."""

    name: str = Field(min_length=1, max_length=40)  # begins the detail of its dead letters
    by_vendor: bool = False  # the detail also names the vendor whose page it is
    in_fragments: bool = True  # its sentences count in fragments and plain text, too
    # By language, "any" for all. Held against all of a title, or a part of it, and of a sentence.
    titles: dict[str, str] = {}
    lines: dict[str, str] = {}
    # Searched in sentences: signs on short pages, mentions where a page is suspected already.
    signs: dict[str, str] = {}
    mentions: dict[str, str] = {}


class FailedFetchRules(Frozen):
    """By what a page that came instead of an article is known. Bytes are of UTF-8."""

    max_rest_bytes: int = Field(ge=0)  # unexplained, where two of title, sentences, markup agree
    max_rest_by_title: int = Field(ge=0)  # unexplained, where only the title says so
    max_rest_by_mark: int = Field(ge=0)  # unexplained, where only the markup says so
    max_rest_by_lines: int = Field(ge=0)  # unexplained, where two sentences say so
    max_rest_share: float = Field(ge=0, le=1)  # unexplained for each explained, by one
    max_shell_bytes: int = Field(ge=0)  # to be seen on a page that needs JavaScript
    max_refresh_s: float = Field(ge=0)  # seconds until a page sends on
    max_fragment_chars: int = Field(ge=0)  # of a longer one only the title may say so
    max_sentence_chars: int = Field(gt=0, le=2000)  # a longer one is never explained
    max_sentences: int = Field(gt=0)  # that are looked at; further ones are unexplained
    first_sentences: int = Field(gt=0)  # one of them has to say so
    vendors: dict[str, tuple[str, ...]] = {}  # what stands in their pages, in lower case
    pages: tuple[PageKind, ...] = ()

    @model_validator(mode="after")
    def _usable(self) -> Self:
        for kind in self.pages:
            for spoken in (kind.titles, kind.lines, kind.signs, kind.mentions):
                for language, pattern in spoken.items():
                    if problem := _problem(pattern):
                        raise ValueError(f"page kind {kind.name}, {language}: {problem}")
        return self

    def warm(self) -> None:
        """Sort the patterns by how they begin: once, before a worker forks."""
        self.titles.may_match("warm")
        self.lines.may_match("warm")

    @cached_property
    def titles(self) -> Kinds[PageKind]:
        return Kinds(self.pages, [kind.titles for kind in self.pages])

    @cached_property
    def lines(self) -> Kinds[PageKind]:
        return Kinds(self.pages, [kind.lines for kind in self.pages])

    @cached_property
    def signs(self) -> Kinds[PageKind]:
        return Kinds(self.pages, [kind.signs for kind in self.pages])

    def mentions(self, kind: PageKind) -> re.Pattern[str]:
        """What other sentences of a page of this kind hold."""
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


# Of an older cleaning.toml, which knows no such pages: a status, bytes that are no text, and pages
# without any word are judged all the same.
NO_PAGES = FailedFetchRules(
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
