"""Keyphrases of an article, by counts of the operator's own words.

May import `rules` and the model.
"""
