"""Load all rule files of a worker into one validated value, `Config`."""

from collections import deque
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

from pydantic import BaseModel, InstanceOf

from worker.clean import CleaningRules, cleaner_of
from worker.config.monitoring_rules import MonitoringRules
from worker.config.rule_files import MOST_PROBLEMS, find, limited, names_in, read
from worker.config.worker_rules import WorkerRules
from worker.dedup import DedupRules
from worker.errors import BadConfig
from worker.model.admission import Frozen
from worker.tag import (
    EntityRules,
    Frequencies,
    KeyphraseRules,
    Tagging,
    Taxonomy,
    TopicRules,
    compile_rules,
)
from worker.tag.rule_examples import failed_examples
from worker.tag.rules.compiled_rules import CompiledRules
from worker.tag.rules.taxonomy import AND, RuleFile

TAG_RULES = "rules"  # the folder of files that add to taxonomy.toml
# The files that each config has, and what they contain; all others are rule files.
_KINDS: dict[str, type[BaseModel]] = {
    "worker": WorkerRules,
    "cleaning": CleaningRules,
    "dedup": DedupRules,
    "taxonomy": Taxonomy,
    "topics": TopicRules,
    "entities": EntityRules,
    "keyphrases": KeyphraseRules,
    "monitoring": MonitoringRules,
}
_NO_RULES_OF_ARTICLES = ("monitoring",)  # files whose changes leave the digest as it is


class Config(Frozen):
    """All rules of a worker as one immutable value, with the paths of the files they came from.

    `worker`, `cleaning` and `dedup` hold the rules of the files with these names, `tagging` those
    of all tagging files joined, and `tag_rules` those of each file in the folder `rules` by its
    name. `monitoring` says what needs the attention of a person. `digest` is a checksum of all
    `files` but that of `monitoring`, equal for equal rules.
    """

    worker: WorkerRules
    cleaning: CleaningRules
    dedup: DedupRules
    monitoring: MonitoringRules
    tagging: InstanceOf[Tagging]
    tag_rules: dict[str, RuleFile]  # by the name of the file, as read: tagging holds them joined
    files: dict[str, Path]
    digest: str  # of the files' bytes: equal digests mean equal rules

    @property
    def cleaner(self) -> str:
        """The version of the code and rules of cleaning, stored with each article they cleaned."""
        return cleaner_of(self.cleaning)

    def warm(self) -> None:
        """Build all matchers and tables of the rules now, not when they are first used.

        This is called before pool processes are forked, so that they share the memory.
        """
        self.cleaning.warm()
        self.tagging.warm()

    def of(self, name: str) -> BaseModel:
        """Return the rules of one config file by its name, such as "dedup" or "rules/weather".

        Raises KeyError when there is no such file.
        """
        parts: dict[str, BaseModel] = {
            **dict(self),
            **self.tag_rules,
            **self._tagging_files(),
        }
        return parts[name]

    def _tagging_files(self) -> dict[str, BaseModel]:
        """Return the rules of the four files that tagging uses, by file name without `.toml`."""
        tagging = self.tagging
        files = {
            "taxonomy": tagging.taxonomy,
            "topics": tagging.topics,
            "entities": tagging.entities,
            "keyphrases": tagging.keyphrases,
        }
        return {name: rules for name, rules in files.items() if rules is not None}


def load_config(
    config_dir: Path | None = None,
    instead: Mapping[str, Path] = {},
    most_problems: int = MOST_PROBLEMS,
) -> Config:
    """Read and validate all rule files, and test the examples in the tagging rules.

    Files that the folder `config_dir` does not have, or all if it is None, come from the package.
    `instead` maps file names without `.toml` to other files to read in their place, or
    additionally. Raises BadConfig that names the file, the key or rule, and what was expected, for
    up to `most_problems` problems of all files together.
    """
    files = {**files_of(config_dir), **instead}
    # In the order of the folder, also a file that is additional: the digest depends on it.
    added = sorted(name for name in files if name not in _KINDS)
    files = {name: files[name] for name in (*_KINDS, *added)}
    rules = _read_all(files, most_problems)
    tag_rules = {name: part for name, part in rules.items() if isinstance(part, RuleFile)}
    tag_rules = {name: part for name, part in tag_rules.items() if name != "taxonomy"}
    return Config(
        worker=rules["worker"],
        cleaning=rules["cleaning"],
        dedup=rules["dedup"],
        monitoring=rules["monitoring"],
        tagging=Tagging(
            rules=_tag_rules(files, rules["taxonomy"], tag_rules, most_problems),
            topics=rules["topics"],
            entities=rules["entities"],
            keyphrases=(phrases := rules["keyphrases"]),
            frequencies=_frequencies(files["keyphrases"].parent, phrases),
        ),
        tag_rules=tag_rules,
        files=files,
        digest=digest(p for name, p in files.items() if name not in _NO_RULES_OF_ARTICLES),
    )


