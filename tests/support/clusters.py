"""Copies of one story, and the clusters that a database has of them."""

from typing import Any

from tests.dedup.texts import STORY
from tests.store.stored import rows
from tests.support.pipelines import raw


def story(number: int, text: str = STORY, **fields: Any) -> dict[str, Any]:
    return raw(number, text, title="Port of Rotterdam closes gates", **fields)


def homes(url: str) -> dict[str, str]:
    """Key -> key of the canonical article."""
    its = rows(url, "articles")
    keys = {row["article_id"]: row["key"].removeprefix("id:") for row in its}
    return {keys[row["article_id"]]: keys.get(row["cluster_id"], "gone") for row in its}
