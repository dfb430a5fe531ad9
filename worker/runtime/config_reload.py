"""Changed config is taken up between batches: files change, the next batch meets new rules.

Each process looks for itself: a stat of a few files, no parsing. A batch has one config from
beginning to end. What is not valid is not taken up: the old rules stay in force, the log says so,
and so do `worker health` and `worker doctor`, which read the report that is written here.
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
from worker.runtime.config_report import Report, report_of, tell
from worker.settings import Settings

log = logging.getLogger("worker")

# An editor may still be writing: files are read once nothing has changed for so long.
SETTLED_S = 1.0

Stamp = frozenset[tuple[str, int, int, int]]


class Current:
    """The pipeline of this process, with the newest valid config."""

    def __init__(self, settings: Settings, report: Path) -> None:
        """Raises BadConfig: nothing is in force yet that could stay."""
        self._settings = settings
        self._report = report
        self._taken = self._seen = stamp(settings.config_dir)
        self._seen_at = time.monotonic()
        self._pipeline = bootstrap.pipeline(settings)
        self._tell()

    @property
    def in_force(self) -> Pipeline:
        """As of the last look."""
        return self._pipeline

    def pipeline(self) -> Pipeline:
        """The pipeline for the next batch, after a look at the files."""
        found = stamp(self._settings.config_dir)
        if found != self._taken and self._settled(found):
            self._take(found)
        return self._pipeline

    def _settled(self, found: Stamp) -> bool:
        if found != self._seen:
            self._seen, self._seen_at = found, time.monotonic()
        newest_ns = max((changed for _, changed, _, _ in found), default=0)
        # By the files' own age a fresh process need not wait; by ours a wrong clock does no harm.
        old = time.time() - newest_ns / 1e9 > 2 * SETTLED_S
        return old or time.monotonic() - self._seen_at >= SETTLED_S

    def _take(self, found: Stamp) -> None:
        try:
            config = load_config(self._settings.config_dir)
        except BadConfig as e:
            self._taken = found
            self._use(self._last_good())
            log.error("config.refused in-force=%s error=%s", self._pipeline.config.digest, e)
            self._tell(str(e))
            return
        if stamp(self._settings.config_dir) != found:
            return  # written while it was read: the next look takes all of it
        self._taken = found
        self._use(config)
        self._keep()
        self._tell()

    def _use(self, config: Config) -> None:
        before = self._pipeline.config
        if config.digest == before.digest:
            return
        self._pipeline = bootstrap.with_config(self._pipeline, self._settings, config)
        log.warning("config.taken digest=%s before=%s", config.digest, before.digest)
        if config.worker != before.worker:
            log.warning("config.restart queues, limits and pool of worker.toml ask for a restart")

    def _last_good(self) -> Config:
        """What the processes of this worker last agreed on: this one may have been idle since, or
        be forked only now from the main process, which never looks."""
        mine = self._pipeline.config
        report = report_of(self._report)
        if report is None or report.digest == mine.digest:
            return mine
        try:
            kept = load_config(self._copies / report.digest)
        except BadConfig:  # a newer one took its place just now
            return mine
        return kept if kept.digest == report.digest else mine

    def _keep(self) -> None:
        """A copy of the files in force, for processes of this worker that come too late."""
        config = self._pipeline.config
        copy = self._copies / config.digest
        try:
            for older in self._copies.glob("*"):
                if older != copy:
                    shutil.rmtree(older, ignore_errors=True)
            counted = config.files["keyphrases"].parent.glob("*.json")
            kept = {f"{name}.toml": path for name, path in config.files.items()}
            for name, path in (kept | {file.name: file for file in counted}).items():
                target = copy / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
        except OSError as e:
            log.warning("config.unkept error=%s", e)

    @property
    def _copies(self) -> Path:
        return self._report.with_suffix("")

    def _tell(self, refused: str = "") -> None:
        config = self._pipeline.config
        report = Report(
            digest=config.digest,
            tagger=config.tagging.version,
            since=datetime.now(UTC),
            refused=refused,
        )
        try:
            tell(self._report, report)
        except OSError as e:
            log.warning("config.untold error=%s", e)


def stamp(config_dir: Path | None) -> Stamp:
    """Equal stamps mean that no file was written, added or removed in between."""
    return frozenset(_files(config_dir))


def _files(config_dir: Path | None) -> Iterator[tuple[str, int, int, int]]:
    for folder in filter(None, (PACKAGED, config_dir)):
        for path in (folder, folder / "rules"):
            try:
                with os.scandir(path) as entries:
                    for entry in entries:
                        if entry.name.endswith((".toml", ".json")):
                            its = entry.stat()
                            yield entry.path, its.st_mtime_ns, its.st_size, its.st_ino
            except OSError:
                yield str(path), 0, 0, 0  # not there: loading says so, if it has to be
