"""Keep the rule files of this machine in memory, and read them again when they have changed."""

import gc
from functools import lru_cache
from pathlib import Path
from threading import Lock

from worker.config.loader import Config, digest, files_of, load_config


class CachedConfig:
    """The rules of the files in the folder `config_dir`; where a file is missing there, that of the
    package is used.

    The files are read again only when one of them has changed, because reading all takes 0.2 s.
    """

    def __init__(self, config_dir: Path | None) -> None:
        self._config_dir = config_dir
        self._lock = Lock()

    def get(self) -> Config:
        """Return the rules as they are now. Raises BadConfig if a file is invalid."""
        files = files_of(self._config_dir)
        version = " ".join((digest(files.values()), *map(str, files.values())))
        with self._lock:
            return _loaded(self._config_dir, version)


@lru_cache(maxsize=2)
def _loaded(config_dir: Path | None, _version: str) -> Config:
    config = load_config(config_dir)
    # Rules and lists of names are a hundred thousand objects that stay: each full collection would
    # walk through them for 0.15 s, in the middle of a request.
    gc.collect()
    gc.freeze()
    return config
