"""Read the publishers' requests in a batch to take articles down (withdrawals), and tell when each
delivery was fetched. If a publisher delivers an article that was fetched after its withdrawal, it
is stored again."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from worker.clean import withdrawn_keys
from worker.clean.cleaning_rules import DateRules
from worker.clean.dates.date_reader import read_date
from worker.errors import Rejected
from worker.model.admission import RawArticle
from worker.model.receipts import is_replay, made_at
from worker.model.records import Withdrawal
from worker.pipeline.dead_lettering import DeadLetters, FetchTime, Origin
from worker.pipeline.stage_results import AdmittedArticle

_RESOLUTION = timedelta(milliseconds=1)  # of the time in a receipt, which is rounded down


def fetch_time(origin: Origin, raw: RawArticle, rules: DateRules, now: datetime) -> FetchTime:
    """Return when a delivered article was fetched, to compare this with the time of a withdrawal,
    and whether its source has just delivered it.

    The time is that in the field `fetch.at`. Without this, it is the time in the receipt (the id of
    the delivery), if the receipt has one and it is not later than `now`, the present time.
    Otherwise the time is not known.
    """
    live = origin.reprocessed is None and not is_replay(origin.receipt)
    if raw.fetch.at and (at := read_date(raw.fetch.at, rules, now).at):
        return FetchTime(live=live, at=at)
    made = _made_before(now, origin.receipt)
    return FetchTime(live=live, at=made + _RESOLUTION if made else None)


def read_withdrawals(
    admitted: Sequence[AdmittedArticle], dead_letters: DeadLetters, rules: DateRules, now: datetime
) -> list[Withdrawal]:
    """Return the requests in a batch to take articles down. One that names no article becomes a
    dead letter, which is added to `dead_letters`.

    Each gets the time at which it was fetched: that in its field `fetch.at`, else that in its
    receipt (the id of the delivery), or `now` if it has neither.
    """
    withdrawals = []
    for a in admitted:
        if a.raw.status != "withdrawn":
            continue
        with dead_letters.catch(a.origin, "clean"):
            at = read_date(a.raw.fetch.at, rules, now).at if a.raw.fetch.at else None
            withdrawals.append(
                Withdrawal(
                    receipt=a.origin.receipt,
                    source=a.origin.source,
                    keys=withdrawn_keys(a.raw),
                    payload_hash=a.origin.payload.digest,
                    fetched=at or _made_before(now, a.origin.receipt) or now,
                )
            )
    return withdrawals


def first_returning(admitted: Sequence[AdmittedArticle]) -> str:
    """Return the receipt (id of the delivery) of the first article in a batch that comes after a
    request in the same batch to take it down; "" if there is none.

    That article and all after it must be written in a second transaction, after the withdrawal.
    """
    withdrawn: set[tuple[str, str]] = set()
    for a in admitted:
        if a.raw.status == "withdrawn":
            withdrawn |= _keys(a)
        elif withdrawn and not withdrawn.isdisjoint(_keys(a)):
            return a.origin.receipt
    return ""


def _made_before(now: datetime, receipt: str) -> datetime | None:
    made = made_at(receipt)
    return made if made and made < now else None


def _keys(admitted: AdmittedArticle) -> set[tuple[str, str]]:
    try:
        return {(admitted.origin.source, key) for key in withdrawn_keys(admitted.raw)}
    except Rejected:  # neither id nor link
        return set()
