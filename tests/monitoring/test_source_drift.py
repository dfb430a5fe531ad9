"""A share that has risen is told; one that only varies, or of which little is known, is not."""

from collections.abc import Sequence
from math import comb, isclose

import numpy as np
import pytest

from worker.monitoring.source_drift import (
    Counts,
    beta_binomial_tail,
    find_drift,
    find_drop,
    negative_binomial_tail,
)


def counts(new: int = 40, **others: int) -> dict[str, int]:
    languages = {"language:de": others.pop("german", 0)}
    languages["language:en"] = new - languages["language:de"]
    return {"new": new, **languages, **others}


def drifted(current: Counts, earlier: Sequence[Counts]) -> set[str]:
    return {drift.what for drift in find_drift(current, earlier)}


USUAL = [counts(undated=n % 3, short=2, dead=1) for n in range(9)]


@pytest.mark.parametrize(
    ("current", "what"),
    [
        (counts(), set()),
        (counts(undated=4), set()),
        (counts(undated=30), {"undated"}),
        (counts(short=40), {"short"}),
        (counts(empty=40, undated=40), {"empty", "undated"}),
        (counts(dead=40), {"dead"}),
        (counts(german=30), {"language"}),
        (counts(new=10, duplicate=30), {"duplicate"}),
        (counts(new=2, undated=2), set()),  # too few to say
        ({"dead": 40}, {"dead"}),
        ({}, set()),
        (counts(unchanged=4000), set()),
    ],
)
def test_the_share_that_has_changed_is_named(current: Counts, what: set[str]) -> None:
    assert drifted(current, USUAL) == what


def test_a_drift_has_the_share_now_and_before() -> None:
    (drift,) = find_drift(counts(undated=30), USUAL)
    assert (drift.what, drift.articles) == ("undated", 40)
    assert drift.value == pytest.approx(30 / 40)
    assert drift.usual == pytest.approx(1 / 40)


@pytest.mark.parametrize(
    "earlier",
    [
        [],
        [counts()] * 2,  # a week at most
        [counts(new=5)] * 3,
        [counts(undated=38)] * 9,  # it was always so
        [counts(undated=n % 2 * 40) for n in range(9)],  # now and then it was so
        [{"new": 40}] * 9,  # stored before traits were counted
    ],
)
def test_what_was_so_before_or_is_not_known_is_no_drift(earlier: Sequence[Counts]) -> None:
    assert drifted(counts(undated=40), earlier) == set()


def test_one_bad_article_that_is_polled_again_and_again_is_one_article() -> None:
    earlier = [counts(new=10, unchanged=2150)] * 9  # 30 articles in a feed, polled every hour
    assert drifted(counts(new=10, unchanged=2010, dead=144), earlier) == set()
    assert drifted({"dead": 2160}, earlier) == {"dead"}


def test_false_alarms_about_shares_are_rare_and_large_changes_are_found() -> None:
    random = np.random.default_rng(2)

    def window(share: float) -> dict[str, int]:
        articles = int(random.poisson(60))
        share = random.beta(share * 49, (1 - share) * 49)  # bursts of articles that are alike
        return counts(new=articles, undated=int(random.binomial(articles, share)))

    def told(share: float, now: float) -> int:
        earlier = [window(share) for _ in range(9)]
        return len(find_drift(window(now), earlier))

    assert sum(told(share, share) for share in (0.02, 0.2, 0.6) for _ in range(200)) <= 3
    assert sum(told(0.03, 0.6) for _ in range(50)) >= 45


@pytest.mark.parametrize(
    ("current", "expected", "earlier", "usual"),
    [
        (20, 1.0, [60, 55, 63, 61], 59.75),
        (20, 1.0, [600, 550, 630, 610], 597.5),
        (0, 1.0, [30] * 4, 30),
        (50, 1.0, [60, 55, 63, 61], None),
        (20, 0.33, [60, 55, 63, 61], None),  # a window of holidays
        (20, 1.0, [120, 0, 110, 5], None),  # it always was irregular
        (1, 1.0, [3, 4, 2, 3], None),  # too few
        (20, 1.0, [60, 60], None),
        (20, 1.0, [], None),
    ],
)
def test_a_drop_of_the_volume_is_told_if_it_is_no_chance(
    current: int, expected: float, earlier: list[int], usual: float | None
) -> None:
    drop = find_drop(
        counts(new=current), expected, [counts(new=n) for n in earlier], [1.0] * len(earlier)
    )
    assert (drop and drop.usual) == (usual and pytest.approx(usual))
    assert drop is None or (drop.what, drop.value) == ("volume", current)


def test_a_window_in_which_nothing_was_expected_says_nothing_of_the_volume() -> None:
    windows = [counts(new=60)] * 4 + [counts(new=0)]
    assert find_drop(counts(new=55), 1.0, windows, [1.0] * 4 + [0.0]) is None


def test_the_tails_are_those_of_the_distributions() -> None:
    uniform = [beta_binomial_tail(k, 10, 1, 1) for k in range(12)]
    assert uniform == pytest.approx([1 - k / 11 for k in range(12)])
    binomial = sum(comb(20, k) * 0.3**k * 0.7 ** (20 - k) for k in range(12, 21))
    assert isclose(beta_binomial_tail(12, 20, 0.3e9, 0.7e9), binomial, rel_tol=1e-3)
    random = np.random.default_rng(1)
    drawn = random.poisson(5 * random.gamma(8, 1 / 8, 200_000))
    for number in (0, 2, 5, 9):
        tail = negative_binomial_tail(number, 8, 5)
        assert tail == pytest.approx((drawn <= number).mean(), abs=0.004)
    assert negative_binomial_tail(10_000, 8, 5) == pytest.approx(1)
