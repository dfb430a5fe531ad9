"""Files that hold no raw articles: refused when asked for, skipped and counted in a folder."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import redis
from click.testing import CliRunner

from tests.commands import Run, on
from worker.cli import group
from worker.errors import BadConfig

RSS = '<rss version="2.0"><channel><item><title>a</title></item></channel></rss>'
JSON_FEED = '{"version": "https://jsonfeed.org/version/1.1", "title": "News", "items": []}'
NO_ARTICLES = [
    ("paper.pdf", b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", ("PDF document", "pdftotext paper.pdf")),
    ("paper.txt", b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", ("PDF document", "pdftotext paper.txt")),
    ("rows.csv", b"title,text\na,b\n", ("table", "worker schema")),
    ("rules.toml", b"[a]\nb = 1\n", ("configuration file", "worker schema")),
    ("feed.xml", RSS.encode(), ("RSS or Atom feed", "from_feedparser", "from_jsonfeed")),
    ("feed.json", JSON_FEED.encode(), ("JSON Feed", "from_jsonfeed", "from_feedparser")),
    ("words.docx", b"PK\x03\x04" + bytes(26) + b"word/document.xml", ("Office document", ".txt")),
]


@pytest.fixture
def run(
    sqlite_store_url: str,
    valkey_url: str,
    valkey: redis.Redis,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Run:
    """The command, in a folder of its own, on a broker and a store of its own."""
    monkeypatch.chdir(tmp_path)
    return on(sqlite_store_url, valkey_url)


@pytest.mark.parametrize(("name", "content", "said"), NO_ARTICLES)
def test_a_file_that_holds_no_raw_article_is_refused_with_what_to_do(
    name: str, content: bytes, said: tuple[str, ...], run: Run
) -> None:
    Path(name).write_bytes(content)
    Path("good.txt").write_text("A title\n\nA text of some words.\n")
    for command in ("enqueue", "lint", "clean", "tag"):
        done = run(command, name, code=2)
        assert done.stdout == ""
        assert done.stderr.startswith(f"worker: {name} is a")
        assert done.stderr.count("\n") == 1
        assert all(part in done.stderr for part in said)
    assert run("enqueue", "good.txt", name, code=2).stdout == "", "nothing was sent before"


def test_files_of_a_folder_that_hold_no_raw_articles_are_skipped_and_counted(run: Run) -> None:
    folder = Path("articles")
    folder.mkdir()
    for name, content, _ in NO_ARTICLES:
        (folder / name).write_bytes(content)
    (folder / "good.txt").write_text("A title\n\nA text of some words.\n")
    said = run("enqueue", "articles").stdout
    assert said.startswith("enqueued 1 raw article; skipped 7 files: 2 PDF documents, ")
    answer = json.loads(run("enqueue", "--json", "articles").stdout)
    assert len(answer["receipts"]) == 1
    assert {row["where"] for row in answer["skipped"]} == {name for name, *_ in NO_ARTICLES}
    assert {"where": "feed.json", "kind": "JSON Feed"} in answer["skipped"]


@pytest.mark.parametrize(("count", "printed"), [(1, 1), (5, 5), (6, 0)])
def test_the_receipts_of_a_few_articles_are_printed_and_how_to_get_those_of_many(
    count: int, printed: int, run: Run
) -> None:
    lines = (json.dumps({"title": f"Title {number}"}) for number in range(count))
    Path("a.jsonl").write_text("\n".join(lines))
    said = run("enqueue", "a.jsonl").stdout.splitlines()
    receipts = [line.split()[1] for line in said if line.startswith("  receipt ")]
    assert len(set(receipts)) == printed
    assert "worker explain RECEIPT" in said[-1]
    assert ("--json" in said[-1]) == (not printed)


@pytest.mark.parametrize(
    ("options", "bad", "said"),
    [
        ([], 1, "1 raw article that breaks the contract will be a dead letter"),
        ([], 2, "2 raw articles that break the contract will be dead letters"),
        (["--invalid", "collect"], 1, "1 raw article that breaks the contract was left out"),
        (["--invalid", "collect"], 2, "2 raw articles that break the contract were left out"),
    ],
)
def test_a_line_that_is_not_json_is_called_that_and_counted_in_good_grammar(
    run: Run, options: list[str], bad: int, said: str
) -> None:
    Path("feed.jsonl").write_text('{"title": "A title"}\n' + "not json\n" * bad)
    done = run("enqueue", "feed.jsonl", *options, code=1)
    assert said in done.stdout
    assert "feed.jsonl:2: malformed: not JSON: Expecting value, line 1 column 1" in done.stderr


def test_a_folder_of_nothing_else_is_no_success(run: Run) -> None:
    Path("articles").mkdir()
    Path("articles/paper.pdf").write_bytes(b"%PDF-1.4\n")
    said = run("enqueue", "articles", code=1).stdout
    assert "enqueued 0 raw articles" in said
    assert "skipped 1 file: 1 PDF document" in said


def test_the_advice_for_a_json_feed_works_as_it_stands(run: Run) -> None:
    item = {"id": "1", "title": "Harbour reopens", "content_text": "Ships came back on Monday."}
    Path("feed.json").write_text(json.dumps({**json.loads(JSON_FEED), "items": [item]}))
    said = run("enqueue", "feed.json", code=2).stderr
    command = shlex.split(said[said.index("python -c") :].partition(" | ")[0])
    mapped = subprocess.check_output([sys.executable, *command[1:]], text=True)
    assert json.loads(mapped)["title"] == "Harbour reopens"


TWICE = """
from worker.cli import group
for options in ([], ["--json"]):
    group(["config", *options], standalone_mode=False)
"""


@pytest.mark.processes
def test_the_config_is_printed_the_same_in_two_runs(tmp_path: Path) -> None:
    def printed(seed: str) -> str:
        return subprocess.check_output(
            [sys.executable, "-c", TWICE],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=tmp_path,
            text=True,
        )

    first = printed("1")
    assert "coalesce_messages" in first
    assert first == printed("2")


def test_a_search_in_a_store_that_was_never_migrated_says_so(
    tmp_path: Path, valkey_url: str
) -> None:
    for command in (("search", "harbour"), ("show", "6cc1")):
        done = CliRunner().invoke(group, command, env=run_environment(tmp_path, valkey_url))
        assert isinstance(done.exception, BadConfig), done.output
        assert "worker migrate" in str(done.exception)


def run_environment(folder: Path, broker_url: str) -> dict[str, str]:
    return {"WORKER_STORE_URL": f"sqlite:///{folder}/x.db", "WORKER_BROKER_URL": broker_url}
