"""The patterns that are not in the syntax of RE2, or grow faster than their text, and the longest
text that each is tried on.

RE2 has no backreferences, no lookahead or lookbehind and no possessive repetitions. A pattern that
needs one of them stands here. So does one that takes more than linear time: then its text must be
short, and the tests measure it at that length.
"""

from typing import NamedTuple

from worker.clean.cleaning_rules import CleaningRules
from worker.clean.dates import written_dates
from worker.clean.html import inline_markup, note_marks
from worker.clean.lines import line_rules
from worker.clean.metadata import article_scope, bylines, visible_dates
from worker.clean.page import element_roles, live_blog
from worker.clean.text import author_names, people
from worker.client import findings
from worker.config.loader import load_config
from worker.model.admission import LIMITS
from worker.tag.entities import name_cues


class Bound(NamedTuple):
    """The longest text that a pattern is tried on, and what limits it."""

    chars: int
    by: str


_rules: CleaningRules = load_config().cleaning
ARTICLE = Bound(LIMITS.article_bytes, "the size of a raw article")
DATE = Bound(written_dates.MAX_CHARS, "read_written refuses a longer text")
FOLDED = Bound(
    18 * max(written_dates.MAX_CHARS, visible_dates._MAX_LINE),
    "dates and lines are limited; `fold` writes some characters as up to 18",
)
LINK = Bound(3 * LIMITS.link_bytes, "links are refused or ignored above their limit")
OPENING = Bound(_rules.datelines.max_chars, "read_dateline reads the opening of a line")
ZONE = Bound(findings._MAX_ZONE_CHARS, "lint reads the end of a date")
WORD = Bound(100, "one word of a text")
BESIDE_NAME = Bound(name_cues._NEAR, "name_cues reads this many characters before a name")
AUTHOR = Bound(author_names._MAX_CHARS, "author_names returns a longer text as one name")
BYLINE = Bound(bylines._MAX_CHARS, "portrayed_authors skips a longer text")
CJK = Bound(people._MAX_CJK_CHARS, "cjk_names finds none in a longer text")
NOTE = Bound(note_marks._BEFORE_CHARS, "without_note_marks reads so much in front of a mark")
CLASSES = Bound(element_roles.MAX_CHARS, "the names of one element are cut")
MARKS = Bound(article_scope._MAX_MARK_CHARS, "classes and id of one element are cut")
CLASS = Bound(2 * element_roles._MAX_NAME_CHARS, "longer names of an element are ignored")
TIME = Bound(live_blog._MAX_TIME_CHARS, "is_time refuses a longer text")
# Lower-case letters may be more than those that they are made of.
PROMPT = Bound(2 * line_rules._MAX_PROMPT_CHARS, "a longer line is no prompt")
SHORT = Bound(inline_markup._MAX_CHARS, "inline_text leaves such markup in a longer text")

