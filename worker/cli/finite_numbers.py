"""An option type of the command line for numbers that have a size: not `nan`, and not `inf`."""

import math
from typing import Any

import click


class FiniteRange(click.FloatRange):
    """The type of an option whose value is a number in a range.

    click's own type takes `nan` for a number in every range, and `inf` for one in a range without
    an upper end.
    """

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a number of a certain size", param, ctx)
        return number
