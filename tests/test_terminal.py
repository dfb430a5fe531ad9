"""How things look where there is little room, and when there is one of them."""

import pytest
from rich.console import Console

from worker.cli import terminal
from worker.cli.terminal import print_table, several

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
