"""Draw a row of numbers as a small chart (SVG), which needs no script in the browser."""

from collections.abc import Sequence

from markupsafe import Markup, escape

_BAR, _GAP, _HEIGHT = 4, 1, 24  # pixels


def sparkline_svg(values: Sequence[float], label: str) -> Markup:
    """Return a chart with a bar for each value, the largest of them as high as the chart.

    `label` says what it shows, for people who can't see it. A value above 0 is visible however
    small it is.
    """
    most = max(values, default=0)
    width = max(1, len(values) * (_BAR + _GAP) - _GAP)
    bars = "".join(
        f'<rect x="{number * (_BAR + _GAP)}" y="{_HEIGHT - height}" width="{_BAR}" '
        f'height="{height}"/>'
        for number, value in enumerate(values)
        if (height := _height(value, most))
    )
    return Markup(  # noqa: S704  numbers and escaped text only
        f'<svg class="sparkline" role="img" aria-label="{escape(label)}" width="{width}" '
        f'height="{_HEIGHT}" viewBox="0 0 {width} {_HEIGHT}">{bars}</svg>'
    )


def _height(value: float, most: float) -> int:
    if value <= 0 or most <= 0:
        return 0
    return max(1, round(_HEIGHT * value / most))
