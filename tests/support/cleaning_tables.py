"""Tables that several tests of cleaning read."""

import tomllib
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parents[1] / "clean"


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads((_FOLDER / name).read_text(encoding="utf-8"))


WRITTEN_DATES = _table("dates.toml")
AUTHORS = _table("authors.toml")
TITLES = _table("titles.toml")
IMAGES = _table("images.toml")
FOREIGN_DATES = _table("foreign_dates.toml")
PAGE_DATES = _table("page_dates.toml")
FAILED_FETCHES = _table("failed_fetches.toml")
PIECES_OF_MARKUP = (
    "<p>|</p>|<a href='javascript:e()'>|<a href=http://x>|</a>|<svg>|</svg>|<math>|<style>|</style>"
    "|<script>|</script>|<img src=x onerror=e()>|<table>|<td>|</table>|<!--|-->|<textarea>|</b>"
    "|<noscript>|<template>|<title>|&lt;script&gt;|\"|'|>|<|text|<mtext>|<mglyph>|<select>|<b>"
).split("|")
