"""Check that a running worker follows the same rules as a command that sends articles to it.

A worker with other rules would take such a message and leave its articles as they are.
"""

import time
from collections.abc import Set

import click

from worker.cli.broker_access import workers_at_work
from worker.config.loader import files_of
from worker.runtime.config_reload import SETTLED_S
from worker.settings import Settings

_POLL_S = 0.2
_NEW_WORKER_S = 2.0  # between the log line of a worker that is ready and its entry in the broker


def wait_for_reload(settings: Settings) -> None:
    """Wait until workers have reloaded rule files that changed a moment ago.

    Articles that are sent earlier would be processed by the old rules.
    """
    since_s = time.time() - _changed_at_s(settings)
    time.sleep(min(max(0.0, SETTLED_S * 2.1 - since_s), SETTLED_S * 2.1))


def require_agreement(settings: Settings, digest: str) -> None:
    """Check that a running worker uses the rules in the folder of `settings`, or may load them.

    `digest` is the checksum of these rules. Raises ClickException, which gives exit code 1: at once
    if all workers were started after the last change of the rules and use others, after two seconds
    if no worker is running. An older worker may load the change with its next message.
    """
    ends = time.monotonic() + _NEW_WORKER_S
    while not (found := workers_at_work(settings)) and time.monotonic() < ends:
        time.sleep(_POLL_S)
    changed_s = _changed_at_s(settings)
    digests = {worker.state.digest for worker in found}
    if found and (
        digests & {digest, ""}
        or any(worker.state.started.timestamp() <= changed_s for worker in found)
    ):
        return
    raise click.ClickException(_refusal(digest, digests, settings))


def _refusal(digest: str, found: Set[str], settings: Settings) -> str:
    if not found:
        return (
            "no worker is running, so nothing is sent: start one (celery -A worker worker), or "
            "leave the articles on the queue with --no-wait"
        )
    folder = (
        f"in {settings.config_dir}"
        if settings.config_dir
        else "of the package, because WORKER_CONFIG_DIR is not set here"
    )
    return (
        f"the running workers use other rules ({', '.join(sorted(found))}) than this command "
        f"({digest}, the files {folder}), so nothing is sent: start workers and commands with the "
        "same WORKER_CONFIG_DIR; `worker workers` lists the workers"
    )


def _changed_at_s(settings: Settings) -> float:
    """When the rule files last changed, in seconds since 1970.

    A file that was moved into the folder keeps the time of its contents, but the folder has a new
    one.
    """
    files = files_of(settings.config_dir).values()
    paths = {*files, *(file.parent for file in files)}
    return max(max(stat.st_mtime, stat.st_ctime) for stat in (path.stat() for path in paths))
