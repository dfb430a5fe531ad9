"""The check of a ScaledObject finds misspelt fields and the traps that scale to zero."""

import copy
from typing import Any

import pytest

from devtools.keda_rules import problems

GOOD: dict[str, Any] = {
    "apiVersion": "keda.sh/v1alpha1",
    "kind": "ScaledObject",
    "metadata": {"name": "article-worker"},
    "spec": {
        "scaleTargetRef": {"name": "article-worker"},
        "minReplicaCount": 1,
        "maxReplicaCount": 8,
        "fallback": {"failureThreshold": 3, "replicas": 2, "behavior": "currentReplicas"},
        "triggers": [
            {
                "type": "metrics-api",
                "metadata": {"url": "http://a", "valueLocation": "replicas", "targetValue": "1"},
            }
        ],
    },
}


def changed(path: str, value: object) -> dict[str, Any]:
    """The good object with one value put in another's place; None removes it."""
    found = copy.deepcopy(GOOD)
    *parents, last = path.split(".")
    inner: Any = found
    for key in parents:
        inner = inner[int(key)] if isinstance(inner, list) else inner.setdefault(key, {})
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return found


def test_a_good_object_has_no_problem() -> None:
    assert problems(GOOD) == []


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("specs", {}, "has no field specs"),
        ("spec.maxReplicas", 3, "has no field maxReplicas"),
        ("spec.fallback.behaviour", "static", "has no field behaviour"),
        ("spec.advanced.horizontalPodAutoscalerConfig.behaviors", {}, "has no field behaviors"),
        ("spec.minReplicaCount", 9, "above maxReplicaCount"),
        ("spec.minReplicaCount", 0, "scales to zero at once"),
        ("spec.minReplicaCount", None, "scales to zero at once"),
        ("spec.idleReplicaCount", 1, "below minReplicaCount"),
        ("spec.fallback", None, "without fallback"),
        ("spec.fallback.replicas", 0, "scales to zero when"),
        ("spec.fallback.replicas", None, "scales to zero when"),
        ("spec.fallback.failureThreshold", 0, "1 or more"),
        ("spec.fallback.behavior", "highest", "is unknown"),
        ("spec.fallback.behavior", "static", "scales in to its number"),
        ("spec.fallback.behavior", None, "scales in to its number"),
        ("spec.triggers", [], "no trigger"),
        ("spec.triggers.0.type", "redis", "does not see all work"),
        ("spec.triggers.0.metricType", "Value", "AverageValue only"),
        ("spec.triggers.0.metaData", {}, "has no field metaData"),
        ("spec.triggers.0.metadata.targetValue", 1, "in quotes"),
        ("spec.triggers.0.metadata.targetValue", "5", "counts workers"),
        ("spec.triggers.0.metadata.valueLocation", None, "needs valueLocation"),
        ("spec.triggers.0.metadata.value", "x", "has no field value"),
        ("spec.triggers.0.metadata.activationTargetValue", "3", "started from zero"),
    ],
)
def test_a_trap_is_found(path: str, value: object, problem: str) -> None:
    assert any(problem in each for each in problems(changed(path, value)))


def test_zero_workers_at_rest_is_no_problem_for_one_who_chose_it() -> None:
    chosen = changed("spec.minReplicaCount", 0)
    chosen["spec"]["initialCooldownPeriod"] = 600
    assert problems(chosen) == []
