import io
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from worker.cli.clean_command import clean

PAGE = """<!doctype html><html lang="en"><head><title>Harbour reopens | Example</title>
<link rel="canonical" href="https://a.example/harbour"></head><body><article>
<h1>Harbour reopens</h1>
<p>The harbour reopened on Monday after two weeks of repairs to its eastern wall, and fishermen
were the first to leave it.</p>
<p>Ferries will run every hour until the end of March, the operator announced on its site.</p>
</article></body></html>"""
STORY = "The harbour reopened on Monday.\n\nSign up for our daily newsletter"


@pytest.fixture(autouse=True)
def _no_services(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WORKER_BROKER_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("WORKER_STORE_URL", "postgresql+psycopg://nobody@127.0.0.1:1/none")
    monkeypatch.chdir(tmp_path)


def run(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(clean, arguments, input=io.BytesIO(stdin.encode()))


def told(*arguments: str, stdin: str = "") -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = json.loads(run(*arguments, "--json", stdin=stdin).stdout)
    return result


def lines(*raws: object) -> str:
    return "\n".join(json.dumps(raw) for raw in raws)


def test_every_dropped_line_is_explained_by_its_rule() -> None:
    result = run("-", "--explain", stdin=lines({"title": "Harbour", "content": STORY}))
    assert result.exit_code == 0
    assert "newsletter  Sign up for our daily newsletter" in result.stdout


def test_a_page_is_cleaned_with_the_address_it_is_given(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(PAGE)
    url = "https://a.example/harbour?utm_source=feed"
    [page] = told("page.html", "--url", url, "--explain")
    assert page["article"]["title"] == "Harbour reopens"
    assert page["article"]["url"] == "https://a.example/harbour"
    decided = {d["about"]: d["because"] for d in page["decisions"]}
    assert url in decided["url"]
    assert "read as page" in decided["text"]


def test_a_page_is_read_from_standard_input() -> None:
    [page] = told("-", stdin=PAGE)
    assert page["article"]["text"].startswith("The harbour reopened")
    assert "decisions" not in page


def test_what_would_be_a_dead_letter_says_so_and_its_neighbours_are_cleaned() -> None:
    both = lines({"title": "x" * 9000}, {"title": "Harbour", "content": STORY})
    first, second = told("-", stdin=both)
    assert (first["article"], first["reason"]) == (None, "too-large")
    assert second["article"]["title"] == "Harbour"
    assert run("-", stdin=both).exit_code == 1


def test_a_file_that_is_not_there_is_wrong_usage() -> None:
    assert run("nothing.html").exit_code == 2


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    run("-", stdin=lines({"title": "Harbour", "content": STORY}))
    assert list(tmp_path.iterdir()) == []
