"""Rules by which articles get the tag of a topic: their format in files, their compiled form, and
how they are matched with articles.

May import `worker.model` only.
"""
