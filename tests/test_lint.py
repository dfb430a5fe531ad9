"""`worker lint`: what a poller's author is told, and that telling it touches nothing."""

import ast
import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from devtools.waiting import limit_s
from tests.support.linting import linted
from tests.support.pipelines import CONFIG
from worker.clean.cleaning_rules import DateRules
from worker.cli.lint_command import lint_articles
from worker.client import findings
from worker.client.findings import before_cleaning
from worker.client.lint_summary import problems_of
from worker.dedup.verdicts import LESS_TEXT
from worker.model.admission import LIMITS, Payload, admit

GOOD = {
    "id": "1",
    "link": "https://a.example/1",
    "title": "Harbour reopens after the storm",
    "content": [{"type": "text/plain", "value": "The harbour was closed. Ships return on Monday."}],
    "published": "2026-11-01T08:00:00Z",
    "language": "en",
    "source": {"id": "wire"},
}


def told(raw: object) -> list[str]:
    return [str(finding) for finding in linted(raw)[0].findings]


def test_a_good_article_gets_no_findings_and_is_shown_as_the_worker_would_store_it() -> None:
    [each] = linted(GOOD)
    assert each.findings == ()
    assert (each.outcome, each.title, each.source) == ("new", GOOD["title"], "wire")
    assert (each.language, each.words, each.flags, each.dropped) == ("en", 8, (), 0)


@pytest.mark.parametrize(
    ("change", "slug", "said"),
    [
        ({"id": None, "link": None}, "no-identity", "no id, and no link"),
        ({"id": None, "link": "https://a.example"}, "no-identity", "of its own"),
        ({"published": None}, "no-date", 'send "published"'),
        ({"published": "soonish"}, "bad-date", "can't be read"),
        ({"published": "2026-12-24T08:00:00Z"}, "future-date", "later than the fetch"),
        ({"published": "2026-11-01T08:00:00"}, "naive-date", "read as UTC"),
        ({"published": "Nov 1, 2026 8:00 PM"}, "naive-date", "read as UTC"),
        ({"updated": "Sun, 01 Nov 2026 08:00:00"}, "naive-date", "updated"),
        ({"language": None}, "no-language", "guessed"),
        ({"language": "English"}, "bad-language", "'English'"),
        ({"title": None, "titel": "x"}, "unknown-key", 'did you mean "title"?'),
        ({"body": "x", "content": None}, "unknown-key", 'did you mean "content"?'),
        ({"wire_priority": 1}, "unknown-key", '"extra"'),
        ({"feed": {"uri": "x"}}, "unknown-key", 'did you mean "url"?'),
        ({"content": "<html><body><p>Text of a page</p></body></html>"}, "no-type", "page"),
        (
            {"content": {"type": "text/plain", "value": "<p>Some text</p>"}},
            "wrong-type",
            "text/plain",
        ),
        ({"summary": "Harbour reopens after the storm."}, "title-is-summary", "leave it out"),
        ({"content": "<p>The harbour opens on [&hellip;]</p>"}, "truncated", "teaser"),
        ({"title": "CafÃ© an der MÃ¼hle"}, "mojibake", "charset"),
        ({"content": "<p>Das CafÃ© an der MÃ¼hle Ã¶ffnet</p>"}, "mojibake", "charset"),
        ({"link": "/harbour/1"}, "relative-link", "/harbour/1"),
        ({"link": "https://a.example/"}, "home-link", "no article"),
        ({"link": "https://a.example/index.html"}, "home-link", "no article"),
        ({"published": "03/04/2026"}, "ambiguous-date", "other order"),
        ({"title": "x" * 600}, "near-limit", "title bytes: 600 of 1,024"),
        ({"source": None, "link": None}, "no-source", '"local"'),
        ({"receipt": "x" * 300}, "bad-receipt", "200"),
        ({"content": None, "summary": "The harbour is open."}, "summary-only", "content"),
    ],
)
def test_a_warning_says_what_is_wrong_and_what_to_do(
    change: dict[str, Any], slug: str, said: str
) -> None:
    about = [line for line in told(GOOD | change) if line.startswith(f"warning: {slug}: ")]
    assert len(about) == 1
    assert said in about[0]
    assert "; " in about[0]


@pytest.mark.parametrize(
    "text",
    ["Sun, 01 Nov 2026 08:00:00 GMT", "2026-11-01T08:00:00+01:00", "1793520000", "2026-11-01"],
)
def test_dates_that_name_their_zone_or_no_time_are_not_called_naive(text: str) -> None:
    assert told(GOOD | {"published": text}) == []


