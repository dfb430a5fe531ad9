"""Draw the outcomes of articles over time as stacked columns (SVG), which need no script.

The pages and the report show the same chart. It has no colours of its own, because the pages allow
no inline styles: a style sheet sets them by the class of each outcome.
"""

from collections.abc import Sequence
from datetime import UTC

from markupsafe import Markup, escape

from worker.explain.wording import moment, several
from worker.model.records import OutcomeKind
from worker.monitoring.outcome_columns import OutcomeColumn

# From the bottom up: what readers see first, what failed on top, where it is looked for.
STACK = (
    OutcomeKind.NEW,
    OutcomeKind.REVISION,
    OutcomeKind.VARIANT,
    OutcomeKind.DUPLICATE,
    OutcomeKind.UNCHANGED,
    OutcomeKind.WITHDRAWN,
    OutcomeKind.DEAD,
)
_HEIGHT, _COLUMN, _GAP = 120.0, 10, 2  # units of the drawing, which is stretched to its place


def outcome_chart(columns: Sequence[OutcomeColumn], label: str) -> Markup:
    """Return a chart with a column for each period, the largest of them as high as the chart.

    `label` says what it shows, for people who can't see it. Each column has its numbers as a title,
    which a browser shows under the pointer. A number above 0 is visible however small it is.
    """
    most = max((column.total for column in columns), default=0) or 1
    step = _COLUMN + _GAP
    width = max(1, len(columns) * step - _GAP)
    drawn = "".join(_column(one, number * step, most) for number, one in enumerate(columns))
    return Markup(  # noqa: S704  numbers, fixed names and escaped text only
        f'<svg class="outcome-chart" role="img" aria-label="{escape(label)}" '
        f'viewBox="0 0 {width} {_HEIGHT:g}" width="{width}" height="{_HEIGHT:g}" '
        f'preserveAspectRatio="none">{drawn}</svg>'
    )


def _column(column: OutcomeColumn, x: int, most: int) -> str:
    parts, top = [], _HEIGHT
    for kind in STACK:
        number = column.outcomes.get(kind, 0)
        if number <= 0:
            continue
        height = min(top, max(1.5, _HEIGHT * number / most))
        top -= height
        parts.append(
            f'<rect class="outcome-{kind.value}" x="{x}" y="{top:.4g}" width="{_COLUMN}" '
            f'height="{height:.4g}"/>'
        )
    ground = f'<rect class="outcome-ground" x="{x}" y="0" width="{_COLUMN}" height="{_HEIGHT:g}"/>'
    return f"<g><title>{escape(column_title(column))}</title>{ground}{''.join(parts)}</g>"


def column_title(column: OutcomeColumn) -> str:
    """Say in words what a column shows, such as `2026-11-01 08:00 to 12:00 UTC: 3 articles, 2 new,
    1 dead`."""
    start, end = column.start.astimezone(UTC), column.end.astimezone(UTC)
    numbers = [f"{n:,} {kind}" for kind in STACK if (n := column.outcomes.get(kind, 0))]
    what = ", ".join([several(column.total, "article"), *numbers])
    return f"{moment(start)} to {end:%H:%M} UTC: {what}"
