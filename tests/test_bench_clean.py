import gzip
import json
from pathlib import Path

import pytest

from bench.clean import run, table
from bench.pages import data_sets, site_of
from bench.score import score

MARKUP = "<html><body><p>one two three four five</p></body></html>"
TEXT = "one two three four five"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("pairs", "segments/html", "wcxb/html", "wcxb/ground-truth"):
        (tmp_path / name).mkdir(parents=True)
    packed = gzip.compress(MARKUP.encode())
    for name in ("pairs/a", "segments/html/a", "wcxb/html/1"):
        (tmp_path / f"{name}.html.gz").write_bytes(packed)
    (tmp_path / "pairs/a.txt").write_text(TEXT)
    segments = {"https://a.example/x": {"file": "a.html", "with": ["two"], "without": ["six"]}}
    (tmp_path / "segments/gold.json").write_text(json.dumps(segments))
    truth = {"url": "https://b.example/x", "ground_truth": {"main_content": TEXT}}
    (tmp_path / "wcxb/ground-truth/1.json").write_text(json.dumps(truth))
    return tmp_path


def test_three_formats_of_pages_are_read(folder: Path) -> None:
    found = dict(data_sets(folder))
    assert sorted(found) == ["pairs", "segments", "wcxb"]
    for pages in found.values():
        assert [page.markup for page in pages] == [MARKUP]
        assert score(pages[0], TEXT)[:2] == (1, 1)
        assert score(pages[0], "nothing of it")[:2] == (0, 0)


def test_a_table_names_what_each_extractor_scored(folder: Path) -> None:
    pages = dict(data_sets(folder))["pairs"]
    lines = table(run(pages, {"whole": lambda _: TEXT, "half": lambda _: TEXT[:18]}))
    assert lines[2].startswith("| whole | 1.0000 | 1.0000 | 1.0000 |")
    assert lines[3].startswith("| half | 0.6667 | 1.0000 | 0.5000 |")
    assert lines[3].endswith("+0.3333 (+0.3333 to +0.3333) |")


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://www.news.example.com/x", "example.com"),
        ("https://www.paper.co.uk/x", "paper.co.uk"),
        ("https://blog.de/x", "blog.de"),
        ("0017", "0017"),
    ],
)
def test_pages_of_one_site_have_one_name(url: str, site: str) -> None:
    assert site_of(url) == site
