"""Keep the indentation of program code (<pre>) in a page.

Later steps of cleaning replace several spaces by one. So each space at the beginning of a line of
code is replaced by the special character `INDENT`, which is turned into a space again at the end.
"""

import re

# Stands for one space before a line of code. It is white space: whatever does not know it drops it.
INDENT = "\x1f"
_TAB = 4  # spaces
# The spaces before a line; highlighters put them in an element of their own.
_INDENTATION = re.compile(r"\r?\n(<span[^<>]{0,80}>)?([ \t]+)")


def with_indents(line: str) -> str:
    """Replace each space at the beginning of a line of program code by the character `INDENT`, so
    that later steps keep the indentation. A tab counts as up to four spaces.

    Further on in the line, several spaces become one. A line that has only white space becomes "".
    """
    words = " ".join(line.split())
    before = line[: len(line) - len(line.lstrip())]
    return INDENT * len(before.expandtabs(_TAB)) + words if words else ""


def mark_indents(code: str) -> str:
    """Replace each space at the beginning of a line by the character `INDENT`, in the markup of
    program code, so that later steps keep the indentation. A tab counts as up to four spaces.

    The first line is left unchanged, and so is everything else in the markup.
    """
    return _INDENTATION.sub(_marked, code)


def _marked(indentation: re.Match[str]) -> str:
    return f"\n{indentation[1] or ''}" + INDENT * len(indentation[2].expandtabs(_TAB))