def _read_all(files: Mapping[str, Path], most_problems: int) -> dict[str, Any]:
    """Read each rule file; raises BadConfig with the problems of all of them."""
    rules: dict[str, Any] = {}
    problems: list[str] = []
    for name, path in files.items():
        try:
            rules[name] = read(path, _KINDS.get(name, RuleFile), most_problems)
        except BadConfig as e:
            problems += str(e).split("\n")
    if problems:
        raise BadConfig("\n".join(problems))
    return rules


def _frequencies(folder: Path, rules: KeyphraseRules) -> Frequencies:
    """Read the file of word frequencies that keyphrases need; empty if they are not enabled."""
    if not rules.enabled:
        return Frequencies()
    path = folder / rules.frequencies
    try:
        return Frequencies.model_validate_json(path.read_bytes())
    except (OSError, ValueError) as e:
        why = "is not what that command writes" if isinstance(e, ValueError) else str(e)
        raise BadConfig(f"{path}: {why}; run `worker keyphrases --out {path}`") from e


def files_of(config_dir: Path | None) -> dict[str, Path]:
    """Return the path of each rule file, by file name without `.toml`.

    A file that `config_dir` does not have, or each if it is None, is taken from the package. Raises
    BadConfig when the folder `config_dir` does not exist.
    """
    names = (*_KINDS, *names_in(TAG_RULES, config_dir))
    return {name: find(f"{name}.toml", config_dir) for name in names}


def digest(files: Iterable[Path]) -> str:
    """Return a hash of the contents of config files, 16 hexadecimal digits, to tell versions apart.

    Raises BadConfig for a file that can't be read.
    """
    try:
        return blake2b(b"\0".join(f.read_bytes() for f in files)).hexdigest()[:16]
    except OSError as e:
        raise BadConfig(str(e)) from e


def _paths(files: Mapping[str, Path], names: str) -> str:
    """The path of a file, or the paths of two files that contradict each other."""
    each = (names,) if names in files else names.split(AND)
    return AND.join(str(files.get(name, name)) for name in each)


_Source = tuple[Taxonomy, tuple[tuple[str, RuleFile], ...]]
# The last tagging rules, with the files that they were compiled of: those in force, and a draft.
_last_compiled: deque[tuple[_Source, CompiledRules]] = deque(maxlen=2)


def _tag_rules(
    files: Mapping[str, Path],
    taxonomy: Taxonomy,
    tag_rules: Mapping[str, RuleFile],
    most_problems: int,
) -> CompiledRules:
    """Compile taxonomy.toml and the files of the folder `rules` that extend it, sorted by name.

    Raises BadConfig for files that contradict another, and when rules fail their own examples.
    """
    made_of = (taxonomy, tuple(tag_rules.items()))
    for parts, compiled in tuple(_last_compiled):
        if parts == made_of:  # usually the same objects: see rule_files.read
            return compiled
    try:
        extended = taxonomy.extended_by(tag_rules)
    except ValueError as e:
        named = (line.partition(": ") for line in str(e).split("\n"))
        lines = [f"{_paths(files, names)}: {why}" for names, _, why in named]
        raise BadConfig("\n".join(limited(lines, most_problems))) from e
    rules = compile_rules(extended)
    if wrong := list(failed_examples(rules)):
        lines = [f"{files[f.file]}: {f.rule}: {f.example!r} {f.why}" for f in wrong]
        raise BadConfig("\n".join(limited(lines, most_problems)))
    _last_compiled.append((made_of, rules))
    return rules
