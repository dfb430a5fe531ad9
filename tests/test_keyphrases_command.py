"""`worker keyphrases`: what is stored is counted, and what was counted tells an article apart."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.make import NOW, article, record
from worker.cli import group
from worker.config.loader import load_config
from worker.store.sql_store import SqlStore
from worker.tag import tag

ENABLED = """
version = "1"
enabled = true
frequencies = "frequencies.json"
most = 8
max_words = 3
"""


@pytest.fixture(autouse=True)
def environment(sqlite_store_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WORKER_STORE_URL", sqlite_store_url)
    monkeypatch.setenv("WORKER_VAR_DIR", str(tmp_path / "var"))


@pytest.fixture
def stored(sqlite_store_url: str) -> None:
    texts = {n: ("en", f"The council of town {n} said it rains.") for n in range(60)}
    texts |= {n: ("de", f"Der Rat von Ort {n} sagt, es regnet.") for n in range(60, 70)}
    store = SqlStore(sqlite_store_url)
    of = [article(f"id:{n}", text=text, language=lang) for n, (lang, text) in texts.items()]
    store.write([record(each) for each in of], [], [], now=NOW)
    store.close()


def run(*arguments: object) -> Result:
    return CliRunner().invoke(group, ["keyphrases", *map(str, arguments)])


def test_counted_words_tell_what_an_article_says_that_others_do_not(
    stored: None, tmp_path: Path
) -> None:
    done = run("--out", tmp_path / "frequencies.json")
    assert done.exit_code == 0, done.output
    assert "words of 70 articles (en 60, de 10)" in done.stderr
    (tmp_path / "keyphrases.toml").write_text(ENABLED)
    tagging = load_config(tmp_path).tagging
    of = article(
        title="",
        text="A quantum computer hums, said the council. The quantum computer is of town 5.",
        language="en",
    )
    found = [t for t in tag(of, tagging, NOW) if t.scheme == "keyphrase"]
    assert found[0].label == "quantum computer"
    assert found[0].spans[0].surface == "quantum computer"
    assert "council" not in {t.label for t in found}


def test_one_language_alone_may_be_counted(stored: None, tmp_path: Path) -> None:
    out = tmp_path / "counts.json"
    assert run("--out", out, "--language", "de").exit_code == 0
    counted = json.loads(out.read_text())
    assert counted["documents"] == {"de": 10}
    assert counted["words"]["de"]["rat"] == 10


def test_nothing_stored_is_told_and_leaves_the_file_that_was_there(
    stored: None, tmp_path: Path
) -> None:
    out = tmp_path / "counts.json"
    out.write_text("earlier")
    done = run("--out", out, "--language", "fr")
    assert done.exit_code == 1
    assert "no fr article is stored: nothing was written" in done.stderr
    assert out.read_text() == "earlier"


def test_a_folder_that_is_not_there_is_told_and_leaves_nothing(
    stored: None, tmp_path: Path
) -> None:
    done = run("--out", tmp_path / "none" / "counts.json")
    assert done.exit_code == 2
    assert "No such file" in done.output
