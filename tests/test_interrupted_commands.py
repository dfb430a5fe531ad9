"""What a command says when it is interrupted: of messages only if it sends some."""

import pytest

from worker.cli import group, main


@pytest.mark.parametrize(
    ("arguments", "speaks_of_messages"),
    [
        (["enqueue", "a.jsonl"], True),
        (["run"], True),
        (["retag", "--yes"], True),
        (["resume", "--source", "wire"], True),
        (["dead", "replay", "--all"], True),
        (["dead", "list"], False),
        (["search", "enqueue"], False),
        (["show", "run"], False),
        (["status"], False),
        (["--version"], False),
        ([], False),
    ],
)
def test_only_a_command_that_sends_messages_says_where_they_are(
    arguments: list[str],
    speaks_of_messages: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def press_control_c(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(group, "main", press_control_c)
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 130
    said = capsys.readouterr().err
    assert said.startswith("interrupted")
    assert ("messages" in said) is speaks_of_messages
