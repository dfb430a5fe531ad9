"""Mark the spaces before the lines of program code (<pre>), so that they outlast the steps that
collapse white space."""

import re

# Stands for one space before a line of code. It is white space: whatever does not know it drops it.
INDENT = "\x1f"
_TAB = 4  # spaces
# The spaces before a line; highlighters put them in an element of their own.
_INDENTATION = re.compile(r"\r?\n(<span[^<>]{0,80}>)?([ \t]+)")


def with_indents(line: str) -> str:
    """Collapse the white space in a line of code, and write that before it as `INDENT`. A line
    without words becomes ""."""
    words = " ".join(line.split())
    before = line[: len(line) - len(line.lstrip())]
    return INDENT * len(before.expandtabs(_TAB)) + words if words else ""


def mark_indents(code: str) -> str:
    """Write the spaces before the lines in the markup of code as `INDENT`."""
    return _INDENTATION.sub(_marked, code)


def _marked(indentation: re.Match[str]) -> str:
    return f"\n{indentation[1] or ''}" + INDENT * len(indentation[2].expandtabs(_TAB))
