"""The library that other programs import: enqueue raw articles, and read stored ones.

What belongs here: producers for threads and for asyncio, the reader, the mapping of feed entries,
and the checks of `worker lint`. It may import everything except the background loops of worker
processes and the commands.
"""
