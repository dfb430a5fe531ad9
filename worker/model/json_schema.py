"""Describe raw articles, as producers send them, by a JSON Schema for feed pollers in any language.

The worker admits what the schema accepts, with one exception: `maxLength` counts characters, but
the worker's limits are bytes. The worker also accepts some values that the schema does not, such as
the text "200" for an HTTP status, or a title of a source that is longer than what is read.
"""

from collections.abc import Mapping
from typing import Any

from worker.model.admission import LIMITS, SCHEMA, RawArticle

DIALECT = "https://json-schema.org/draft/2020-12/schema"
EXAMPLE = {
    "id": "tag:a.example,2026:4711",
    "link": "https://a.example/harbour-reopens",
    "title": "Harbour reopens after the storm",
    "content": [{"type": "text/html", "value": "<p>Ships return on Monday.</p>"}],
    "published": "2026-11-01T08:00:00Z",
    "authors": ["Ana Ruiz"],
    "tags": ["shipping"],
    "language": "en",
    "source": {"id": "example-wire"},
}
_BYTES = {
    "id": LIMITS.id_bytes,
    "link": LIMITS.link_bytes,
    "title": LIMITS.title_bytes,
    "summary": LIMITS.summary_bytes,
}
_CUT_BYTES = {"title": LIMITS.name_bytes, "url": LIMITS.link_bytes}  # of source and feed
_ITEMS = {"authors": LIMITS.authors, "tags": LIMITS.tags, "media": LIMITS.media}
_NULL = {"type": "null"}


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (dialect 2020-12) of a raw article, `raw-article/1`.

    Every key may also be null, and unknown keys are allowed.
    """
    generated = RawArticle.model_json_schema(by_alias=True, mode="validation")
    parts = {name: _object(part) for name, part in generated["$defs"].items()}
    article = _object(generated)
    for name, limit in _BYTES.items():
        _limit(article["properties"][name], "maxLength", limit, "bytes of UTF-8")
    for name, limit in _ITEMS.items():
        _limit(article["properties"][name], "maxItems", limit, "entries")
    for part in ("Source", "Feed"):
        for name, limit in _CUT_BYTES.items():
            _limit(parts[part]["properties"][name], "maxLength", limit, "bytes of UTF-8 are read")
    return {
        "$schema": DIALECT,
        "$id": SCHEMA,
        "title": SCHEMA,
        "description": f"{article.pop('description')} At most {LIMITS.article_bytes:,} bytes of "
        "JSON; maxLength counts characters, the limits are bytes of UTF-8.",
        "examples": [EXAMPLE],
        **article,
        "$defs": parts,
    }


def _object(generated: Mapping[str, Any]) -> dict[str, Any]:
    properties = generated["properties"]
    return {
        "description": " ".join(generated["description"].split()),
        "type": "object",
        "properties": {name: _nullable(_plain(value)) for name, value in properties.items()},
        "additionalProperties": True,
    }


def _plain(value: Any) -> Any:
    """Remove what pydantic adds to a JSON Schema but no reader needs: titles and defaults.

    An `anyOf` of plain types is shortened to a list of types.
    """
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    kept = {k: _plain(v) for k, v in value.items() if k not in ("title", "default")}
    choice = kept.get("anyOf", [])
    if choice and all(item.keys() == {"type"} for item in choice):
        del kept["anyOf"]
        kept["type"] = [item["type"] for item in choice]
    return kept


def _nullable(value: dict[str, Any]) -> dict[str, Any]:
    described = {"description": value.pop("description")} if "description" in value else {}
    if "const" in value or "enum" in value:
        return described | {"enum": [*value.get("enum", [value.get("const")]), None]}
    if "$ref" in value:
        return described | {"anyOf": [value, _NULL]}
    if "anyOf" in value:
        return described | {"anyOf": [*value["anyOf"], _NULL]}
    types = value.pop("type")
    listed = types if isinstance(types, list) else [types]
    return described | {"type": list(dict.fromkeys([*listed, "null"]))} | value


def _limit(value: dict[str, Any], keyword: str, limit: int, unit: str) -> None:
    value["description"] += f" At most {limit:,} {unit}."
    value[keyword] = limit
