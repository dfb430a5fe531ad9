"""Keyphrases: tag an article with the phrases that are frequent in it, but rare in other articles.

How rare a word is comes from counts of the operator's own articles. May import `worker.tag.rules`
and `worker.model`.
"""