@pytest.mark.parametrize(
    ("raw", "lines"),
    [
        ('{"title": "a",}', ["malformed: not a JSON object"]),
        ([1], ["malformed: expected an object, got a list"]),
        (
            GOOD | {"title": ["no"], "source": "bbc"},
            ['malformed: title: expected text, got ["no"]', "malformed: source: expected an obj"],
        ),
        (GOOD | {"title": "x" * 1025}, ["too-large: title bytes: 1,025"]),
        (GOOD | {"schema": "raw-article/9"}, ["unknown-schema: "]),
        (GOOD | {"title": "…", "content": "—"}, ["empty: "]),
        (GOOD | {"id": None, "link": None, "status": "withdrawn"}, ["no-identity: "]),
        (GOOD | {"content": "x" * LIMITS.article_bytes}, ["too-large: article bytes"]),
    ],
)
def test_every_error_of_an_article_the_worker_would_bury_is_named(
    raw: object, lines: list[str]
) -> None:
    [each] = linted(raw)
    errors = [str(finding) for finding in each.findings if finding.level == "error"]
    assert each.outcome == "dead"
    assert [
        told.startswith(f"error: {line}") for told, line in zip(errors, lines, strict=True)
    ] == [True] * len(lines)


def test_later_articles_are_judged_by_earlier_ones_across_batches() -> None:
    others = [
        GOOD | {"id": f"{n}", "title": f"Story {n}", "content": f"{n} " * 9} for n in range(99)
    ]
    edited = GOOD | {"id": "a", "title": "Harbour reopens, ferries follow"}
    outcomes = linted(GOOD | {"id": "a"}, *others, edited, GOOD | {"id": "a"})
    assert [each.outcome for each in (outcomes[0], *outcomes[-2:])] == [
        "new",
        "revision",
        "unchanged",
    ]
    assert outcomes[-2].title == edited["title"]


def test_a_receipt_that_comes_again_is_skipped_as_the_worker_would() -> None:
    first, again = linted(GOOD | {"receipt": "r"}, GOOD | {"id": "2", "receipt": "r"})
    assert (first.outcome, again.outcome) == ("new", "skipped")
    assert "the receipt of feed.jsonl:1 again" in str(again.findings[-1])


OTHER = {"title": "Parliament votes on the budget", "content": "Parliament voted on Monday."}


@pytest.mark.parametrize(
    ("first", "second", "slug"),
    [
        ({}, {"id": "2", **OTHER}, "shared-link"),
        ({}, {"id": "2", "link": "http://www.a.example/1/?utm_source=x", **OTHER}, "shared-link"),
        ({"id": None}, {"id": None, **OTHER}, "shared-link"),
        ({}, {"id": None, **OTHER}, "shared-link"),
        ({}, {"link": "https://a.example/2", **OTHER}, "shared-id"),
        ({"link": None}, {"link": None, **OTHER}, "shared-id"),
        (
            {"title": "港口在风暴后重新开放", "link": None},
            {"title": "议会将于周一对预算进行表决", "link": None},
            "shared-id",
        ),
    ],
)
def test_an_id_or_a_link_of_several_articles_is_named_with_the_first_of_them(
    first: dict[str, Any], second: dict[str, Any], slug: str
) -> None:
    clean, shared = linted(GOOD | first, GOOD | second)
    assert not {"shared-id", "shared-link"} & {finding.slug for finding in clean.findings}
    [found] = [f for f in shared.findings if f.slug in ("shared-id", "shared-link")]
    assert found.slug == slug
    assert "feed.jsonl:1" in found.what


@pytest.mark.parametrize(
    "second",
    [
        {},
        {"title": "Harbour reopens after the storm, ferries follow"},
        {"id": "2"},  # ids of some feeds change with each edit
        {"link": "https://a.example/harbour-moved"},
        {"id": "2", "link": "https://a.example/2", **OTHER},
        {"id": "2", "source": {"id": "other"}, **OTHER},
        {"id": "2", "link": "https://a.example/1#item-2", **OTHER},
        {"title": None},
    ],
)
def test_an_article_that_comes_again_or_is_another_in_every_way_shares_nothing(
    second: dict[str, Any],
) -> None:
    results = linted(GOOD, GOOD | second)
    found = {finding.slug for result in results for finding in result.findings}
    assert not {"shared-id", "shared-link"} & found


def test_a_source_with_a_zone_of_its_own_may_leave_it_out_of_its_dates() -> None:
    rules = CONFIG.cleaning.dates
    dates = DateRules(**rules.model_dump() | {"zones": {"wire": "Europe/Paris"}})
    raw = GOOD | {"published": "2026-11-01T08:00:00"}
    article = admit(raw, Payload.of(raw).bytes)
    assert [f.slug for f in before_cleaning(raw, article, 100, dates)] == []
    assert [f.slug for f in before_cleaning(raw, article, 100, rules)] == ["naive-date"]


def test_problems_are_counted_by_article_errors_first_with_their_first_lines() -> None:
    naive = {"published": "2026-11-01T08:00:00", "updated": "2026-11-01T09:00:00"}
    raws = [GOOD | naive | {"id": f"{n}", "link": f"https://a.example/{n}"} for n in range(5)]
    problems = problems_of(linted(*raws, "{broken", GOOD | {"id": "9", "language": None}))
    assert [(p.slug, p.level, p.count, p.first) for p in problems] == [
        ("malformed", "error", 1, ("feed.jsonl:6",)),
        ("naive-date", "warning", 5, ("feed.jsonl:1", "feed.jsonl:2", "feed.jsonl:3")),
        ("no-language", "warning", 1, ("feed.jsonl:7",)),
    ]


