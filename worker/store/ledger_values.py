"""What the store says about the articles that the broker accepted: how many have an outcome, and
which messages were lost."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptTally:
    """The raw articles that the broker accepted in a period, compared with their stored outcomes.

    `ended` maps (day of acceptance, outcome) to a number of articles. `open` maps the receipt (the
    id of the delivery) of each article that has no outcome to the day of acceptance. `foreign` maps
    a day to the number of outcomes of articles whose acceptance is not recorded. Days are UTC dates
    such as 2026-11-22.
    """

    ended: dict[tuple[str, str], int]  # (day, outcome) -> receipts
    open: dict[str, str]  # receipt without an outcome -> day
    foreign: dict[str, int]  # day of the outcome -> number of receipts without a journal entry


@dataclass(frozen=True, slots=True, kw_only=True)
class LostMessages:
    """Consecutive messages of one producer that the broker accepted and then lost.

    A producer numbers its messages; those from `first` to `last` are missing. It is not known which
    articles they held, because the list of these was lost with them. The producer pushed them
    between `after` and `before`; `after` is None if no earlier message of it is stored.
    """

    producer: str
    first: int  # number of the first lost message
    last: int
    after: datetime | None  # when the message before them was pushed; None: they are the first
    before: datetime  # when the message after them was pushed

    @property
    def count(self) -> int:
        return self.last - self.first + 1
