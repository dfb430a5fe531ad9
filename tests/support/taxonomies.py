"""Topics of a test's own, and the codes of the tags they give."""

from typing import Any

from worker.model.records import Tag

SCORING: dict[str, Any] = {
    "weights": {"title": 2, "lead": 1, "body": 1, "facts": 2},
    "repeat": 0.25,
    "max_repeats": 4,
    "doubt": 1,
    "doubt_per_1000_chars": 0.5,
    "threshold": 0.5,
    "max_spans": 5,
}


def topic(code: str, **more: Any) -> dict[str, Any]:
    return {"code": code, "label": code.upper(), **more}


def codes(tags: tuple[Tag, ...]) -> list[str]:
    return [t.code for t in tags]
