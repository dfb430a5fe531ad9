"""Topics of an article: by rules, by the topic model, and both joined.

May import `rules` and the model.
"""
