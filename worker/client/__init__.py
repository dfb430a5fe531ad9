"""The library that other programs import: enqueue raw articles, and read stored ones.

What belongs here: producers, which send articles, for threads and for asyncio; the reader of stored
articles; the conversion of feed entries to raw articles; and the checks of `worker lint`. It may
import everything except the background loops of worker processes and the commands.
"""
