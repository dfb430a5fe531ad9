"""The published schema: a poller that checks against it sends nothing the worker refuses."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import assume, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from worker.cli.schema_command import schema
from worker.errors import Rejected
from worker.model.admission import LIMITS, Payload, RawArticle, admit
from worker.model.json_schema import EXAMPLE, json_schema

SEEDS = Path(__file__).parent.parent / "seeds"
VALIDATOR = Draft202012Validator(json_schema())


def admitted(raw: object) -> bool:
    try:
        admit(raw, Payload.of(raw).bytes)
    except Rejected:
        return False
    return True


def accepted(raw: object) -> bool:
    return bool(VALIDATOR.is_valid(raw))


def seeds() -> list[object]:
    files = sorted(SEEDS.glob("feeds/*.jsonl"))
    lines = [line for file in files for line in file.read_bytes().splitlines()]
    found: list[object] = list(json.loads((SEEDS / "worldbrief.json").read_text("utf-8")))
    for line in lines:
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


def test_the_command_prints_a_valid_schema_of_the_2020_dialect() -> None:
    done = CliRunner().invoke(schema)
    assert (done.exit_code, json.loads(done.stdout)) == (0, json_schema())
    Draft202012Validator.check_schema(json_schema())
    assert (json_schema()["$id"], json_schema()["title"]) == ("raw-article/1", "raw-article/1")


def test_schema_and_worker_agree_on_every_seed() -> None:
    raws = seeds()
    assert len(raws) > 40
    assert [accepted(raw) for raw in raws] == [admitted(raw) for raw in raws]
    assert not all(map(accepted, raws))


@pytest.mark.parametrize(
    "raw",
    [
        EXAMPLE,
        {},
        dict.fromkeys(RawArticle.known_keys()),
        {"title": "a", "wire_priority": 3, "source": {"id": "s", "mine": [1]}},
        {"id": 42, "published": 1_760_000_000.5, "receipt": 7},
        {"content": "bare"},
        {"content": {"value": "one", "type": None}},
        {"content": ["bare", {"type": "text/plain", "value": "two", "base": "x"}]},
        {"authors": "Ana", "tags": {"term": "sport"}, "media": {"url": "u"}},
        {"authors": [{"name": "Ana", "email": "a@a.example"}, "Bo", 3]},
        {"fetch": {"at": "2026-11-01T08:00:00Z", "status": 200}, "status": "withdrawn"},
        {"title": "é" * 512, "authors": ["a"] * 50},
    ],
)
def test_what_the_worker_admits_the_schema_accepts(raw: object) -> None:
    assert (accepted(raw), admitted(raw)) == (True, True)


@pytest.mark.parametrize(
    "raw",
    [
        [],
        "text",
        None,
        {"title": ["no"]},
        {"title": True},
        {"status": "deleted"},
        {"schema": "raw-article/9"},
        {"content": 5},
        {"content": [None]},
        {"content": {"value": 5}},
        {"authors": 5},
        {"authors": [None]},
        {"media": "https://a.example/a.jpg"},
        {"source": "bbc"},
        {"language": 1},
        {"fetch": {"status": "ok"}},
        {"title": "x" * 1025},
        {"link": "x" * 2049},
        {"tags": ["a"] * 101},
        {"media": [{"url": "u"}] * 51},
    ],
)
def test_what_the_worker_rejects_the_schema_refuses(raw: object) -> None:
    assert (accepted(raw), admitted(raw)) == (False, False)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "url", "type", "value", "title", "name", "term", "status"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
articles = st.dictionaries(st.sampled_from(sorted(RawArticle.known_keys())), values, max_size=4)


@given(articles)
def test_whatever_the_schema_accepts_is_admitted(raw: dict[str, Any]) -> None:
    assume(accepted(raw))
    assert admitted(raw)


def test_every_field_is_described_and_every_limit_is_named() -> None:
    published = json_schema()
    objects = [published, *published["$defs"].values()]
    for properties in (each["properties"] for each in objects):
        for name, field in properties.items():
            told = field.get("description") or "$ref" in json.dumps(field)
            assert told, f"{name} has no description"
    title = published["properties"]["title"]
    assert title["maxLength"] == LIMITS.title_bytes
    assert "1,024 bytes of UTF-8" in title["description"]
    assert published["properties"]["tags"]["maxItems"] == LIMITS.tags
