"""Own rules of the worker: the packaged ones with some values changed."""

import json
import re
from pathlib import Path

from worker.config.rule_files import PACKAGED


def own_rules(folder: Path, **values: float) -> Path:
    """A config folder whose worker.toml has these values; keys are unique in that file."""
    text = (PACKAGED / "worker.toml").read_text()
    for key, value in values.items():
        text, found = re.subn(rf"(?m)^{key} = [^#\n]*", f"{key} = {json.dumps(value)}  ", text)
        assert found == 1, key
    config = folder / "own-rules"
    config.mkdir(exist_ok=True)
    (config / "worker.toml").write_text(text)
    return config
