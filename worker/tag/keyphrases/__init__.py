"""Keyphrases of an article: its most telling phrases, by word counts of the operator's articles.

May import `worker.tag.rules` and `worker.model`.
"""
