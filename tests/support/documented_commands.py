"""Commands that stand in files beside the code: Compose, Dockerfile."""

import click
from celery.bin.base import CLIContext
from celery.bin.worker import worker as celery_worker

from worker.celery import make_app
from worker.cli import COMMANDS, group
from worker.config.worker_rules import load_worker_rules


def check(command: list[str]) -> None:
    """Parsed as the program itself would, so that a wrong option is an error here too."""
    program, *arguments = command
    if program == "celery":
        application, name, *arguments = arguments
        assert (application, name) == ("--app=worker", "worker")
        given = CLIContext(
            app=make_app("redis://broker", load_worker_rules()), no_color=True, workdir=""
        )
        celery_worker.parse_args(click.Context(celery_worker, obj=given), arguments)
        return
    name, *arguments = arguments
    assert (program, name in COMMANDS) == ("worker", True)
    context = click.Context(group)
    found = group.get_command(context, name)
    assert found is not None
    found.make_context(name, arguments, parent=context).close()
