"""Print what changed between two revisions of an article, word by word.

On a terminal the changes are coloured; in a pipe they are marked by signs.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.text import Text

from worker.cli.terminal import moment, out, visible
from worker.explain.word_diff import WORDS, DiffPiece, pieces

_KEPT = 12  # words shown before and after a change
_STYLES = {"-": "red strike", "+": "green", " ": ""}


def print_diff(older: Mapping[str, Any], newer: Mapping[str, Any]) -> None:
    """Print what has changed in title and text between two revisions of an article."""
    change = f", a {newer['change']} change" if newer.get("change") else ""
    out.print(
        f"revision {older['number']} of {moment(older['received'])} to revision "
        f"{newer['number']} of {moment(newer['received'])}{change}",
        style="bold",
    )
    for field in ("title", "text"):
        changes = [*pieces(older[field], newer[field])]
        if all(sign == " " for sign, _ in changes):
            out.print(f"{field}: unchanged", style="dim")
            continue
        out.print(f"{field}:", style="dim")
        out.print(_shown(changes, coloured=out.is_terminal))


def _shown(changes: Sequence[DiffPiece], *, coloured: bool) -> Text:
    text = Text()
    for index, (sign, words) in enumerate(changes):
        if sign == " ":
            text.append(_middle(words, first=not index, last=index == len(changes) - 1))
        elif coloured:
            text.append(visible(words), style=_STYLES[sign])
        else:
            text.append(f"[{sign}{visible(words)}{sign}]")
    return text


def _middle(words: str, *, first: bool, last: bool) -> str:
    """Unchanged words between two changes, shortened to some words next to each change.

    `first` and `last` tell that no change comes before or after them.
    """
    parts = WORDS.findall(visible(words))
    most = 2 * _KEPT
    if len(parts) <= 2 * most:
        return "".join(parts)
    begin = "" if first else "".join(parts[:most])
    end = "" if last else "".join(parts[-most:])
    return f"{begin} … {end}"
