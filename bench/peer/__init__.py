"""Compares this worker with the stack that a good team would build instead, and with a floor.

The peer is one Celery task an article made of well-known libraries. The floor only parses the
markup and writes rows. All take the same articles, broker binary, database and number of processes.
"""
