"""Config is what the rules are: every file of `config/` comes in, one validated value goes out."""

from hashlib import blake2b
from pathlib import Path

from pydantic import BaseModel

from worker.clean import CleaningRules
from worker.contract import Frozen
from worker.dedup import DedupRules
from worker.rules import WorkerRules, find, read
from worker.tag import Tagging, Taxonomy


class Config(Frozen):
    """All rules of one worker, and where each file was read."""

    worker: WorkerRules
    cleaning: CleaningRules
    dedup: DedupRules
    tagging: Tagging
    files: dict[str, Path]
    digest: str  # of the files' bytes: equal digests mean equal rules

    def of(self, name: str) -> BaseModel:
        """What the file of this name says."""
        parts: dict[str, BaseModel] = {**dict(self), "taxonomy": self.tagging.taxonomy}
        return parts[name]


def load_config(config_dir: Path | None = None) -> Config:
    """Read and validate every file. Raises BadConfig naming file, key and what was expected."""
    names = ("worker", "cleaning", "dedup", "taxonomy")
    files = {name: find(f"{name}.toml", config_dir) for name in names}
    return Config(
        worker=read(files["worker"], WorkerRules),
        cleaning=read(files["cleaning"], CleaningRules),
        dedup=read(files["dedup"], DedupRules),
        tagging=Tagging(taxonomy=read(files["taxonomy"], Taxonomy)),
        files=files,
        digest=blake2b(b"\0".join(f.read_bytes() for f in files.values())).hexdigest()[:16],
    )
