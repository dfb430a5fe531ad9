"""The documentation says what is true: what is generated is compared, what is linked exists."""

import re
from importlib import import_module
from pathlib import Path

import pytest

from worker.cli import COMMANDS
from worker.cli.config_reference import reference

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_the_configuration_reference_is_the_one_that_the_models_give() -> None:
    written = (ROOT / "docs/configuration.md").read_text("utf-8")
    assert written == reference(), "run: worker config --reference > docs/configuration.md"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    links = re.findall(r"\]\((?!http|#)([^)#]+)", page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_a_page_names_exists(page: Path) -> None:
    named = re.findall(r"(?:^|`|\| )worker ([a-z]+)(?=[ `]|$)", page.read_text("utf-8"), re.M)
    assert {name for name in named if name not in COMMANDS} <= {"processes"}  # a word of English


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_that_ends_with_an_example(name: str) -> None:
    module, attribute = COMMANDS[name][0].split(":")
    command = getattr(import_module(f"worker.cli.{module}"), attribute)
    assert command.help
    assert command.epilog, f"{name}: no epilog"
    assert command.epilog.startswith("Example"), command.epilog
