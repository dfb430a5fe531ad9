"""Turn values into JSON that every parser can read, even if there is text of strangers in them."""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any

from pydantic import BaseModel, SecretStr
from starlette.responses import Response


def json_values(value: Any) -> Any:
    """Convert a value to what JSON has: dataclasses and models become objects, tuples arrays, times
    ISO 8601 texts, and enumeration members their values."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Enum):
        return json_values(value.value)
    if isinstance(value, str):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, BaseModel):
        return {name: json_values(item) for name, item in value}
    if is_dataclass(value):
        return {field.name: json_values(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(json_values(key)): json_values(item) for key, item in value.items()}
    if isinstance(value, SecretStr):
        return "***"
    return [json_values(item) for item in value]


class JsonAnswer(Response):
    """An answer in JSON, indented for people. UTF-8 has no form for half of a surrogate pair, so
    such a character is written as an escape."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        text = json.dumps(json_values(content), ensure_ascii=False, indent=1, allow_nan=False)
        return text.encode("utf-8", "backslashreplace")
