"""Compute and draw how well the scores of tags agree with the share of them that is right."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import NamedTuple

_BINS = 10  # of the scores, of equal width
_FEWEST = 10  # tags of a bin that is drawn
_SIDE, _LEFT, _TOP, _GAP = 320, 52, 46, 70  # of a panel, in pixels
_COLOURS = ("#1f6feb", "#d9480f", "#2b8a3e")


class Judged(NamedTuple):
    """The score of a tag, and whether the tag is right."""

    score: float
    right: bool


Curves = dict[str, list[Judged]]  # by what the tags were compared with


class Bin(NamedTuple):
    """The tags with scores of one interval: how many, their mean score, the share of right ones."""

    count: int
    score: float
    right: float


def bins(tags: Sequence[Judged]) -> list[Bin]:
    """Divide tags into intervals of their scores, the lowest first; empty ones are left out."""
    result = []
    for number in range(_BINS):
        of_bin = [t for t in tags if min(int(t.score * _BINS), _BINS - 1) == number]
        if count := len(of_bin):
            right = sum(t.right for t in of_bin) / count
            result.append(Bin(count, sum(t.score for t in of_bin) / count, right))
    return result


def calibration_error(tags: Sequence[Judged]) -> float:
    """The expected calibration error: how far the share of right tags is from the mean score, as
    the mean of all intervals, weighted by their tags (Guo et al. 2017)."""
    return sum(each.count * abs(each.right - each.score) for each in bins(tags)) / len(tags)


def diagram(panels: dict[str, Curves]) -> str:
    """Draw a reliability diagram (SVG) for each set of curves: the share of right tags by score.
    The diagonal is perfect calibration; the area of a point grows with its tags."""
    width = len(panels) * (_SIDE + _GAP) + _LEFT
    height = _TOP + _SIDE + 110
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
        ' font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for number, (title, curves) in enumerate(panels.items()):
        parts += _panel(_LEFT + number * (_SIDE + _GAP), title, curves)
    return "\n".join([*parts, "</svg>\n"])


def _panel(left: int, title: str, curves: Curves) -> Iterator[str]:
    bottom = _TOP + _SIDE
    yield f'<text x="{left}" y="24" font-size="14" font-weight="bold">{escape(title)}</text>'
    yield (
        f'<rect x="{left}" y="{_TOP}" width="{_SIDE}" height="{_SIDE}" fill="none" stroke="#888"/>'
    )
    yield f'<path d="M{left} {bottom}l{_SIDE} -{_SIDE}" stroke="#888" stroke-dasharray="4 4"/>'
    for tenth in range(0, 11, 2):
        at = _SIDE * tenth / 10
        yield (
            f'<text x="{left + at}" y="{bottom + 16}" text-anchor="middle">{tenth / 10}</text>'
            f'<text x="{left - 6}" y="{bottom - at + 4}" text-anchor="end">{tenth / 10}</text>'
        )
    yield f'<text x="{left + _SIDE / 2}" y="{bottom + 34}" text-anchor="middle">score</text>'
    yield f'<text x="{left}" y="{_TOP - 6}">share of right tags</text>'
    for number, (name, tags) in enumerate(curves.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        points = [
            (left + each.score * _SIDE, bottom - each.right * _SIDE, each.count**0.5 / 4 + 2)
            for each in bins(tags)
            if each.count >= _FEWEST
        ]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in points)
        yield f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
        for x, y, radius in points:
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{colour}"/>'
        y = bottom + 54 + 16 * number
        yield f'<circle cx="{left + 6}" cy="{y - 4}" r="5" fill="{colour}"/>'
        yield f'<text x="{left + 18}" y="{y}">{escape(name)}, {len(tags)} tags</text>'