BOUNDS: dict[str, Bound] = {
    "worker.clean.metadata.article_scope._OF_OTHERS": MARKS,
    **{
        f"worker.clean.dates.local_customs.{name}": DATE
        for name in ("_YEAR_FIRST", "_ERA", "_CHINESE_TIME", "_BUDDHIST", "_BUDDHIST_LAST")
    },
    "worker.clean.dates.date_words._EASTERN_NOON": DATE,
    "worker.clean.dates.native_forms._CROATIAN_OCTOBER": FOLDED,
    "worker.clean.dates.native_forms._THAI_SHORT_YEAR": FOLDED,
    "worker.clean.dates.native_forms._VIETNAMESE_MONTH": FOLDED,
    "worker.clean.dates.native_forms._BUDDHIST_YEAR": FOLDED,
    "worker.clean.dates.time_zones._AFTER_NAME": DATE,
    "worker.clean.dates.time_zones._OFFSET": DATE,
    "worker.clean.dates.time_zones._ONE_WORD": DATE,
    "worker.clean.dates.time_zones._REGION": DATE,
    "worker.clean.dates.time_zones._WORDS": DATE,
    **{f"worker.clean.dates.written_dates._CLOCKS[{n}]": DATE for n in (0, 1, 2, 4, 5, 6)},
    "worker.clean.dates.written_dates._DIGITS": DATE,
    "worker.clean.dates.written_dates._GERMAN_AM": DATE,
    "worker.clean.dates.written_dates._HALF": DATE,
    "worker.clean.dates.written_dates._LAST_OFFSET": DATE,
    "worker.clean.dates.written_dates._NUMBER": DATE,
    "worker.clean.dates.written_dates._T": DATE,
    "worker.clean.dates.written_dates._UNTIL": DATE,
    "worker.clean.dates.written_dates._YEAR": DATE,
    "worker.clean.dates.written_dates._YEAR_FIRST": DATE,
    "worker.clean.dates.written_dates._YEAR_LAST": DATE,
    "worker.clean.html.inline_markup._AROUND": SHORT,
    "worker.clean.html.inline_markup._EMPHASIS": SHORT,
    "worker.clean.html.inline_markup._MALFORMED": SHORT,
    "worker.clean.html.inline_markup._WITHOUT_TEXT": SHORT,
    "worker.clean.html.inline_markup._WITH_ATTRIBUTES": SHORT,
    "worker.clean.html.note_marks._WORD": NOTE,
    "worker.clean.lines.datelines._FORMS[0]": OPENING,
    "worker.clean.lines.datelines._FORMS[1]": OPENING,
    "worker.clean.lines.datelines._FORMS[2]": OPENING,
    "worker.clean.lines.datelines._FORMS[3]": OPENING,
    "worker.clean.lines.datelines._FORMS[5]": OPENING,
    "worker.clean.lines.line_rules._SENTENCE_END": PROMPT,
    "worker.clean.links.link_variants._HOST": LINK,
    "worker.clean.links.link_variants._PATH": LINK,
    "worker.clean.links.link_variants._PRINT_PATH": LINK,
    "worker.clean.metadata.bylines._MARK": BYLINE,
    "worker.clean.metadata.visible_dates._DAY_IN_ADDRESS": LINK,
    **{
        f"worker.clean.text.author_names.{name}": AUTHOR
        for name in (
            "_BEFORE_NAME _HANDLE _IN_BRACKETS _LABEL _LAST_DOT _MAIL _PHOTOS _URL".split()
        )
    },
    "worker.clean.page.element_roles._CAPITAL": CLASS,
    "worker.clean.page.element_roles._MAY_EXPAND": CLASS,
    "worker.clean.page.element_roles._NAME": CLASS,
    **{f"worker.clean.page.element_roles._ROLES[{1 << n}]": CLASS for n in range(6)},
    "worker.clean.page.element_roles._SHOWN_LATER": CLASSES,
    "worker.clean.page.live_blog._TIME": TIME,
    "worker.clean.text.people._CJK_BETWEEN": CJK,
    "worker.clean.text.people._CJK_BYLINE": CJK,
    "worker.client.findings._ZONED": ZONE,
    # Linear: they only look at a few characters around a match, or repeat without backtracking.
    "worker.clean.dates.date_order._SLASHED": ARTICLE,
    "worker.clean.dates.date_reader._EPOCH": ARTICLE,
    "worker.clean.fetch.script_shells._SCRIPT": ARTICLE,
    "worker.clean.html.embedded_markup._CLOSED": ARTICLE,
    "worker.clean.html.fast_html._TAG": ARTICLE,
    "worker.clean.html.feed_escapes._JSON_LINE_ENDS": ARTICLE,
    "worker.clean.html.feed_escapes._STRAY_CDATA_END": ARTICLE,
    "worker.clean.html.hostile_markup._EACH_ATTRIBUTE": ARTICLE,
    "worker.clean.html.hostile_markup._TAG": ARTICLE,
    "worker.clean.html.hostile_markup._TAGS": ARTICLE,
    "worker.clean.html.html_to_text._BLOCK": ARTICLE,
    "worker.clean.html.html_to_text._CELL": ARTICLE,
    "worker.clean.html.html_to_text._PAGE": ARTICLE,
    "worker.clean.html.html_to_text._TAG": ARTICLE,
    "worker.clean.links.absolute_link._DOUBLED": ARTICLE,
    "worker.clean.links.absolute_link._OTHER_SCHEME": ARTICLE,
    "worker.clean.metadata.visible_dates._DATE": ARTICLE,
    "worker.clean.text.titles._PREFIX_SEPARATOR": ARTICLE,
    "worker.clean.page.blocks._HIDDEN": ARTICLE,
    "worker.clean.text.author_functions._NUMBERED": ARTICLE,
    "worker.clean.text.author_names._PLAIN_NAME": ARTICLE,
    "worker.clean.text.mojibake._WITHIN_WORDS": ARTICLE,
    "worker.clean.text.plain_text._INVISIBLE": ARTICLE,  # RE2 has no lone surrogates
    "worker.clean.text.plain_text._JOINER": ARTICLE,
    "worker.clean.text.short_text._LINE_END": ARTICLE,
    "worker.clean.text.titles._IN_BRACKETS": ARTICLE,
    "worker.clean.text.titles._SEPARATOR": ARTICLE,
    "worker.tag.entities.name_cues._CAPITAL": BESIDE_NAME,
    "worker.tag.tokens._TOKEN": ARTICLE,
    "worker.tag.rules.matcher._SENTENCE_ENDS": ARTICLE,
    "worker.tag.topics.topic_words._ENDS_INSIDE_WORD": WORD,
}

