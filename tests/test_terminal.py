"""How things look where there is little room, and when there is one of them."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from pydantic import BaseModel
from rich.console import Console
from rich.text import Text

from worker.cli import main, terminal
from worker.cli.terminal import (
    SafeConsole,
    echo_line,
    json_object,
    print_json,
    print_table,
    several,
    visible,
)

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


HOSTILE = "a\x1b[31mb\x9b2J\u202ec\u2066\u2028d\x07\u200be\ud800\U000e0067"
SHOWN = r"a\x1b[31mb\x9b2J\u202ec\u2066\u2028d\x07\u200be\ud800\U000e0067"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (HOSTILE, SHOWN),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("carriage\rreturn", r"carriage\x0dreturn"),
        ("no-break\u00a0space", "no-break\u00a0space"),
        ("نمی\u200cخواهم", "نمی\u200cخواهم"),
        ("👩\u200d🚒", "👩\u200d🚒"),
        ("soft\u00adhyphen, tag \U000e0041", r"soft\xadhyphen, tag \U000e0041"),
    ],
)
def test_text_of_strangers_does_not_steer_the_terminal(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_a_line_stays_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    echo_line("a.jsonl\nerror: forged\t\u2028")
    assert capsys.readouterr().out == "a.jsonl\\x0aerror: forged\\x09\\u2028\n"


@pytest.mark.parametrize("printed", [HOSTILE, Text(HOSTILE), Text(HOSTILE, style="bold")])
def test_the_console_escapes_all_that_it_prints(
    printed: str | Text, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    SafeConsole(width=200, highlight=False).print(printed, markup=False)
    bell = "" if isinstance(printed, Text) else r"\x07"  # Text has dropped it already
    assert capsys.readouterr().out == SHOWN.replace(r"\x07", bell) + "\n"


def test_json_is_the_same_value_with_escapes(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"title": HOSTILE})
    printed = capsys.readouterr().out
    assert json.loads(printed) == {"title": HOSTILE}
    assert printed.replace("\n", "").isprintable()


@pytest.mark.parametrize(
    "arguments", [("show", HOSTILE), ("dead", "show", HOSTILE), (HOSTILE,), ("export", HOSTILE)]
)
def test_no_argument_is_repeated_raw(
    arguments: tuple[str, ...],
    sqlite_store_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("WORKER_STORE_URL", sqlite_store_url)
    with pytest.raises(SystemExit):
        main([part.replace("\ud800", "") for part in arguments])
    captured = capsys.readouterr()
    assert visible(captured.out + captured.err) == captured.out + captured.err
