"""The picture of a trace is valid SVG, and everything in it is inside its frame."""

import re
from xml.etree import ElementTree

import pytest

from devtools.autoscaling.simulation import TracePoint
from devtools.autoscaling.trace_chart import trace_chart

SVG = "{http://www.w3.org/2000/svg}"


def point(at_s: float, wanted: int | None, waiting: int = 0) -> TracePoint:
    return TracePoint(
        at_s=at_s, wanted=wanted, running=1, present=1, waiting=waiting, leased=0, done=0, busy_s=0
    )


TRACES = {
    "at rest": [point(0, 0), point(5, 0)],
    "one point": [point(0.0, 1)],
    "a flood": [point(0, 1), point(3, 9000, 123_456), point(700, 2, 7)],
    "no answer": [point(0, 3), point(1, None), point(2, 3)],
}


@pytest.mark.parametrize("name", TRACES)
def test_everything_is_inside_the_frame(name: str) -> None:
    root = ElementTree.fromstring(trace_chart(TRACES[name], most_workers=6))  # noqa: S314 - ours
    width, height = map(float, root.attrib["viewBox"].split()[2:])
    lines = [line.attrib["points"] for line in root.iter(f"{SVG}polyline")]
    assert len(lines) == 4
    for x, y in re.findall(r"([\d.]+),([\d.]+)", " ".join(lines)):
        assert 0 <= float(x) <= width
        assert 0 <= float(y) <= height
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert {"wanted by /scale", "running", "at work", "0 s"} <= set(texts)


def test_a_step_goes_up_at_once_and_not_slowly_from_the_point_before() -> None:
    root = ElementTree.fromstring(  # noqa: S314 - ours
        trace_chart([point(0, 1), point(10, 3)], most_workers=6)
    )
    wanted = list(root.iter(f"{SVG}polyline"))[1].attrib["points"].split()
    (x0, y0), (x1, y1), (x2, y2) = (each.split(",") for each in wanted)
    assert (y0, x1) == (y1, x2)
    assert float(x0) < float(x1)
    assert float(y2) < float(y1)
