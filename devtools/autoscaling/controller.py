"""Decide how many workers should run, as Kubernetes' HorizontalPodAutoscaler does for KEDA.

The rules are those of deploy/kubernetes/base/worker-scaling.yaml, with shorter times. The source of
the algorithm is the description of `behavior` in Kubernetes' documentation of autoscaling/v2.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerRules:
    """How fast the number of workers may change.

    It stays between `least` and `most`. In `up_s` seconds it may double, or grow by two. It shrinks
    by one in `down_s` seconds, and only to the largest number wanted in the last `window_s`
    seconds.
    """

    least: int = 1
    most: int = 6
    up_s: float = 4.0
    down_s: float = 2.0
    window_s: float = 15.0


class Moment(NamedTuple):
    """What was known at a time: the number of workers wanted (None: unknown) and running."""

    at_s: float
    wanted: int | None
    running: int


def next_number(past: Sequence[Moment], rules: ControllerRules) -> int:
    """Return how many workers should run after the last of these moments.

    While the wanted number is unknown, the number stays as it is: so does Kubernetes with a metric
    that can't be read.
    """
    now_s, wanted, running = past[-1]
    if wanted is None:
        return max(running, rules.least)
    wanted = min(max(wanted, rules.least), rules.most)
    if wanted > running:
        before = min(m.running for m in past if m.at_s > now_s - rules.up_s)
        return min(wanted, max(2 * before, before + 2, rules.least))
    recent = [m.wanted for m in past if m.at_s > now_s - rules.window_s and m.wanted is not None]
    stable = min(max(*recent, rules.least, wanted), rules.most)
    before = max(m.running for m in past if m.at_s > now_s - rules.down_s)
    return min(running, max(stable, before - 1))
