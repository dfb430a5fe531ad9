"""Keyphrases of an article: its most telling phrases, by word counts of the operator's articles.

May import `rules` and the model.
"""