# Patterns that no article or message is matched against, with the text that they read.
NOT_INPUT: dict[str, str] = {
    "worker.clean.dates.time_zones: _table": "a constant",
    "worker.clean.line_rule_config._UPPER": "patterns in config/cleaning.toml",
    "worker.clean.patterns.page_kinds._PARTS": "patterns in config/cleaning.toml",
    "worker.cli.config_reference._LINE": "comments of the shipped config files",
    "worker.model.masking._NEXT": "addresses in settings",
    "worker.model.masking._SECRET": "addresses in settings",
}

# Functions that make a pattern when they are called, and of what they make it.
MADE: dict[str, str] = {
    "worker.clean.cleaning_rules: _rule_set": "line rules, which are found",
    "worker.clean.cleaning_rules: end_rules": "line rules, which are found",
    "worker.clean.failed_fetch_rules: _problem": "rules of failed fetches, which are found",
    "worker.clean.failed_fetch_rules: mentions": "rules of failed fetches, which are found",
    "worker.clean.html.charset_detection: _has_script": "constants: the letters of a script",
    "worker.clean.html.inline_markup: _content": "a constant, for the name of an element",
    "worker.clean.line_rule_config: _problem": "line rules, which are found",
    "worker.clean.line_rule_config: announced": "rules of credits, which are found",
    "worker.clean.page.element_roles: _compiled": "constants, which are found",
    "worker.clean.patterns.page_kinds: _compiled": "rules of failed fetches, which are found",
    "worker.clean.patterns.prefilter: _lettered": "a constant, for prefixes of rules",
    "worker.clean.patterns.prefilter: prefix_filter": "prefixes of rules, which are found",
    "worker.clean.text.mojibake: _misreading": "constants, which are found",
    "worker.clean.text.mojibake: _quick_check": "a constant, which is found",
    "worker.cli.file_kinds: _compiled": "constants, which are found",
    "worker.model.broker_address: _unsupported": "constants, for addresses in settings",
    "worker.store.reading.search: snippet": "the words of a search, of which samples are found",
}
