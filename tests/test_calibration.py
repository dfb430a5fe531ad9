"""The reliability of scores is computed and drawn from judged tags."""

import pytest

from bench.reliability import Judged, bins, calibration_error, diagram

TAGS = [Judged(0.95, True)] * 9 + [Judged(0.95, False)] + [Judged(0.25, False)] * 4


def test_tags_are_counted_by_their_scores() -> None:
    low, high = bins(TAGS)
    assert low == (4, 0.25, 0.0)
    assert high == (10, pytest.approx(0.95), 0.9)


def test_the_error_is_the_mean_distance_from_the_score() -> None:
    assert calibration_error(TAGS) == pytest.approx((4 * 0.25 + 10 * 0.05) / 14)


def test_the_diagram_has_a_point_for_each_well_filled_interval() -> None:
    picture = diagram({"Names": {"news & wires": TAGS}})
    assert picture.count("<circle") == 2  # one interval has ten tags; the other is in the legend
    assert "news &amp; wires, 14 tags" in picture
