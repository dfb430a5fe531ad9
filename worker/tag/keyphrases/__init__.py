"""Keyphrases of an article, by word counts of the operator's own articles.

May import `rules` and the model.
"""
