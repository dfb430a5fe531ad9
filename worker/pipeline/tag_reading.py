"""Read the articles of a batch for their tags, all at once."""

import logging
from collections.abc import Sequence

from worker.pipeline.stage_results import DecidedArticle
from worker.tag import ReadArticle, Tagging, read_together

log = logging.getLogger("worker")


def read_for_tags(
    decided: Sequence[DecidedArticle], tagging: Tagging
) -> dict[str, ReadArticle | None]:
    """Return what read_together() finds in the articles, by receipt.

    If it fails, each is None: tag() then reads each article by itself, where a failure makes a dead
    letter of that article alone.
    """
    try:
        read = read_together([each.article for each in decided], tagging)
    except Exception:
        log.exception("tag.batch-failed articles=%d", len(decided))
        read = [None] * len(decided)
    return dict(zip([each.origin.receipt for each in decided], read, strict=True))
