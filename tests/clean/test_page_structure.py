"""What the main text of a page keeps and drops by the structure of the page."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.clean.ordinary import RULES
from tests.support.article_text import filled
from worker.clean.page.main_text import main_text, parse

CASES = tomllib.loads(Path(__file__).with_name("page_structure.toml").read_text(encoding="utf-8"))[
    "case"
]


@pytest.mark.parametrize("case", CASES, ids=[case["why"] for case in CASES])
def test_the_text_keeps_and_drops_by_structure(case: dict[str, Any]) -> None:
    page = (
        "<!doctype html><html lang='en'><head><title>Harbour reopens after storm - Northmouth Post"
        f"</title></head><body>{filled(case['body'])}</body></html>"
    )
    text, _ = main_text(parse(page), RULES.html)
    at = 0
    for part in map(filled, case.get("keeps", [])):
        found = text.find(part, at)
        assert found >= 0, f"{part!r} is missing, or not in its place, in {text!r}"
        at = found + len(part)
    assert [part for part in case.get("drops", []) if filled(part) in text] == []
    assert [part for part in case.get("once", []) if text.count(filled(part)) != 1] == []
