"""What the main text of a page keeps and drops by the structure of the page."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.clean.ordinary import RULES
from worker.clean.page.main_text import main_text, parse

CASES = tomllib.loads(Path(__file__).with_name("page_structure.toml").read_text(encoding="utf-8"))[
    "case"
]
ARTICLE = {
    "a": "The harbour at Northmouth reopened on Tuesday after engineers finished repairing the "
    "eastern wall, which had been damaged by the winter storms of the previous season.",
    "b": "Fishing crews returned before dawn, and the first boats left for the outer banks shortly "
    "after six, according to the harbour master, who counted fourteen departures in an hour.",
    "c": "The city council said the repairs had cost four million crowns, a fifth more than "
    "planned, because the foundations were weaker than the surveys had suggested.",
    "d": "A second phase, which will deepen the inner basin and replace the old crane, is to begin "
    "next spring if the regional government approves the money in January.",
    "e": "Residents had waited for the day since November, when the sea tore a gap of thirty "
    "metres into the wall and sank two boats of the pilots.",
    "f": "The ferry company wants to run its ships every hour until the end of September, and has "
    "hired twenty people for the summer.",
}  # fmt: skip
ALL = "".join(f"<p>{paragraph}</p>" for paragraph in ARTICLE.values())


def filled(text: str) -> str:
    for name, paragraph in ARTICLE.items():
        text = text.replace(f"{{{name}}}", paragraph)
    return text.replace("{all}", ALL)


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
