"""Describe the web server's API in the form of OpenAPI 3.1, made from its operations."""

from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

from pydantic import TypeAdapter

from worker.web.api_operations import Operation

_REFERENCE = "#/components/schemas/{model}"


def openapi(operations: Iterable[Operation]) -> dict[str, Any]:
    """Return the description of these operations: paths, parameters, bodies and answers."""
    paths: dict[str, dict[str, Any]] = {}
    schemas: dict[str, Any] = {"Error": _ERROR}
    for operation in operations:
        entry = _described(operation, schemas)
        paths.setdefault(operation.path, {})[operation.method.lower()] = entry
    return {
        "openapi": "3.1.0",
        "info": {"title": "article-worker", "version": version("article-worker")},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "worker token add"}
            },
        },
        "security": [{}, {"token": []}],
    }


_ERROR = {
    "type": "object",
    "properties": {"error": {"type": "string"}},
    "required": ["error"],
}
_PROBLEMS = {
    "400": "An argument is wrong.",
    "401": "The caller is unknown.",
    "403": "The caller may not do this, or the request comes from another site.",
    "404": "Nothing is stored under that name.",
    "409": "It is not as it was, or another action is running; nothing was done.",
    "413": "The body is too large.",
    "503": "The store or the broker does not answer.",
}


def _described(operation: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    answer = _schema(operation.answer, "serialization", schemas)
    taken = operation.arguments.model_json_schema(ref_template=_REFERENCE)
    schemas.update(taken.pop("$defs", {}))
    in_path = [name for name in taken.get("properties", {}) if f"{{{name}}}" in operation.path]
    entry: dict[str, Any] = {
        "summary": operation.summary,
        "operationId": operation.run.__name__,
        "tags": [operation.tag],
        "responses": {
            "200": _content("The answer.", answer),
            **{code: _content(text, _ERROR_REFERENCE) for code, text in _PROBLEMS.items()},
        },
    }
    required = taken.get("required", [])
    entry["parameters"] = [
        {
            "name": name,
            "in": "path" if name in in_path else "query",
            "required": name in in_path or name in required,
            "description": schema.pop("description", ""),
            "schema": schema,
        }
        for name, schema in taken.get("properties", {}).items()
        if operation.method == "GET" or name in in_path
    ]
    if operation.method != "GET":
        for name in in_path:
            taken["properties"].pop(name)
        if required := [name for name in required if name not in in_path]:
            taken["required"] = required
        else:
            taken.pop("required", None)
        entry["requestBody"] = {"content": {"application/json": {"schema": taken}}}
    return entry


_ERROR_REFERENCE = {"$ref": _REFERENCE.format(model="Error")}


def _schema(kind: Any, mode: Any, schemas: dict[str, Any]) -> dict[str, Any]:
    schema = TypeAdapter(kind).json_schema(mode=mode, ref_template=_REFERENCE)
    schemas.update(schema.pop("$defs", {}))
    return schema


def _content(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}
