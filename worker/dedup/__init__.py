"""Deduplication, pure: articles come in, verdicts with their evidence go out.

What users should know of it: an article is known by its key, whatever its text becomes. Another
article is a duplicate when its words and its figures are in this one, or the other way round; a
text with other figures is a variant. Duplicates are stored in full, only marked.
"""

from worker.dedup.dedup_rules import DedupRules
from worker.dedup.fingerprint import fingerprint
from worker.dedup.identity import after, identify, rejudge, rekeyed, resolve
from worker.dedup.similarity import Match, compare

__all__ = [
    "DedupRules",
    "Match",
    "after",
    "compare",
    "fingerprint",
    "identify",
    "rejudge",
    "rekeyed",
    "resolve",
]
