"""The rule files that docs/tagging.md shows are valid together with the packaged ones."""

import re
from pathlib import Path

import pytest

from worker.config.loader import load_config

PAGE = Path(__file__).parents[2] / "docs" / "tagging.md"
FILES = re.findall(r"```toml\n(.*?)```", PAGE.read_text("utf-8"), re.S)


@pytest.mark.parametrize("number", range(len(FILES)))
def test_a_file_of_the_page_can_be_taken_into_use(number: int, tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "page.toml").write_text(FILES[number])
    assert "rules/page" in load_config(tmp_path).tag_rules


def test_the_files_of_the_page_can_be_used_together(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    for number, text in enumerate(FILES):
        (tmp_path / "rules" / f"page-{number}.toml").write_text(text)
    assert len(load_config(tmp_path).tag_rules) > len(FILES) > 3
