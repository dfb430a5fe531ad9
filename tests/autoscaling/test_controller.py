"""The simulated autoscaler follows the rules of the real one."""

import pytest
import yaml

from devtools.autoscaling.controller import ControllerRules, Moment, next_number
from tests.compose.stack import ROOT

RULES = ControllerRules(least=1, most=6, up_s=4, down_s=2, window_s=10)


@pytest.mark.parametrize(
    ("past", "expected"),
    [
        # It grows to what is wanted, but at most doubles, or adds two, within up_s.
        ([(0, 1, 1)], 1),
        ([(0, 2, 1)], 2),
        ([(0, 6, 1)], 3),
        ([(0, 6, 3)], 6),
        ([(0, 6, 1), (1, 6, 3)], 3),
        ([(0, 6, 1), (3.9, 6, 3)], 3),
        ([(0, 6, 1), (4, 6, 3)], 6),
        ([(0, 99, 5)], 6),
        ([(0, 3, 0)], 2),
        # It shrinks one by one, to the most that was wanted lately.
        ([(0, 0, 1)], 1),
        ([(0, 1, 6)], 5),
        ([(0, 1, 6), (1, 1, 5)], 5),
        ([(0, 1, 6), (2, 1, 5)], 4),
        ([(0, 6, 6), (5, 1, 6)], 6),
        ([(0, 6, 6), (9.9, 1, 6)], 6),
        ([(0, 6, 6), (10, 1, 6)], 5),
        ([(0, 4, 6), (3, 1, 6)], 5),
        ([(0, 4, 4), (3, 1, 4)], 4),
        # A number that can't be read changes nothing, and is no wish for few.
        ([(0, None, 4)], 4),
        ([(0, None, 0)], 1),
        ([(0, 5, 5), (1, None, 5), (2, None, 5)], 5),
        ([(0, None, 3), (20, 1, 3)], 2),
    ],
)
def test_the_number_changes_as_fast_as_it_may(
    past: list[tuple[float, int | None, int]], expected: int
) -> None:
    assert next_number([Moment(*moment) for moment in past], RULES) == expected


def test_the_rules_are_those_of_the_manifest_but_for_the_times() -> None:
    file = ROOT / "deploy/kubernetes/base/worker-scaling.yaml"
    spec = yaml.safe_load(file.read_text("utf-8"))["spec"]
    behavior = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    up, down = behavior["scaleUp"], behavior["scaleDown"]
    assert up["selectPolicy"] == "Max"
    assert [(each["type"], each["value"]) for each in up["policies"]] == [
        ("Percent", 100),
        ("Pods", 2),
    ]
    assert [(each["type"], each["value"]) for each in down["policies"]] == [("Pods", 1)]
    assert up["stabilizationWindowSeconds"] == 0
    assert down["stabilizationWindowSeconds"] > down["policies"][0]["periodSeconds"]
    assert spec["minReplicaCount"] == ControllerRules().least
