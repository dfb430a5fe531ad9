"""Try raw articles before they are sent through the workers again: would they fail again?

The articles are dead letters, which could not be processed, or such an article after a person
mended it. They pass through the worker's own pipeline, with an empty store in a temporary folder.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from worker.client.lint import lint, rehearsal
from worker.errors import Reason
from worker.store.dead_letter_values import StoredDeadLetter

# A letter that killed its process, or took too long, could do the same to the command.
_TRIED = (
    *(Reason.MALFORMED, Reason.TOO_LARGE, Reason.UNKNOWN_SCHEMA),
    *(Reason.EMPTY, Reason.FAILED_FETCH, Reason.NO_IDENTITY),
)
MOST_TRIED = 100  # letters that are tried


def failing_letters(
    letters: Sequence[StoredDeadLetter], config_dir: Path | None, now: datetime
) -> dict[str, str]:
    """Return for each dead letter that would fail again why, by its id.

    At most 100 are tried, those that failed because of what is in them. Letters that can't be sent
    at all must be left out. `config_dir` has the rules, None for those of the package.
    """
    tried = [x for x in letters if not x.queue and x.reason in _TRIED][:MOST_TRIED]
    return failures({x.letter_id: json.loads(x.payload) for x in tried}, config_dir, now)


def failures(
    articles: Mapping[str, object], config_dir: Path | None, now: datetime
) -> dict[str, str]:
    """Return for each raw article that a worker could not process why, such as `empty: fewer than 3
    letters to read`.

    `articles` maps a name of each to its JSON value, and the result has the same names.
    """
    if not articles:
        return {}
    with rehearsal(config_dir) as trial:
        return {
            result.location: f"{finding.slug}: {finding.what}"
            for result in lint(articles.items(), trial, now)
            for finding in result.findings
            if finding.level == "error"
        }
