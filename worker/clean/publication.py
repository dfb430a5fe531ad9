"""What a page declares and what it prints about its dates comes in; which is believed goes out.

Some sites declare the day on which they last built a page as that of its publication. Readers are
shown the right one: it is believed where it is older, and the declared one is that of a change.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from worker.clean.metadata import SOME_TIME, TIME, PageMetadata
from worker.clean.printed import BEHIND, FAR, Printed, date_of_address
from worker.clean.rules import DateRules

_SAME = timedelta(hours=36)  # a day without a time, and an instant in any zone
_WEAK = (TIME, SOME_TIME)  # elements that may belong to a comment, or to another article
_PRINT = "print"

At = Callable[[str], datetime | None]
Said = tuple[str, str]  # by which element, and what


def believed(page: PageMetadata, url: str, at: At, rules: DateRules) -> PageMetadata:
    """The page with the date of publication that is believed; with that of the last change, too,
    where only readers are told."""
    changes = [its for its in page.printed if _says(its, rules.updated_words)]
    others = [
        its
        for its in page.printed
        if its not in changes and at(its.date)
        if its.where != FAR or _says(its, rules.published_words)
    ]
    found: dict[str, Said] = {}
    if changes and not page.updated:
        found["updated"] = _PRINT, changes[0].date
    if better := _better(page, url, others, at, rules):
        found["published"] = better
    elif changes and not at(page.published):
        found["published"] = _PRINT, changes[0].date  # by then at the latest
    if not found:
        return page
    by = page.by | {field: element for field, (element, _) in found.items()}
    return page.model_copy(update={"by": by} | {field: said for field, (_, said) in found.items()})


def _better(
    page: PageMetadata, url: str, others: Sequence[Printed], at: At, rules: DateRules
) -> Said | None:
    """What is rather believed than what the page declares."""
    declared = at(page.published)
    if declared and page.by.get("published") not in _WEAK:
        return (
            (_PRINT, others[0].date) if others and _is_older(others[0], page, at, rules) else None
        )
    if declared and any(
        abs(shown - declared) <= _SAME for its in others if (shown := at(its.date))
    ):
        return None
    by_rank = sorted(others, key=lambda its: _rank(its, rules))
    said = (("its address", date_of_address(url)), *((_PRINT, its.date) for its in by_rank))
    for element, text in said:
        if text and (shown := at(text)):
            return None if declared and abs(shown - declared) <= _SAME else (element, text)
    return None


def _is_older(its: Printed, page: PageMetadata, at: At, rules: DateRules) -> bool:
    """Whether a printed date is that of publication, and the declared one that of a change."""
    declared, printed, updated = at(page.published), at(its.date), at(page.updated)
    if not declared or not printed or declared - printed <= _SAME:
        return False
    changed = updated is None or abs(updated - declared) <= _SAME
    return _says(its, rules.published_words) or (its.where == BEHIND and changed)


def _rank(its: Printed, rules: DateRules) -> tuple[bool, bool]:
    return not _says(its, rules.published_words), its.where != BEHIND


def _says(its: Printed, words: Sequence[str]) -> bool:
    return any(word in its.label for word in words)
