"""Parts of a date that mean something else in one language than in most."""

from datetime import UTC, datetime

import pytest

from tests.clean.ordinary import NOW, RULES
from worker.clean.dates.date_order import date_order
from worker.clean.dates.date_reader import read_date
from worker.clean.dates.local_customs import customs_of, in_common_meaning


@pytest.mark.parametrize(
    ("language", "text", "at"),
    [
        ("zh", "Tue, 14 Nov 2023 22:13:20 CST", "2023-11-14T14:13:20"),
        ("en", "Tue, 14 Nov 2023 22:13:20 CST", "2023-11-15T04:13:20"),
        ("zh", "2023-11-14 22:13 CST (GMT-6)", "2023-11-15T04:13"),
        ("zh-TW", "23/11/14 22:13", "2023-11-14T22:13"),
        ("zh-HK", "14/11/23", "2023-11-14"),
        ("zh-Hant-HK", "14/11/23", "2023-11-14"),
        ("ko", "23. 11. 14.", "2023-11-14"),
        ("ko", "입력 23-11-14 10:13", "2023-11-14T10:13"),
        ("de", "23.11.14", "2014-11-23"),
        ("ja", "R5.11.14", "2023-11-14"),
        ("ja", "H30/4/1", "2018-04-01"),
        ("en", "R5.11.14", ""),
        ("th", "14/11/66 22:13", "2023-11-14T22:13"),
        ("th", "14/11/2023", "2023-11-14"),
        ("th", "14/11/23", "2023-11-14"),
        ("th", "2566/11/14", "2023-11-14"),
        ("th", "2023-11-14 10:25:25", "2023-11-14T10:25:25"),
        ("th", "14 พฤศจิกายน 66", "2023-11-14"),
        ("th", "14 พฤศจิกายน 2023 66:00", ""),
        ("hr", "14. srp 2023", "2023-07-14"),
        ("cs", "14. srp 2023", "2023-08-14"),
        ("hr", "14. lis 2023.", "2023-10-14"),
        ("pl", "14 lis 2023", "2023-11-14"),
        ("nl", "14-11-23", ""),  # either number may be the year
    ],
)
def test_a_date_means_what_it_means_in_its_language(language: str, text: str, at: str) -> None:
    order = date_order(language.partition("-")[0], language)
    parsed = read_date(
        text,
        RULES.dates,
        NOW,
        day_first=order.day_first,
        certain=order.certain,
        customs=customs_of("", language),
    )
    wanted = datetime.fromisoformat(at).replace(tzinfo=UTC) if at else None
    assert parsed.at == wanted
    assert parsed.flag == ("" if at else "bad-date")


@pytest.mark.parametrize(
    ("language", "declared", "customs"),
    [
        ("zh", "", {"zh"}),
        ("en", "zh-TW", {"zh"}),
        ("zh", "zh-HK", set()),
        ("ja", "en-US", {"ja"}),
        ("de", "de-AT", set()),
        ("und", "", set()),
    ],
)
def test_detected_and_declared_language_have_customs(
    language: str, declared: str, customs: set[str]
) -> None:
    assert customs_of(language, declared) == customs


@pytest.mark.parametrize(
    ("language", "declared", "first", "certain"),
    [
        ("zh", "zh-CN", False, False),
        ("ja", "", False, False),
        ("es", "es-US", False, True),
        ("es", "es-ES", True, True),
        ("de", "en-US", True, True),
        ("fr", "", True, True),
    ],
)
def test_languages_with_the_year_first_prove_no_order_with_the_year_last(
    language: str, declared: str, first: bool, certain: bool
) -> None:
    assert date_order(language, declared) == (first, certain)


def test_without_customs_a_date_stays_as_it_is() -> None:
    assert in_common_meaning("23.11.14 CST", frozenset()) == "23.11.14 CST"
