"""The `worker` command as a test calls it: on stores and servers of its own."""

from collections.abc import Callable

from click.testing import CliRunner, Result

from worker.cli import group

Run = Callable[..., Result]


def on(store_url: str, broker_url: str) -> Run:
    """Run a command there; fails with what it printed when it ends with another exit code."""

    def run(*arguments: str, code: int = 0) -> Result:
        environment = {"WORKER_STORE_URL": store_url, "WORKER_BROKER_URL": broker_url}
        done = CliRunner().invoke(group, arguments, env=environment)
        assert done.exit_code == code, done.output
        return done

    return run