def test_every_slug_of_a_finding_is_in_the_table_of_the_docs() -> None:
    package = Path(findings.__file__).parent
    written = {reason.value for reason in findings.FIXES} | set(findings.FLAGS) | {LESS_TEXT}
    for module in package.glob("*.py"):
        for call in ast.walk(ast.parse(module.read_text())):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "warning":
                written |= {a.value for a in call.args[:1] if isinstance(a, ast.Constant)}
    page = (Path(__file__).parents[1] / "docs/message.md").read_text()
    _, _, table = page.partition("\n## Check raw articles\n")
    listed = re.findall(r"^\| `([a-z-]+)` \|", table.partition("\n## ")[0], re.M)
    assert sorted(listed) == sorted(written)


def run(folder: Path, *arguments: str, given: str = "") -> "subprocess.CompletedProcess[str]":
    environment = {k: v for k, v in os.environ.items() if not k.startswith("WORKER_")}
    return subprocess.run(
        [sys.executable, "-m", "worker", "lint", *arguments],
        env=environment | {"COLUMNS": "160", "TMPDIR": str(folder / "tmp")},
        cwd=folder,
        input=given,
        capture_output=True,
        text=True,
        timeout=limit_s(),
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tmp").mkdir()
    (tmp_path / "feed").mkdir()
    (tmp_path / "feed/a.jsonl").write_text(f"{json.dumps(GOOD)}\n{{broken\n")
    return tmp_path


@pytest.mark.processes
def test_the_command_names_file_and_line_prints_a_table_and_leaves_nothing_behind(
    folder: Path,
) -> None:
    done = run(folder, "feed")
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("a.jsonl:2: error: malformed: not a JSON object")
    assert "Harbour reopens after the storm" in done.stdout
    assert re.search(r"malformed +error +1 +a.jsonl:2 ", done.stdout)
    assert "2 raw articles: new 1, dead 1; 1 error, 0 warnings" in done.stdout
    assert done.stderr == ""
    left = sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))
    assert left == ["feed", "feed/a.jsonl", "tmp"]


@pytest.mark.processes
def test_the_command_reads_a_pipe_answers_in_json_and_is_content_with_warnings(
    folder: Path,
) -> None:
    recent = GOOD | {"published": datetime.now(UTC).isoformat(), "titel": "x"}
    done = run(folder, "-", "--json", given=json.dumps(recent))
    assert done.returncode == 0, done.stderr
    [article] = json.loads(done.stdout)
    assert (article["where"], article["outcome"], article["words"]) == ("-:1", "new", 8)
    assert [finding["slug"] for finding in article["findings"]] == ["unknown-key"]


def test_a_summary_in_json_counts_each_kind_of_problem(folder: Path) -> None:
    done = CliRunner().invoke(lint_articles, [str(folder / "feed"), "--summary", "--json"])
    assert done.exit_code == 1, done.stderr
    [problem] = json.loads(done.stdout)
    assert (problem["slug"], problem["count"], problem["first"]) == ("malformed", 1, ["a.jsonl:2"])


WITHDRAWAL = {"id": "9", "status": "withdrawn"}


@pytest.mark.parametrize(
    ("change", "slugs"),
    [
        ({}, []),
        ({"source": {"id": "wire"}, "title": "Gone", "summary": "Gone"}, []),
        ({"id": None}, ["no-identity"]),
        ({"id": None, "link": "https://a.example/"}, ["home-link", "no-identity"]),
        ({"link": "/harbour/1"}, ["relative-link"]),
        ({"staus": "x"}, ["unknown-key"]),
        ({"status": "published", "title": "Gone"}, ["no-source", "no-language", "no-text"]),
    ],
)
def test_of_a_withdrawal_only_what_is_read_is_checked(
    change: dict[str, Any], slugs: list[str]
) -> None:
    [each] = linted(WITHDRAWAL | change)
    found = [finding.slug for finding in each.findings if finding.slug != "no-date"]
    assert found == slugs


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"published": "soonish"}, "published 'soonish' can't be read"),
        ({"updated": "whenever"}, "updated 'whenever' can't be read"),
        ({"updated": "2027-12-24T08:00:00Z"}, "updated '2027-12-24T08:00:00Z' is later"),
        ({"published": "03/04/2026"}, "day and month of published '03/04/2026' may"),
        (
            {"published": "soonish", "updated": "whenever"},
            "published 'soonish' can't be read",
        ),
        ({"published": "x" * 90}, f"published '{'x' * 40}' can't be read"),
    ],
)
def test_a_warning_about_a_date_quotes_it_with_its_field(change: dict[str, Any], said: str) -> None:
    assert any(said in line for line in told(GOOD | change))
