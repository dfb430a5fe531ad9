"""Read the lines that a source repeats around its articles: what workers learned, and what the
rules say."""

from datetime import datetime
from typing import NamedTuple

from worker import bootstrap
from worker.clean.line_rule_config import LearnedRules
from worker.clean.lines.source_boilerplate import SourceBoilerplate
from worker.config.loader import load_config
from worker.errors import Unavailable
from worker.explain.learned_lines import (
    SourceBoilerplateReport,
    lines_without_index,
    repeated_lines,
)
from worker.pipeline.boilerplate import Boilerplate
from worker.settings import Settings
from worker.store.ports import SourceReader
from worker.web.recent_value import RecentValue

_FRESH_S = 60.0  # to read all rule files takes 0.1 s of CPU or more


class _Opened(NamedTuple):
    rules: LearnedRules
    counts: Boilerplate


class SourceLines:
    """Reads which lines sources repeat around their articles, from the index, the store and the
    rule files. Threads may share it.

    After a minute it connects to the index anew, and reads the rule files again.
    """

    def __init__(self, settings: Settings, store: SourceReader) -> None:
        self._settings = settings
        self._store = store
        self._opened: RecentValue[_Opened] = RecentValue(_FRESH_S)

    def read(self, source: str, now: datetime) -> SourceBoilerplateReport:
        """Return the lines that one source repeats around its articles. If the index does not
        answer, the report has only those that were left out of articles, and the error."""
        left_out = self._store.removed_lines(source)
        try:
            rules, counts = self._opened.get(self._open)
            learned = counts.learned([source], now).get(source, SourceBoilerplate())
        except Unavailable as e:
            return lines_without_index(source, left_out, str(e))
        return repeated_lines(source, learned, left_out, rules)

    def _open(self) -> _Opened:
        config = load_config(self._settings.config_dir)
        counts = bootstrap.boilerplate(self._settings, config, start=False)
        return _Opened(config.cleaning.learned, counts)
