"""`worker schema`: print the format of raw articles as JSON Schema.

A poller, the program that fetches articles and enqueues them, can be written in any programming
language by this format.
"""

import click

from worker.cli.terminal import print_json
from worker.model.json_schema import json_schema


@click.command(epilog="Example: worker schema > raw-article.schema.json")
def schema() -> None:
    """Print the contract raw-article/1, the format of raw articles, as JSON Schema (2020-12)."""
    print_json(json_schema())
