"""`worker tag` and `worker tags`: what a newsroom sees of its rules before it uses them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from worker.cli import group

STORY = """Dock workers begin three-day strike

Nothing moves in the port: dockers began a strike on Monday, their union said.
"""
RULES = """
[[topics]]
code = "desk:port"
label = "the port"
[[topics.rules]]
id = "english"
any = ["{phrase}"]
matches = ["The port is closed"]
not = ["The portrait is sold"]
"""


@pytest.fixture
def story(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WORKER_VAR_DIR", str(tmp_path / "var"))
    (tmp_path / "story.txt").write_text(STORY)
    return tmp_path / "story.txt"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(group, [str(argument) for argument in arguments])


def draft(folder: Path, phrase: str = "port") -> Path:
    path = folder / "draft.toml"
    path.write_text(RULES.format(phrase=phrase))
    return path


def test_a_story_is_tagged_as_the_worker_would_with_spans_and_nothing_is_stored(
    story: Path, tmp_path: Path
) -> None:
    done = run("tag", story, "--json")
    assert done.exit_code == 0, done.output
    (tagged,) = json.loads(done.stdout)
    labels = {tag["label"]: tag for tag in tagged["tags"]}
    assert {"labour", "labour relations"} <= labels.keys()
    (first, *_) = labels["labour relations"]["spans"]
    assert STORY[first["start"] : first["end"]] == first["surface"]
    assert not (tmp_path / "var").exists()


def test_why_a_tag_is_missing_is_said_rule_by_rule(story: Path, tmp_path: Path) -> None:
    done = run("tag", story, "the port", "--explain", "--rules", draft(tmp_path, "port"), "--json")
    (tagged,) = json.loads(done.stdout)
    (rule,) = tagged["considered"]
    assert (rule["rule"], rule["file"], rule["fires"]) == (
        "desk:port/english",
        "rules/draft",
        False,
    )
    assert "the threshold is 0.5" in rule["why_not"]


def test_rules_that_nearly_fire_are_shown(story: Path, tmp_path: Path) -> None:
    done = run("tag", story, "--explain", "--rules", draft(tmp_path))
    assert "rules with matches that do not fire" in done.output
    assert "desk:port/english" in done.output


def test_without_rules_that_nearly_fire_there_is_no_heading_over_nothing(tmp_path: Path) -> None:
    empty = tmp_path / "story.txt"
    empty.write_text("Xyzzy plugh")
    done = run("tag", empty, "--explain")
    assert "no rules with matches that do not fire" in done.output
    assert "\nrules with matches" not in done.output


def test_a_draft_is_checked_with_its_examples(tmp_path: Path) -> None:
    good = run("tags", "check", draft(tmp_path), "--json")
    assert (good.exit_code, json.loads(good.stdout)["valid"]) == (0, True)
    bad = run("tags", "check", draft(tmp_path, "port*"), "--json")
    (problem,) = json.loads(bad.stdout)["problems"]
    assert bad.exit_code == 1
    assert problem.endswith(
        "draft.toml: desk:port/english: 'The portrait is sold' matches by “portrait”"
    )


def test_topics_are_listed_by_word() -> None:
    found = json.loads(run("tags", "list", "unemploy", "--json").stdout)
    assert [topic["code"] for topic in found] == ["medtop:20000533"]


BROKEN = """
[[topics]]
code = "desk:fire"
label = "fire"
[[topics.rules]]
id = "a"
any = ["x"]
[[topics.rules]]
id = "a"
any = ["blaze"]
[[topics.rules]]
id = "b"
any = ["title: "]
in = ["headline"]
"""
DEAD = """
[[topics]]
code = "desk:fire"
label = "fire"
[[topics.rules]]
id = "a"
any = ["tittle:blaze"]
languages = ["english"]
within = 3
[[topics.rules]]
id = "b"
any = ["smoke"]
none = ["smoke"]
"""


def check(folder: Path, *texts: str) -> list[str]:
    paths = [folder / f"draft{number}.toml" for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text)
    done = run("tags", "check", *paths)
    assert done.exit_code == 1
    return done.stderr.splitlines()


def test_all_problems_of_all_files_are_listed(tmp_path: Path) -> None:
    lines = check(tmp_path, BROKEN, BROKEN.replace("desk:fire", "desk:flood"))
    assert len(lines) == 8
    assert any("rule a: phrase 'x' is too short" in line for line in lines)
    assert any("draft1.toml" in line and "unknown scope 'headline'" in line for line in lines)


def test_rules_of_one_id_are_both_named(tmp_path: Path) -> None:
    (line,) = [line for line in check(tmp_path, BROKEN) if "2 rules" in line]
    assert "rule a: 2 rules" in line
    assert "the one with 'x', the one with 'blaze'" in line
    lines = check(tmp_path, DEAD, DEAD.replace("label", "# label"))
    both = [line for line in lines if "both files have a rule of this id" in line]
    assert both
    for line in both:
        files, _, why = line.partition(": ")
        assert files.endswith("draft1.toml")
        assert f"{tmp_path}/draft0.toml and " in files
        assert "set `replaces = true` in rules/draft1.toml, which is read later" in why
    assert any("(the one with 'smoke'; the one with 'smoke')" in line for line in both)


def test_a_file_with_and_in_its_name_is_named_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "war and peace.toml"
    path.write_text(RULES.format(phrase="port").replace("label", "# label", 1))
    done = run("tags", "check", path)
    assert done.exit_code == 1
    assert done.stderr.startswith(f"{path}: desk:port: a new topic needs a label")


def test_a_rule_that_replaces_an_earlier_one_is_no_clash(tmp_path: Path) -> None:
    lines = check(tmp_path, DEAD, DEAD.replace('id = "', 'replaces = true\nid = "'))
    assert lines
    assert not any("both files" in line for line in lines)


def test_dead_rules_are_refused_and_codes_are_printed_as_they_are(tmp_path: Path) -> None:
    lines = check(tmp_path, DEAD)
    assert len(lines) == 4
    assert all(": desk:fire/" in line for line in lines)


def test_all_failing_examples_are_listed(tmp_path: Path) -> None:
    examples = ", ".join(f'"Headline {number}"' for number in range(9))
    text = RULES.format(phrase="port").replace('"The port is closed"', examples)
    assert len(check(tmp_path, text)) == 9


def test_the_names_of_the_gazetteer_are_listed_with_its_day() -> None:
    done = run("tags", "names", "Labour Party", "--json")
    listed = json.loads(done.stdout)
    assert {entry["country"] for entry in listed["entries"]} >= {"GB", "NZ"}
    assert run("tags", "names", "wd:Q312").stdout.startswith(f"1 entry as of {listed['as_of']}")
    assert run("tags", "names", "no such name").exit_code == 1
    assert json.loads(run("tags", "check", "--json").stdout)["gazetteer_as_of"] == listed["as_of"]


@pytest.mark.parametrize(
    ("name", "languages"),
    [
        ("Torino", "it"),
        ("Turin", "all languages"),
        ("Essen", "en, fr, es, pt, it, nl, ru, other"),
        ("Labour Party", "all languages"),
        ("Apple", ""),
        ("torino", ""),
    ],
)
def test_a_name_is_listed_with_the_languages_in_which_it_counts_alone(
    name: str, languages: str
) -> None:
    (entry, *_) = json.loads(run("tags", "names", name, "--json").stdout)["entries"]
    assert entry["counts in"] == languages
