"""The library that other programs import: enqueue raw articles, read what is stored.

What belongs here: producers for threads and for asyncio, the reader, the mapping of feed entries,
and the checks of `worker lint`. May import everything but the worker's own loops and commands.
"""
