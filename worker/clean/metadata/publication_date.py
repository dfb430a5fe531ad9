"""What a page declares and what it prints about its dates comes in; which is believed goes out.

Some sites declare the day on which they last built a page as that of its publication. Readers are
shown the right one: it is believed where it is older, and the declared one is that of a change.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from worker.clean.cleaning_rules import DateRules
from worker.clean.metadata.page_metadata import NO_DAY, SOME_TIME, TIME, UNSPECIFIC, PageMetadata
from worker.clean.metadata.visible_dates import BEHIND, FAR, Printed, date_of_address

_SAME = timedelta(hours=36)  # a day without a time, and an instant in any zone
_WEAK = (TIME, SOME_TIME)  # elements that may belong to a comment, or to another article
_PRINT = "print"

At = Callable[[str], datetime | None]
Said = tuple[str, str]  # by which element, and what


def believed(page: PageMetadata, url: str, at: At, rules: DateRules) -> PageMetadata:
    """The page with the date of publication that is believed; with that of the last change, too,
    where only readers are told."""
    changes = [its for its in page.printed if says(its, rules.updated_words)]
    others = [
        its
        for its in page.printed
        if its not in changes and at(its.date)
        if its.where != FAR or says(its, rules.published_words)
    ]
    page = _with_readable(page, at)
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


def is_declared(page: PageMetadata) -> bool:
    """Whether the page declares a date of publication; a search for another would take the parts
    of it that it can read, and make a day of a month."""
    if page.stated or NO_DAY.fullmatch(page.published):
        return True
    return page.published != "" and page.by.get("published") != SOME_TIME


def _with_readable(page: PageMetadata, at: At) -> PageMetadata:
    """With the first declared date of publication that can be read, if the page's can't."""
    if not page.published or at(page.published):
        return page
    readable = next(((element, text) for element, text in page.stated if at(text)), None)
    if not readable:
        return page
    element, text = readable
    return page.model_copy(update={"published": text, "by": page.by | {"published": element}})


def _better(
    page: PageMetadata, url: str, others: Sequence[Printed], at: At, rules: DateRules
) -> Said | None:
    """What is rather believed than what the page declares."""
    declared = at(page.published)
    if declared and page.by.get("published") not in _WEAK:
        told = others and _is_rather(others[0], page, at, rules)
        return (_PRINT, others[0].date) if told else None
    if declared and any(_same(at(its.date), declared) for its in others):
        return None
    by_rank = sorted(others, key=lambda its: _rank(its, rules))
    address = date_of_address(url) or date_of_address(page.canonical)
    said = (("its address", address), *((_PRINT, its.date) for its in by_rank))
    for element, text in said:
        if text and (shown := at(text)):
            return None if _same(shown, declared) else (element, text)
    return None


def _is_rather(its: Printed, page: PageMetadata, at: At, rules: DateRules) -> bool:
    """Whether a printed date is that of publication, and the declared one is not.

    An older one is: sites declare the day of a change. A newer one only where the page declares
    it as well, and not as that of a change.
    """
    declared, printed, updated = at(page.published), at(its.date), at(page.updated)
    if not declared or not printed or _same(printed, declared):
        return False
    if printed > declared:
        agreed = any(_same(at(text), printed) for _, text in page.stated)
        return agreed and not _same(printed, updated)
    vague = page.by.get("published") in UNSPECIFIC and _same(updated, declared)
    return its.where == BEHIND or vague or says(its, rules.published_words)


def _same(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and other is not None and abs(one - other) <= _SAME


def _rank(its: Printed, rules: DateRules) -> tuple[bool, bool]:
    return not says(its, rules.published_words), its.where != BEHIND


def says(its: Printed, words: Sequence[str]) -> bool:
    """Whether one of these words stands in front of a date."""
    return any(word in its.label for word in words)
