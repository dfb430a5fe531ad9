"""Config: every mistake is named with its file and key, before the first message."""

import shutil
from pathlib import Path

import pytest

from worker.config.loader import load_config
from worker.config.rule_files import PACKAGED, unread_files
from worker.errors import BadConfig


@pytest.fixture
def own(tmp_path: Path) -> Path:
    shutil.copytree(PACKAGED, tmp_path, dirs_exist_ok=True)
    return tmp_path


def change(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_the_packaged_config_is_valid() -> None:
    assert load_config().worker.queue.name == "articles"


def test_an_unknown_key_is_named_with_its_file_and_the_nearest_known_one(own: Path) -> None:
    change(own, "worker.toml", "drain_s", "drains_s")
    with pytest.raises(BadConfig) as caught:
        load_config(own)
    assert f"{own}/worker.toml: time.drains_s: unknown key; did you mean drain_s?" in str(
        caught.value
    )
    assert "time.drain_s: missing" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("worker.toml", "articles = 100", "articles = 5000", r"batch.articles: .*100.*got 5000"),
        ("worker.toml", "article_s = 10 ", "article_s = 500", r"article_s < hard_limit_s"),
        ("worker.toml", 'name = "articles"', 'name = "No Good"', r"queue.name: .*got 'No Good'"),
        ("worker.toml", "[batch]", "[batch", r"worker.toml: .*line"),
        (
            "worker.toml",
            "\nreceipts_days = 90 ",
            "\nreceipts_days = 1e9 ",
            r"receipts_days: .*36500",
        ),
        ("worker.toml", "\nchanges_days = 30 ", "\nchanges_days = inf ", r"changes_days: .*36500"),
        (
            "worker.toml",
            "page_payload_bytes = 8_192",
            "page_payload_bytes = 1_000_000_000_000",
            "le",
        ),
        ("monitoring.toml", "recovery_s = 120", "recovery_s = inf", r"recovery_s: .*31622400"),
        ("monitoring.toml", "\nworker-waits = 120", "\nworker-waits = 1e300", r"waits: .*31622400"),
        ("monitoring.toml", "\nworker-waits = 120", "\nworker-waits = -1", r"waits: .*got -1"),
    ],
)
def test_a_bad_value_says_what_was_expected(
    own: Path, name: str, old: str, new: str, message: str
) -> None:
    change(own, name, old, new)
    with pytest.raises(BadConfig, match=message):
        load_config(own)


def test_a_file_that_lacks_keys_says_where_to_copy_them_from(tmp_path: Path) -> None:
    (tmp_path / "worker.toml").write_text("[queue]\ncoalesce_messages = 5\n")
    with pytest.raises(BadConfig) as caught:
        load_config(tmp_path)
    assert str(caught.value).endswith(f"start from a copy of {PACKAGED / 'worker.toml'}")


def test_a_file_whose_name_no_worker_reads_is_named_with_the_nearest_one(tmp_path: Path) -> None:
    for name in ("dedupe.toml", "zzz.toml", "worker.toml", "notes.txt"):
        shutil.copy(PACKAGED / "worker.toml", tmp_path / name)
    config = load_config(tmp_path)
    unread = {tmp_path / "dedupe.toml": "dedup", tmp_path / "zzz.toml": ""}
    assert unread_files(config.files, tmp_path) == unread
    assert unread_files(config.files, None) == {}


def test_an_own_folder_need_hold_only_what_differs(tmp_path: Path) -> None:
    shutil.copy(PACKAGED / "worker.toml", tmp_path)
    change(tmp_path, "worker.toml", "articles = 100", "articles = 7")
    config = load_config(tmp_path)
    assert config.worker.batch.articles == 7
    assert config.files["dedup"].parent == PACKAGED
    assert config.digest != load_config().digest


@pytest.mark.parametrize("name", ["aardvark", "zebra"])
def test_a_draft_has_the_versions_that_it_will_have_in_the_folder(
    tmp_path: Path, name: str
) -> None:
    rule = '[[topics]]\ncode = "own:zeppelins"\nlabel = "zeppelins"\n[[topics.rules]]\n'
    rule += 'id = "zeppelins"\nany = ["zeppelin"]\n'
    draft = tmp_path / f"{name}.toml"
    draft.write_text(rule)
    (tmp_path / "own" / "rules").mkdir(parents=True)
    shutil.copy(draft, tmp_path / "own" / "rules")
    tried = load_config(None, {f"rules/{name}": draft})
    used = load_config(tmp_path / "own")
    assert (tried.digest, tried.tagging.version) == (used.digest, used.tagging.version)


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="WORKER_CONFIG_DIR"):
        load_config(tmp_path / "nowhere")


def test_only_a_file_that_changed_is_validated_again(own: Path) -> None:
    first = load_config(own)
    same = load_config(own)
    assert same.cleaning is first.cleaning
    assert same.tagging.rules is first.tagging.rules

    change(own, "dedup.toml", 'version = "', 'version = "9')
    changed = load_config(own)
    assert changed.dedup != first.dedup
    assert changed.cleaning is first.cleaning

    file = own / "rules" / "weather.toml"
    before = file.read_text()
    file.write_text("unknown = 1\n" + before)
    for _ in range(2):  # what is refused is refused again
        with pytest.raises(BadConfig, match="unknown"):
            load_config(own)
    file.write_text(before + '\n[[topics]]\ncode = "own:new"\nlabel = "new"\n')
    assert "own:new" in load_config(own).tagging.rules.taxonomy.by_code
    assert "own:new" not in first.tagging.rules.taxonomy.by_code
