"""Take up changed config files between batches, without a restart of the worker.

Before each batch a process looks at the dates and sizes of the config files, and loads them if they
have changed. A batch runs by one config from beginning to end. Invalid files are refused, and the
config before them stays in force. The log says so, as do `worker health` and `worker doctor`, which
read the report that this module writes (worker.runtime.config_report).
"""

import logging
import os
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from worker import bootstrap
from worker.config.loader import Config, load_config
from worker.config.rule_files import PACKAGED
from worker.errors import BadConfig
from worker.pipeline.ingestion import Pipeline
from worker.runtime.config_report import ConfigReport, read_report, write_report
from worker.settings import Settings

log = logging.getLogger("worker")

# An editor may still be writing: files are read after nothing has changed for this long.
SETTLED_S = 1.0

FilesState = frozenset[tuple[str, int, int, int]]  # path, time of change in ns, bytes, inode


class CurrentConfig:
    """Holds the pipeline by which this process handles articles, and keeps it up to date.

    The pipeline is built from the config files. When they have changed, it is built again.
    """

    def __init__(self, settings: Settings, report: Path) -> None:
        """Load the config files and build the pipeline.

        `report` is the file in which this process reports the config in force. Raises BadConfig for
        invalid files, because there are no older rules yet that could stay in force.
        """
        self._settings = settings
        self._report = report
        self._loaded = self._seen = files_state(settings.config_dir)
        self._seen_at = time.monotonic()
        self._pipeline = bootstrap.pipeline(settings)
        self._write_report()

    @property
    def in_force(self) -> Pipeline:
        """The pipeline as of the last check of the config files, without checking them again."""
        return self._pipeline

    def pipeline(self) -> Pipeline:
        """Return the pipeline for the next batch, built again if the config files have changed.

        Files that changed in the last second may still be written, so they are loaded by a later
        call. Invalid files are refused and logged; the config before them stays in force.
        """
        state = files_state(self._settings.config_dir)
        if state != self._loaded and self._is_settled(state):
            self._load(state)
        return self._pipeline

    def _is_settled(self, state: FilesState) -> bool:
        if state != self._seen:
            self._seen, self._seen_at = state, time.monotonic()
        newest_ns = max((changed for _, changed, _, _ in state), default=0)
        # The age of the files spares a new process the wait; ours is right under a wrong clock.
        is_old = time.time() - newest_ns / 1e9 > 2 * SETTLED_S
        return is_old or time.monotonic() - self._seen_at >= SETTLED_S

    def _load(self, state: FilesState) -> None:
        try:
            config = load_config(self._settings.config_dir)
        except BadConfig as e:
            self._loaded = state
            self._use(self._last_valid())
            log.error("config.refused in-force=%s error=%s", self._pipeline.config.digest, e)
            self._write_report(str(e))
            return
        if files_state(self._settings.config_dir) != state:
            return  # changed while it was read: the next check loads it
        self._loaded = state
        self._use(config)
        self._copy_files()
        self._write_report()

    def _use(self, config: Config) -> None:
        before = self._pipeline.config
        if config.digest == before.digest:
            return
        self._pipeline = bootstrap.with_config(self._pipeline, self._settings, config)
        log.warning("config.taken digest=%s before=%s", config.digest, before.digest)
        if config.worker != before.worker:
            log.warning("config.restart queues, limits and pool of worker.toml ask for a restart")

    def _last_valid(self) -> Config:
        """The newest config that any process of this worker found valid.

        Another process may have loaded it while this one was idle, or before this one was forked
        from the main process, which never checks the files.
        """
        current = self._pipeline.config
        report = read_report(self._report)
        if report is None or report.digest == current.digest:
            return current
        try:
            reported = load_config(self._copies / report.digest)
        except BadConfig:  # a newer copy replaced it just now
            return current
        return reported if reported.digest == report.digest else current

    def _copy_files(self) -> None:
        """Copy the config files in force beside the report, in a folder named after their digest.

        A process that finds the files invalid later loads the last valid ones from there.
        """
        config = self._pipeline.config
        copy = self._copies / config.digest
        try:
            for older in self._copies.glob("*"):
                if older != copy:
                    shutil.rmtree(older, ignore_errors=True)
            phrase_counts = config.files["keyphrases"].parent.glob("*.json")
            files = {f"{name}.toml": path for name, path in config.files.items()}
            for name, path in (files | {file.name: file for file in phrase_counts}).items():
                target = copy / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
        except OSError as e:
            log.warning("config.unkept error=%s", e)

    @property
    def _copies(self) -> Path:
        return self._report.with_suffix("")

    def _write_report(self, refused: str = "") -> None:
        config = self._pipeline.config
        report = ConfigReport(
            digest=config.digest,
            tagger=config.tagging.version,
            since=datetime.now(UTC),
            refused=refused,
        )
        try:
            write_report(self._report, report)
        except OSError as e:
            log.warning("config.untold error=%s", e)


def files_state(config_dir: Path | None) -> FilesState:
    """Describe the config files by a value that changes when one is written, added or removed.

    The value holds path, time of change, size and inode of each file in the package and in the
    user's folder `config_dir`, which is None if there is none.
    """
    return frozenset(_stat_files(config_dir))


def _stat_files(config_dir: Path | None) -> Iterator[tuple[str, int, int, int]]:
    for folder in filter(None, (PACKAGED, config_dir)):
        for path in (folder, folder / "rules"):
            try:
                with os.scandir(path) as entries:
                    for entry in entries:
                        if entry.name.endswith((".toml", ".json")):
                            stat = entry.stat()
                            yield entry.path, stat.st_mtime_ns, stat.st_size, stat.st_ino
            except OSError:
                yield str(path), 0, 0, 0  # it does not exist: loading says so, if it must
