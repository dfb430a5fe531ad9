"""The web server `worker web`: metrics, health, the number of workers wanted, and the console,
which is its pages for people.

What belongs here: what is answered over HTTP. It needs the extra `web` of the package. The state
that it shows is read and judged by worker.monitoring; a page shows nothing that a command can't.
"""
