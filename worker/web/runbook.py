"""Read the runbook: what each alert means, how to see more, and how to mend it."""

from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).parents[1]
# In a wheel it is package data; in a checkout it is among the docs.
_FILES = (_PACKAGE / "_runbook.md", _PACKAGE.parent / "docs" / "runbook.md")


@cache
def runbook_sections() -> dict[str, str]:
    """Return the text on each alert, in Markdown, by the name of the alert; empty if the runbook
    was not installed."""
    file = next((file for file in _FILES if file.is_file()), None)
    if file is None:
        return {}
    _, *sections = f"\n{file.read_text('utf-8')}".split("\n## ")
    named = (section.partition("\n") for section in sections)
    return {name.strip(): text.strip() for name, _, text in named}
