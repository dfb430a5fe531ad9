"""Rules that give articles the tags of topics: how they are written in files, how they are
compiled, and how they are matched with articles.

May import `worker.model` only.
"""
