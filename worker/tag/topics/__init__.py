"""Topics of an article: tags by rules, tags by the topic model, and their union.

May import `rules` and the model.
"""
