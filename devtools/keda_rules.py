"""Check a ScaledObject of KEDA: fields that exist, and traps by which it would scale to zero.

Kubernetes keeps a field that it does not know, or drops it, without a word. The fields are those of
KEDA 2.20 that a scaled Deployment with the trigger metrics-api may have.
"""

from collections.abc import Iterator, Mapping
from typing import Any

_BEHAVIORS = (
    *("static", "currentReplicas", "currentReplicasIfHigher", "currentReplicasIfLower"),
    "scalingModifiers",
)
_SCALING = {"stabilizationWindowSeconds", "selectPolicy", "policies", "tolerance"}
_FIELDS: Mapping[str, set[str]] = {
    "": {"apiVersion", "kind", "metadata", "spec"},
    "spec": {
        *("scaleTargetRef", "minReplicaCount", "maxReplicaCount", "idleReplicaCount"),
        *("pollingInterval", "cooldownPeriod", "initialCooldownPeriod", "fallback", "advanced"),
        "triggers",
    },
    "spec.scaleTargetRef": {"name", "kind", "apiVersion", "envSourceContainerName"},
    "spec.fallback": {"failureThreshold", "replicas", "behavior"},
    "spec.advanced": {
        *("restoreToOriginalReplicaCount", "horizontalPodAutoscalerConfig", "scalingModifiers"),
    },
    "spec.advanced.horizontalPodAutoscalerConfig": {"name", "behavior"},
    "spec.advanced.horizontalPodAutoscalerConfig.behavior": {"scaleUp", "scaleDown"},
    "spec.advanced.horizontalPodAutoscalerConfig.behavior.scaleUp": _SCALING,
    "spec.advanced.horizontalPodAutoscalerConfig.behavior.scaleDown": _SCALING,
}
_TRIGGER = {"type", "name", "metricType", "metadata", "authenticationRef", "useCachedMetrics"}
_METRICS_API = {
    *("url", "format", "valueLocation", "targetValue", "activationTargetValue", "timeout"),
    *("unsafeSsl", "authMode", "method", "keyParamName"),
    *("aggregateFromKubeServiceEndpoints", "aggregationType"),
}


def problems(scaled_object: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a ScaledObject, one sentence each; empty if nothing is."""
    spec = scaled_object.get("spec", {})
    found = [*_unknown_fields(scaled_object), *_limits(spec), *_fallback(spec)]
    for trigger in spec.get("triggers", []):
        found += _trigger(trigger)
    if not spec.get("triggers"):
        found.append("it has no trigger")
    return found


def _unknown_fields(scaled_object: Mapping[str, Any]) -> Iterator[str]:
    for path, known in _FIELDS.items():
        value: Any = scaled_object
        for key in filter(None, path.split(".")):
            value = value.get(key, {})
        for key in value.keys() - known:
            yield f"{path or 'the object'} has no field {key}"


def _limits(spec: Mapping[str, Any]) -> Iterator[str]:
    least, most = spec.get("minReplicaCount", 0), spec.get("maxReplicaCount", 100)
    if least > most:
        yield "minReplicaCount is above maxReplicaCount"
    if least == 0 and not spec.get("initialCooldownPeriod"):
        yield "without initialCooldownPeriod a new object scales to zero at once"
    if "idleReplicaCount" in spec and spec["idleReplicaCount"] >= least:
        yield "idleReplicaCount must be below minReplicaCount"


def _fallback(spec: Mapping[str, Any]) -> Iterator[str]:
    fallback = spec.get("fallback")
    if fallback is None:
        yield "without fallback nobody is added while the metric can't be read"
        return
    if fallback.get("replicas", 0) < 1:
        yield "fallback.replicas 0 scales to zero when the metric can't be read"
    if fallback.get("failureThreshold", 0) < 1:
        yield "fallback.failureThreshold must be 1 or more"
    if fallback.get("behavior", "static") not in _BEHAVIORS:
        yield f"fallback.behavior {fallback['behavior']} is unknown"
    if fallback.get("behavior", "static") == "static":
        yield "a static fallback scales in to its number while the metric can't be read"


def _trigger(trigger: Mapping[str, Any]) -> Iterator[str]:
    for key in trigger.keys() - _TRIGGER:
        yield f"a trigger has no field {key}"
    if trigger.get("type") != "metrics-api":
        yield f"a trigger of the type {trigger.get('type')} does not see all work"
        return
    metadata = trigger.get("metadata", {})
    for key in metadata.keys() - _METRICS_API:
        yield f"the trigger metrics-api has no field {key}"
    for key in ("url", "valueLocation", "targetValue"):
        if key not in metadata:
            yield f"the trigger metrics-api needs {key}"
    for key, value in metadata.items():
        if not isinstance(value, str):
            yield f"{key} must be text: write it in quotes"
    if trigger.get("metricType", "AverageValue") != "AverageValue":
        yield "the fallback works with AverageValue only"
    if metadata.get("targetValue") != "1":
        yield "the metric counts workers, so that its targetValue is 1"
    if metadata.get("activationTargetValue", "0") != "0":
        yield "above activationTargetValue only, workers are started from zero"
