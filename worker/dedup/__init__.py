"""Deduplication: decide whether an incoming article is one that is stored already, and which other
articles it copies.

An article is identified by its key (the publisher's id or the link), so it stays the same article
when its text is edited. Two articles are duplicates when the words and the numbers of one are
contained in the other; a text with nearly the same words but other numbers is a variant. Duplicates
are stored in full and marked.

What belongs here: pure functions on articles and fingerprints (the hashes of an article). May
import `worker.model` only.
"""

from worker.dedup.dedup_rules import DedupRules
from worker.dedup.fingerprint import ALGORITHM, fingerprint
from worker.dedup.identity import identify, identity_after, resolve, with_key
from worker.dedup.shrunken_pages import fetched_page, held_after, hold_if_shrunken
from worker.dedup.similarity import Match, compare
from worker.dedup.verdicts import recheck_under_lock, returned

__all__ = [
    "ALGORITHM",
    "DedupRules",
    "Match",
    "compare",
    "fetched_page",
    "fingerprint",
    "held_after",
    "hold_if_shrunken",
    "identify",
    "identity_after",
    "recheck_under_lock",
    "resolve",
    "returned",
    "with_key",
]
