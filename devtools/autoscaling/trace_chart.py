"""Draw the trace of a simulated autoscaler as an SVG picture: messages above, workers below."""

from collections.abc import Callable, Sequence

from devtools.autoscaling.simulation import TracePoint

_WIDTH, _HEIGHT, _GAP = 720, 130, 46
_LEFT, _RIGHT, _TOP = 48, 12, 34
_INK, _GRID = "#333333", "#dddddd"
_BLUE, _ORANGE, _GREY = "#0072b2", "#d55e00", "#999999"  # told apart by colour-blind readers too

Line = tuple[str, str, Callable[[TracePoint], float | None], bool]
_MESSAGES: tuple[Line, ...] = (
    ("messages that wait or are leased", _BLUE, lambda p: p.waiting + p.leased, False),
)
_WORKERS: tuple[Line, ...] = (
    ("wanted by /scale", _ORANGE, lambda p: p.wanted, True),
    ("running", _BLUE, lambda p: p.running, True),
    ("at work", _GREY, lambda p: p.present, True),
)


def trace_chart(trace: Sequence[TracePoint], most_workers: int) -> str:
    """Return the picture. What /scale wants beyond `most_workers` is drawn at the upper edge."""
    end_s = max(trace[-1].at_s, 1.0)
    messages = max(max(p.waiting + p.leased for p in trace), 1)
    below = _TOP + _HEIGHT + _GAP
    parts = [
        *_panel(trace, end_s, _TOP, _nice(messages), _MESSAGES),
        *_panel(trace, end_s, below, most_workers + 1, _WORKERS),
        *_times(end_s, below + _HEIGHT),
    ]
    height = below + _HEIGHT + 36
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}"'
            ' font-family="sans-serif" font-size="12">',
            f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
            *parts,
            "</svg>\n",
        ]
    )


def _nice(number: float) -> int:
    """The next of 1, 2, 5, 10, 20, 50 …"""
    step = 1
    while step * 10 < number:
        step *= 10
    return next(step * factor for factor in (1, 2, 5, 10) if step * factor >= number)


def _panel(
    trace: Sequence[TracePoint], end_s: float, top: int, most: int, lines: Sequence[Line]
) -> list[str]:
    bottom = top + _HEIGHT
    parts = []
    for share in (0.0, 0.5, 1.0):
        y = bottom - share * _HEIGHT
        parts += [
            f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y}" y2="{y}" stroke="{_GRID}"/>',
            f'<text x="{_LEFT - 6}" y="{y + 4}" text-anchor="end">{share * most:g}</text>',
        ]
    x = _LEFT
    for name, colour, value, stepped in lines:
        points = _points(trace, end_s, top, most, value, stepped)
        parts += [
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>',
            f'<line x1="{x}" x2="{x + 18}" y1="{top - 14}" y2="{top - 14}" stroke="{colour}"'
            ' stroke-width="3"/>',
            f'<text x="{x + 24}" y="{top - 10}" fill="{_INK}">{name}</text>',
        ]
        x += 60 + 7 * len(name)
    return parts


def _points(
    trace: Sequence[TracePoint],
    end_s: float,
    top: int,
    most: int,
    value: Callable[[TracePoint], float | None],
    stepped: bool,
) -> str:
    points: list[str] = []
    last_y = None
    for point in trace:
        number = value(point)
        if number is None:
            continue
        x = _LEFT + (_WIDTH - _LEFT - _RIGHT) * point.at_s / end_s
        y = top + _HEIGHT * (1 - min(number, most) / most)
        if stepped and last_y is not None and y != last_y:
            points.append(f"{x:.1f},{last_y:.1f}")
        points.append(f"{x:.1f},{y:.1f}")
        last_y = y
    return " ".join(points)


def _times(end_s: float, bottom: int) -> list[str]:
    step = _nice(end_s / 8)
    return [
        f'<text x="{_LEFT + (_WIDTH - _LEFT - _RIGHT) * at / end_s:.0f}" y="{bottom + 18}"'
        f' text-anchor="middle">{at} s</text>'
        for at in range(0, int(end_s) + 1, step)
    ]
