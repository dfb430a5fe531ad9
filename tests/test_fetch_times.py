"""When a delivery was fetched: what it says itself, else its receipt."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.make import NOW
from tests.support.pipelines import CONFIG
from worker.model.admission import Payload, RawArticle
from worker.model.receipts import made_at, new_receipt
from worker.pipeline.dead_lettering import DeadLetters, Origin, Reprocessed
from worker.pipeline.stage_results import AdmittedArticle
from worker.pipeline.withdrawals import fetch_time, first_returning, read_withdrawals

DATES = CONFIG.cleaning.dates
RECEIPT = "019a9b00-0000-7abc-8abc-0123456789ab"
MADE = datetime(2025, 11, 19, 7, 24, 19, 840000, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def admitted(receipt: str = "r", source: str = "wire", **fields: object) -> AdmittedArticle:
    raw = RawArticle.model_validate(fields)
    origin = Origin(receipt=receipt, source=source, payload=Payload.of(fields))
    return AdmittedArticle(origin=origin, raw=raw)


@pytest.mark.parametrize(
    ("receipt", "made"),
    [
        (RECEIPT, MADE),
        (RECEIPT.replace("-7abc", "-4abc"), None),
        (RECEIPT.upper(), None),
        (RECEIPT + "0", None),
        ("", None),
        ("replay-1-1", None),
    ],
)
def test_only_a_uuid_of_version_7_tells_when_it_was_made(
    receipt: str, made: datetime | None
) -> None:
    assert made_at(receipt) == made


def test_our_own_receipts_tell_when_they_were_made() -> None:
    made = made_at(new_receipt())
    assert made is not None
    assert abs(made - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("receipt", "at", "fetched"),
    [
        ("r", "2026-11-22T10:00:00Z", NOW - timedelta(hours=2)),
        (RECEIPT, "2026-11-22T11:00:00+01:00", NOW - timedelta(hours=2)),
        ("r", "2026-12-01T00:00:00Z", NOW),  # no fetch is later than now
        (RECEIPT, "", MADE + MILLISECOND),
        (RECEIPT, "yesterday or so", MADE + MILLISECOND),
        ("0" + "f" * 7 + RECEIPT[8:], "", None),
        ("r", "", None),
    ],
)
def test_the_time_of_a_delivery(receipt: str, at: str, fetched: datetime | None) -> None:
    a = admitted(receipt, id="1", fetch={"at": at})
    assert fetch_time(a.origin, a.raw, DATES, NOW).at == fetched
    withdrawn = admitted(receipt, id="1", fetch={"at": at}, status="withdrawn")
    [withdrawal] = read_withdrawals([withdrawn], DeadLetters(), DATES, NOW)
    expected = MADE if fetched == MADE + MILLISECOND else fetched or NOW
    assert withdrawal.fetched == expected


def test_a_replay_and_a_stored_payload_are_not_live() -> None:
    a = admitted(id="1")
    assert fetch_time(a.origin, a.raw, DATES, NOW).live
    replayed = admitted("replay-9f2c-1", id="1")
    assert not fetch_time(replayed.origin, a.raw, DATES, NOW).live
    again = Origin(
        receipt="r",
        source="wire",
        payload=a.origin.payload,
        reprocessed=Reprocessed(key="id:1", received=NOW),
    )
    assert not fetch_time(again, a.raw, DATES, NOW).live


WITHDRAWN = {"id": "1", "link": "https://a.example/1", "status": "withdrawn"}


@pytest.mark.parametrize(
    ("batch", "returning"),
    [
        ([], ""),
        ([{"id": "1"}, WITHDRAWN], ""),
        ([WITHDRAWN, {"id": "2"}], ""),
        ([WITHDRAWN, {"title": "no key"}], ""),
        ([WITHDRAWN, {"id": "2"}, {"id": "1"}, {"id": "1"}], "r2"),
        ([WITHDRAWN, {"link": "https://www.a.example/1?utm_source=x"}], "r1"),
        ([WITHDRAWN, WITHDRAWN], ""),
    ],
)
def test_the_first_article_that_its_own_batch_has_withdrawn_before(
    batch: list[dict[str, object]], returning: str
) -> None:
    articles = [admitted(f"r{n}", **fields) for n, fields in enumerate(batch)]
    assert first_returning(articles) == returning


def test_a_withdrawal_concerns_its_own_source() -> None:
    assert first_returning([admitted(**WITHDRAWN), admitted("r1", source="other", id="1")]) == ""
