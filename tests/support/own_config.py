"""The packaged config with files of a test's own."""

from pathlib import Path

from worker.config.loader import Config, load_config
from worker.config.rule_files import PACKAGED


def configured(folder: Path, **files: str) -> Config:
    """The packaged config with files of its own: `rules_own` is rules/own.toml."""
    (folder / "rules").mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name.replace('_', '/')}.toml").write_text(text)
    return load_config(folder)


def cleaner(change: str = "") -> str:
    text = (PACKAGED / "cleaning.toml").read_text()
    version = next(line for line in text.splitlines() if line.startswith("version"))
    return text.replace(version, 'version = "9"', 1) + change
