"""Find promtool, Prometheus' own checker of rule files, or take it from Debian's package."""

import shutil
import subprocess
from pathlib import Path

from devtools.servers import NoServer

_PACKAGE = "prometheus"
_DOWNLOAD_S = 300


def promtool(folder: Path) -> Path:
    """Return the path of promtool: the one that is installed, else one unpacked into `folder`.

    The package is only unpacked, not installed. Raises NoServer where neither is possible, as on
    a system without apt.
    """
    if installed := shutil.which("promtool"):
        return Path(installed)
    for program in ("apt-get", "dpkg"):
        if not shutil.which(program):
            raise NoServer(f"promtool is not installed, and there is no {program} to get it")
    try:
        _run(["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", _PACKAGE], folder)
        (package,) = folder.glob(f"{_PACKAGE}_*.deb")
        _run(["dpkg", "-x", str(package), str(folder)], folder)
    except (subprocess.SubprocessError, ValueError) as e:
        raise NoServer(f"promtool is not installed, and its package can't be had: {e}") from e
    return folder / "usr/bin/promtool"


def _run(command: list[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=_DOWNLOAD_S)
