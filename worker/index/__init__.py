"""Likeness: which articles share shingles with this one, and who is canonical among copies.

The index holds hints; the store holds truth. A lost index loses no identity and no decision.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from worker.model.records import Fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """An article that takes its place in the index."""

    article_id: str
    fingerprint: Fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An article already in the index that shares enough shingles to be looked at."""

    article_id: str
    hits: int  # sketch hashes it owns of the claim's
    fingerprint: Fingerprint | None  # None once the index has let go of it: the store has it


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyVote:
    """The articles that a claim was verified to be a copy of, best first; empty: none."""

    article_id: str
    alike: tuple[str, ...] = ()


class Index(Protocol):
    """Write, barrier, read; then the write-once register. Raises Unavailable."""

    def claim(self, claims: Sequence[Claim]) -> list[list[Candidate]]:
        """Write every sketch first, then read: the rivals of each claim, most hits first.

        An article never meets itself. Claims of one call meet each other.
        """
        ...

    def settle(self, wishes: Sequence[CopyVote]) -> list[str]:
        """The canonical article of each wish: its own id, or that of the article it copies.

        Who is canonical once stays so. A copy follows its pointer, so a rival that was undecided
        may meanwhile point on to the canonical of both.
        """
        ...

    def rivals(self, claims: Sequence[Claim]) -> list[list[Candidate]]:
        """What `claim` would answer, without writing anything."""
        ...

    def correct(self, canonical: Mapping[str, str]) -> None:
        """Overwrite what the register holds: article -> canonical article, as the store has it."""
        ...

    def turn(self, name: str, ttl_s: float) -> bool:
        """Whether this caller is the one to do what one worker at a time should do."""
        ...

    def forget(self, article_ids: Sequence[str]) -> None:
        """These articles are gone: they are nobody's rivals any more.

        The register keeps what it has of them; `correct` says who is canonical instead.
        """
        ...

    def close(self) -> None: ...
