"""How things look where there is little room, and when there is one of them."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from pydantic import BaseModel
from rich.console import Console

from worker.cli import terminal
from worker.cli.terminal import json_object, print_json, print_table, several

COLUMNS = ("title", "source", "published", "language", "tags", "id")
ROW = ("Ferry runs aground", "headlines", "2026-11-23 06:55", "en", "disaster", "2dfabc90b7")


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (50, ("title", "published", "id")),
        (80, ("title", "source", "published", "tags", "id")),
        (120, COLUMNS),
    ],
)
def test_a_narrow_terminal_gets_fewer_columns_and_whole_titles(
    width: int,
    shown: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(terminal, "out", Console(width=width, highlight=False))
    print_table("articles", COLUMNS, [ROW])
    _, head, line, *_ = capsys.readouterr().out.splitlines()
    assert tuple(head.split()) == shown
    assert ROW[0] in line
    assert ROW[-1] in line


def test_one_of_something_is_not_several() -> None:
    assert [several(n, "article") for n in (0, 1, 1204)] == [
        "0 articles",
        "1 article",
        "1,204 articles",
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    at: datetime
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outer:
    inner: Inner
    count: int = 1


class Model(BaseModel):
    inner: Inner
    count: int = 1


AT = datetime(2026, 11, 30, tzinfo=UTC)
AS_JSON = {"inner": {"at": "2026-11-30T00:00:00Z", "names": ["a"]}, "count": 1}


@pytest.mark.parametrize("kind", [Outer, Model])
def test_dataclasses_and_models_are_the_same_json(
    kind: type[Outer] | type[Model], capsys: pytest.CaptureFixture[str]
) -> None:
    value = kind(inner=Inner(at=AT, names=("a",)))
    assert json_object(value) == AS_JSON
    assert json_object(value, exclude={"inner"}) == {"count": 1}
    assert json_object(value, include={"count"}) == {"count": 1}
    assert json_object(value, include=AS_JSON, exclude={"count"}) == {"inner": AS_JSON["inner"]}
    print_json({"values": [value], "at": AT})
    printed = json.loads(capsys.readouterr().out)
    assert printed == {"values": [AS_JSON], "at": "2026-11-30T00:00:00+00:00"}
