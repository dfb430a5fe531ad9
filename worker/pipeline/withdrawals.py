"""Read the publishers' requests in a batch to take articles down (withdrawals), and tell when a
delivery was fetched: a publisher who delivers an article again after withdrawing it wants it back.
"""

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
    """Tell when a delivery was fetched: at the time that its field `fetch.at` gives, else when its
    producer made the receipt, if that is a UUIDv7.

    `now` is the present time: no fetch is later, and a receipt that says so tells no time.
    """
    live = origin.reprocessed is None and not is_replay(origin.receipt)
    if raw.fetch.at and (at := read_date(raw.fetch.at, rules, now).at):
        return FetchTime(live=live, at=at)
    made = _made_before(now, origin.receipt)
    return FetchTime(live=live, at=made + _RESOLUTION if made else None)


def read_withdrawals(
    admitted: Sequence[AdmittedArticle], dead_letters: DeadLetters, rules: DateRules, now: datetime
) -> list[Withdrawal]:
    """Return the withdrawals in a batch. One that names no article becomes a dead letter.

    A withdrawal was fetched when its field `fetch.at` says, else when its producer made the
    receipt, else `now`.
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
    """Return the receipt of the first article in a batch that an earlier item of the batch
    withdraws; "" if there is none.

    This article and all after it must be written after the withdrawal.
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
